// A module with one function per math function, over 4096 elements in vectors of one width:
//   emit-math-module f32 16                   prints it: func.func @f32_16_exp(%x: memref<4096xf32>, %result: ...)
//   emit-math-module f32 16 x86-64-v4 math.o  emits an object for that level
//   emit-math-module f32 16 x86-64-v4 math.o mlir  the same, named mlir_f32_16_exp, of the functions MLIR approximates
#include "codegen/Emit.h"
#include "codegen/LowerToLLVM.h"
#include "codegen/common/VectorMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace quern;

static constexpr MathFunction allFunctions[] = {
#define QUERN_MATH(Name, spelling, operands, emitter, ulpsF32, ulpsF64) MathFunction::Name,
#include "codegen/common/VectorMath.inc"
};

/// The functions that MLIR 19 approximates.
static bool mlirApproximates(MathFunction function) {
  static constexpr StringRef names[] = {"exp",  "expm1", "log", "log2", "log1p", "erf",
                                        "tanh", "sin",   "cos", "asin", "acos",  "atan"};
  return llvm::is_contained(names, mathFunctionName(function));
}

static Value mathOperation(OpBuilder &b, Location loc, MathFunction function, ValueRange operands) {
  OperationState state(loc, ("math." + mathFunctionName(function)).str(), operands, operands.front().getType());
  return b.create(state)->getResult(0);
}

static void emitFunction(ModuleOp module, StringRef prefix, MathFunction function, Type element, int64_t width,
                         bool byMlir) {
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  Location loc = b.getUnknownLoc();
  constexpr int64_t length = 4096;
  SmallVector<Type> arguments(mathFunctionArity(function) + 1, MemRefType::get({length}, element));
  auto func = b.create<func::FuncOp>(loc, (prefix + mathFunctionName(function)).str(),
                                     b.getFunctionType(arguments, {}));
  b.setInsertionPointToStart(func.addEntryBlock());
  auto index = [&](int64_t value) -> Value { return b.create<arith::ConstantIndexOp>(loc, value); };
  auto loop = b.create<scf::ForOp>(loc, index(0), index(length), index(width));
  b.create<func::ReturnOp>(loc);
  b.setInsertionPointToStart(loop.getBody());
  Value at = loop.getInductionVar(), target = func.getArguments().back();
  SmallVector<Value> operands;
  for (Value source : func.getArguments().drop_back())
    operands.push_back(width == 1 ? Value(b.create<memref::LoadOp>(loc, source, at))
                                  : b.create<vector::LoadOp>(loc, VectorType::get(width, element), source, at));
  Value result = byMlir ? mathOperation(b, loc, function, operands) : emitMath(b, loc, function, operands);
  if (width == 1)
    b.create<memref::StoreOp>(loc, result, target, at);
  else
    b.create<vector::StoreOp>(loc, result, target, at);
}

static LogicalResult approximate(ModuleOp module) {
  RewritePatternSet patterns(module.getContext());
  populateMathPolynomialApproximationPatterns(patterns);
  return applyPatternsAndFoldGreedily(module, std::move(patterns));
}

static llvm::Error writeObject(ModuleOp module, StringRef levelName, StringRef path) {
  llvm::Expected<const Target *> target = lookupTarget(levelName);
  if (!target)
    return target.takeError();
  if (failed(lowerToLLVMDialect(module)))
    return llvm::createStringError("the module cannot be lowered");
  llvm::Expected<EmittedObject> emitted = emitObject(module, **target, (*target)->baseLevel());
  if (!emitted)
    return emitted.takeError();
  std::error_code code;
  llvm::raw_fd_ostream out(path, code);
  if (!code)
    out.write(emitted->object.data(), emitted->object.size());
  return llvm::errorCodeToError(code);
}

int main(int argc, char **argv) {
  int64_t width = 0;
  bool byMlir = argc == 6 && StringRef(argv[5]) == "mlir";
  if ((argc != 3 && argc != 5 && !byMlir) || (StringRef(argv[1]) != "f32" && StringRef(argv[1]) != "f64") ||
      StringRef(argv[2]).getAsInteger(10, width) || width < 1 || 4096 % width != 0) {
    llvm::errs() << "usage: emit-math-module f32|f64 WIDTH (a divisor of 4096) [LEVEL OBJECT [mlir]]\n";
    return 2;
  }
  MLIRContext context(MLIRContext::Threading::DISABLED);
  loadCodegenDialects(context);
  OpBuilder b(&context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(b.getUnknownLoc());
  Type element = StringRef(argv[1]) == "f32" ? Type(b.getF32Type()) : b.getF64Type();
  std::string prefix = llvm::formatv("{0}{1}_{2}_", byMlir ? "mlir_" : "", argv[1], argv[2]);
  for (MathFunction function : allFunctions)
    if (!byMlir || mlirApproximates(function))
      emitFunction(*module, prefix, function, element, width, byMlir);
  if (failed(verify(*module)) || (byMlir && failed(approximate(*module))))
    return 1;
  if (argc == 3) {
    module->print(llvm::outs());
    return 0;
  }
  if (llvm::Error error = writeObject(*module, argv[3], argv[4])) {
    llvm::errs() << llvm::toString(std::move(error)) << "\n";
    return 1;
  }
  return 0;
}
