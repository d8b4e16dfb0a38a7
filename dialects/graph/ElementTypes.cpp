#include "dialects/graph/ElementTypes.h"
#include "dialects/graph/Graph.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace quern::graph {

bool isStorable(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element))
    return llvm::is_contained({8u, 16u, 32u, 64u}, integer.getWidth()) || element.isInteger(1);
  return isa<Float32Type, Float64Type, Float16Type, BFloat16Type>(element);
}

static std::string elementText(Type element) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (element.isInteger(1)) {
    stream << "bool";
  } else if (auto integer = dyn_cast<IntegerType>(element)) {
    stream << (integer.isUnsigned() ? "uint" : "int") << integer.getWidth();
  } else if (isa<BFloat16Type>(element)) {
    stream << "bfloat16";
  } else if (auto complex = dyn_cast<ComplexType>(element)) {
    stream << "complex" << 2 * complex.getElementType().getIntOrFloatBitWidth();
  } else {
    element.print(stream); // f32 becomes float32 and f8E4M3FN float8e4m3fn; !onnx.string loses its dialect
    size_t dot = text.find('.');
    if (isa<FloatType>(element))
      text = "float" + StringRef(text).drop_front().lower();
    else if (dot != text.npos)
      text.erase(0, dot + 1);
  }
  return text;
}

std::string typeText(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  if (!shaped)
    return elementText(type);
  std::string text = elementText(shaped.getElementType());
  if (!shaped.hasRank())
    return text + " of unknown rank";
  SmallVector<std::string> extents;
  for (const Dim &dim : dimsOf(type))
    extents.push_back(dim.str());
  return text + "[" + llvm::join(extents, ", ") + "]";
}

} // namespace quern::graph
