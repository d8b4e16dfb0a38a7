#include "dialects/text/Text.h"
#include "mlir/IR/DialectImplementation.h"
#include "runtime/text/table.h"
#include "runtime/text/text.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace quern;
using namespace quern::graph;
using namespace quern::text;

#include "dialects/text/TextDialect.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/text/TextTypes.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/text/TextOps.cpp.inc"

void TextDialect::initialize() {
  addTypes<StringType>();
  addOperations<
#define GET_OP_LIST
#include "dialects/text/TextOps.cpp.inc"
      >();
}

/// A table's bytes; kernels trust them.
static bool isTable(Value value) { return elementOf(value).isUnsignedInteger(8) && rankOf(value) == 1; }

//===--- Tables and keys --------------------------------------------------------------------===//

LogicalResult HashTableOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  auto count = [](Value value, bool isBytes) -> std::optional<int64_t> {
    auto type = cast<ShapedType>(value.getType());
    bool fits = isBytes ? type.getElementType().isUnsignedInteger(8) : type.getElementType().isInteger(64);
    if (!fits || type.getRank() != 1 || !type.hasStaticShape() || (!isBytes && type.getDimSize(0) < 1))
      return std::nullopt;
    return type.getDimSize(0);
  };
  std::optional<int64_t> bytes = count(adaptor.getBytes(), true), offsets = count(adaptor.getOffsets(), false),
                         starts = count(adaptor.getStarts(), false);
  if (!bytes || !offsets || !starts)
    return emitOptionalError(loc, "needs ui8 bytes, i64 offsets and i64 starts of known number, of rank 1");
  if (*offsets > (int64_t(1) << 31))
    return emitOptionalError(loc, "has ", *offsets - 1, " keys, but a table has fewer than 2^31");
  // As many slots as keys again at least, so that a search is short.
  int64_t slots = llvm::PowerOf2Ceil(2 * (*offsets - 1) + 2);
  Dim size = Dim(int64_t(sizeof(quern_table))) + (Dim(*starts) + *offsets + slots) * 8 + *bytes;
  types.push_back(tensorType({size}, IntegerType::get(context, 8, IntegerType::Unsigned)));
  return success(bool(types.back()));
}

LogicalResult LookupOp::inferReturnTypes(MLIRContext *context, std::optional<Location>, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  types.push_back(tensorType(dimsOf(adaptor.getKeys()), IntegerType::get(context, 64)));
  return success();
}

LogicalResult LookupOp::verify() {
  Type element = elementOf(getKeys());
  if (!isString(getKeys()) && !element.isF64() && !element.isSignlessInteger(64))
    return emitOpError() << "looks strings, f64 and i64 up, not " << element;
  if (!isTable(getTable()))
    return emitOpError() << "needs a table of text.hash_table";
  int64_t groups = getGroups(), rank = rankOf(getKeys());
  if (groups < 1 || (groups > 1 && (rank < 1 || dimOf(getKeys(), rank - 1) != Dim(groups))))
    return emitOpError() << "has " << groups << " groups, which are not the columns of " << getKeys().getType();
  return success();
}

LogicalResult PickStringsOp::inferReturnTypes(MLIRContext *context, std::optional<Location>, Adaptor adaptor,
                                              SmallVectorImpl<Type> &types) {
  types.push_back(tensorType(dimsOf(adaptor.getNumbers()), StringType::get(context)));
  return success();
}

LogicalResult PickStringsOp::verify() {
  if (!elementOf(getNumbers()).isSignlessInteger(64) || !isTable(getTable()))
    return emitOpError() << "needs i64 numbers and a table of text.hash_table";
  if (getOthers() && (!isString(getOthers()) || dimsOf(getOthers()) != dimsOf(getNumbers())))
    return emitOpError() << "needs other strings of the dims of the numbers";
  return success();
}

//===--- Terms ------------------------------------------------------------------------------===//

static LogicalResult inferTerms(std::optional<Location> loc, Value texts, const Dim &columns,
                                SmallVectorImpl<Type> &types) {
  if (rankOf(texts) != 1)
    return emitOptionalError(loc, "needs texts of rank 1");
  types.push_back(tensorType({dimOf(texts, 0), columns}, Float64Type::get(texts.getContext())));
  return success();
}

LogicalResult TermsOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  return inferTerms(loc, adaptor.getTexts(), int64_t(adaptor.getTerms()), types);
}

LogicalResult TermProductOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                              SmallVectorImpl<Type> &types) {
  if (rankOf(adaptor.getWeight()) != 2)
    return emitOptionalError(loc, "needs a weight of rank 2");
  return inferTerms(loc, adaptor.getTexts(), dimOf(adaptor.getWeight(), 1), types);
}

template <typename OpTy> static LogicalResult verifyTerms(OpTy op) {
  int64_t terms = op.getTerms(), least = op.getLeastN(), most = op.getMostN();
  constexpr int64_t kMostUnits = 256, kLongest = 1 << 20;
  if (!isString(op.getTexts()) || !isTable(op.getTable()) || terms < 0 || terms > INT32_MAX)
    return op.emitOpError() << "needs texts, a table of text.hash_table and fewer than 2^31 terms";
  if (Value factors = op.getFactors();
      factors && (!elementOf(factors).isF64() || rankOf(factors) != 1 || dimOf(factors, 0) != Dim(terms)))
    return op.emitOpError() << "has factors of type " << factors.getType() << " for " << terms << " terms";
  if (!llvm::is_contained({"word", "char", "char_wb"}, op.getAnalyzer()))
    return op.emitOpError() << "has the analyzer \"" << op.getAnalyzer() << "\"; there are word, char and char_wb";
  if (!llvm::is_contained({"none", "l1", "l2"}, op.getNorm()))
    return op.emitOpError() << "has the norm \"" << op.getNorm() << "\"; there are none, l1 and l2";
  if (least < 1 || most < least || most > kMostUnits)
    return op.emitOpError() << "takes n-grams of " << least << " to " << most << ", not of 1 to 256";
  if (int64_t(op.getLongest()) < 0 || int64_t(op.getLongest()) > kLongest || int64_t(op.getLeastLetters()) < 1)
    return op.emitOpError() << "needs words of one letter or more, and terms of at most 2^20 bytes";
  return success();
}

LogicalResult TermsOp::verify() { return verifyTerms(*this); }

LogicalResult TermProductOp::verify() {
  if (!elementOf(getWeight()).isF64() || dimOf(getWeight(), 0) != Dim(int64_t(getTerms())))
    return emitOpError() << "needs an f64 weight with a row for each of " << getTerms() << " terms";
  return verifyTerms(*this);
}
