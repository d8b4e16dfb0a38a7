// Kernels on strings: the runtime has them (runtime/text), and what is made here tells one of them its parameters.
//
//   func.func @k0_v3(%launch) -> i32      calls quern_text_lookup with the same tasks and scratch, the buffers in the
//                                         order of the op, and the parameters of runtime/text/text.h for dims
#include "passes/loops/EmitText.h"
#include "dialects/text/Text.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "runtime/text/text.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quern::graph;
using namespace quern::text;

namespace quern {
namespace {

/// A call of one of the runtime's kernels: its parameters by their numbers there.
struct Call {
  StringRef symbol;
  SmallVector<Dim> parameters;
  Dim tasks, scratch = 0;
};

Call callOf(LookupOp op) {
  constexpr int64_t step = 4096;
  Type element = elementOf(op.getKeys());
  Dim elements = product(dimsOf(op.getKeys()));
  Call call{"quern_text_lookup", SmallVector<Dim>(QUERN_LOOKUP_PARAMETERS), elements.ceildiv(step)};
  call.parameters[QUERN_LOOKUP_STEP] = step;
  call.parameters[QUERN_LOOKUP_ELEMENTS] = elements;
  call.parameters[QUERN_LOOKUP_KIND] = isa<StringType>(element) ? QUERN_KEY_STRING
                                       : element.isF64()        ? QUERN_KEY_F64
                                                                : QUERN_KEY_I64;
  call.parameters[QUERN_LOOKUP_REQUIRED] = op.getRequired();
  return call;
}

Call callOf(PickStringsOp op) {
  constexpr int64_t step = 4096;
  Dim elements = product(dimsOf(op.getNumbers()));
  Call call{"quern_text_pick", SmallVector<Dim>(QUERN_PICK_PARAMETERS), elements.ceildiv(step)};
  call.parameters[QUERN_PICK_STEP] = step;
  call.parameters[QUERN_PICK_ELEMENTS] = elements;
  call.parameters[QUERN_PICK_HAS_OTHERS] = bool(op.getOthers());
  return call;
}

template <typename OpTy> Call callOfTerms(StringRef symbol, OpTy op) {
  constexpr int64_t step = 32;
  Dim rows = dimOf(op.getTexts(), 0);
  int64_t terms = op.getTerms(), longest = op.getLongest(), mostN = op.getMostN();
  Call call{symbol, SmallVector<Dim>(QUERN_TERMS_PARAMETERS), rows.ceildiv(step),
            QUERN_TERMS_SCRATCH(terms, mostN, std::max<int64_t>(longest, 4))};
  SmallVectorImpl<Dim> &p = call.parameters;
  p[QUERN_TERMS_STEP] = step;
  p[QUERN_TERMS_ROWS] = rows;
  p[QUERN_TERMS_ANALYZER] = llvm::StringSwitch<int64_t>(op.getAnalyzer())
                                .Case("char", QUERN_ANALYZER_CHAR)
                                .Case("char_wb", QUERN_ANALYZER_CHAR_WB)
                                .Default(QUERN_ANALYZER_WORD);
  p[QUERN_TERMS_LEAST_N] = op.getLeastN();
  p[QUERN_TERMS_MOST_N] = mostN;
  p[QUERN_TERMS_LEAST_LETTERS] = op.getLeastLetters();
  p[QUERN_TERMS_LONGEST] = longest;
  p[QUERN_TERMS_LOWERCASE] = op.getLowercase();
  p[QUERN_TERMS_BINARY] = op.getBinary();
  p[QUERN_TERMS_SUBLINEAR] = op.getSublinear();
  p[QUERN_TERMS_NORM] = llvm::StringSwitch<int64_t>(op.getNorm())
                            .Case("l1", QUERN_NORM_L1)
                            .Case("l2", QUERN_NORM_L2)
                            .Default(QUERN_NORM_NONE);
  p[QUERN_TERMS_COUNT] = terms;
  p[QUERN_TERMS_HAS_FACTORS] = bool(op.getFactors());
  p[QUERN_TERMS_OUTPUTS] = dimOf(op.getResult(), 1);
  return call;
}

std::optional<Call> callOf(Operation &op) {
  return llvm::TypeSwitch<Operation *, std::optional<Call>>(&op)
      .Case<LookupOp, PickStringsOp>([](auto op) { return callOf(op); })
      .Case([](TermsOp op) { return callOfTerms("quern_text_terms", op); })
      .Case([](TermProductOp op) { return callOfTerms("quern_text_product", op); })
      .Default([](Operation *) { return std::nullopt; });
}

/// The words of a quern_launch.
enum LaunchField : int32_t { kBuffers, kDims, kFirstTask, kLastTask, kScratch };

class Caller {
public:
  Caller(ModuleOp module, kernel::FuncOp source, StringRef symbol)
      : b(source.getLoc(), module.getContext()), pointer(LLVM::LLVMPointerType::get(module.getContext())),
        word(b.getI64Type()), type(b.getFunctionType({pointer}, {b.getI32Type()})), body(source.getBody().front()) {
    b.setInsertionPointToEnd(module.getBody());
    function = b.create<func::FuncOp>(symbol, type);
    b.setInsertionPointToStart(function.addEntryBlock());
    launch = function.getArgument(0);
    dims = load(pointer, launch, kDims);
  }

  void emit(const Call &call, Operation &op) {
    Value buffers = load(pointer, launch, kBuffers);
    SmallVector<Value> addresses, numbers;
    for (Value operand : op.getOperands())
      addresses.push_back(load(pointer, buffers, cast<BlockArgument>(operand).getArgNumber()));
    addresses.push_back(load(pointer, buffers, body.getNumArguments())); // of the result
    for (const Dim &parameter : call.parameters)
      numbers.push_back(valueOf(parameter));
    Value inner = array({array(addresses), array(numbers), load(word, launch, kFirstTask), load(word, launch, kLastTask),
                         load(pointer, launch, kScratch)});
    Value code = b.create<func::CallOp>(call.symbol, b.getI32Type(), ValueRange(inner)).getResult(0);
    b.create<func::ReturnOp>(code);
    b.setInsertionPoint(function);
    b.create<func::FuncOp>(call.symbol, type).setPrivate();
  }

private:
  Value at(Value base, int32_t position) {
    return b.create<LLVM::GEPOp>(pointer, word, base, ArrayRef<LLVM::GEPArg>{position});
  }
  Value load(Type element, Value base, int32_t position) {
    return b.create<LLVM::LoadOp>(element, at(base, position));
  }
  Value constant(int64_t value) { return b.create<arith::ConstantIntOp>(value, 64); }

  /// Words on the stack.
  Value array(ArrayRef<Value> elements) {
    Value memory = b.create<LLVM::AllocaOp>(pointer, word, constant(elements.size()));
    for (auto [position, element] : llvm::enumerate(elements))
      b.create<LLVM::StoreOp>(element, at(memory, position));
    return memory;
  }

  /// A sum of products: the dims of a kernel's types are numbers or its parameters d0, d1, ...
  Value valueOf(const Dim &dim) {
    Value sum = constant(0);
    for (auto &[atoms, coefficient] : dim.getTerms()) {
      Value term = constant(coefficient);
      for (const std::string &atom : atoms) {
        int32_t position = 0;
        [[maybe_unused]] bool failed = StringRef(atom).drop_front().getAsInteger(10, position);
        assert(!failed && "parameters are numbered");
        term = b.create<arith::MulIOp>(term, load(word, dims, position));
      }
      sum = b.create<arith::AddIOp>(sum, term);
    }
    return sum;
  }

  ImplicitLocOpBuilder b;
  Type pointer, word;
  FunctionType type;
  Block &body;
  func::FuncOp function;
  Value launch, dims;
};

} // namespace

LogicalResult emitText(ModuleOp module, kernel::FuncOp source, StringRef symbol) {
  Operation &op = source.getBody().front().front();
  std::optional<Call> call = callOf(op);
  if (!call || !llvm::all_of(op.getOperands(), llvm::IsaPred<BlockArgument>))
    return source.emitError() << "is not one op on strings whose operands are in memory";
  Caller(module, source, symbol).emit(*call, op);
  source.setTasks(call->tasks.str());
  source.setScratch(call->scratch.str());
  return success();
}

} // namespace quern
