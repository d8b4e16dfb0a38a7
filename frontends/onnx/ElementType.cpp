#include "frontends/onnx/ElementType.h"
#include "dialects/onnx/OnnxOps.h"
#include "frontends/onnx/Reader.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace quern;

template <unsigned width, IntegerType::SignednessSemantics signedness = IntegerType::Signless>
static Type integer(MLIRContext *context) {
  return IntegerType::get(context, width, signedness);
}
template <typename T> static Type simple(MLIRContext *context) {
  return T::get(context);
}
template <typename T> static Type complexOf(MLIRContext *context) {
  return ComplexType::get(T::get(context));
}

static constexpr auto Unsigned = IntegerType::Unsigned;
using proto::TensorProto;

// In the order of the codes. The third column is the width in raw_data.
static const ElementType elementTypes[] = {
    {TensorProto::FLOAT, "f32", 32, TypedField::Float, simple<Float32Type>},
    {TensorProto::UINT8, "ui8", 8, TypedField::Int32, integer<8, Unsigned>},
    {TensorProto::INT8, "i8", 8, TypedField::Int32, integer<8>},
    {TensorProto::UINT16, "ui16", 16, TypedField::Int32, integer<16, Unsigned>},
    {TensorProto::INT16, "i16", 16, TypedField::Int32, integer<16>},
    {TensorProto::INT32, "i32", 32, TypedField::Int32, integer<32>},
    {TensorProto::INT64, "i64", 64, TypedField::Int64, integer<64>},
    {TensorProto::STRING, "string", 0, TypedField::String, simple<onnx::StringType>},
    {TensorProto::BOOL, "bool", 8, TypedField::Int32, integer<1>},
    {TensorProto::FLOAT16, "f16", 16, TypedField::Int32, simple<Float16Type>},
    {TensorProto::DOUBLE, "f64", 64, TypedField::Double, simple<Float64Type>},
    {TensorProto::UINT32, "ui32", 32, TypedField::UInt64, integer<32, Unsigned>},
    {TensorProto::UINT64, "ui64", 64, TypedField::UInt64, integer<64, Unsigned>},
    {TensorProto::COMPLEX64, "complex64", 64, TypedField::Float, complexOf<Float32Type>},
    {TensorProto::COMPLEX128, "complex128", 128, TypedField::Double, complexOf<Float64Type>},
    {TensorProto::BFLOAT16, "bf16", 16, TypedField::Int32, simple<BFloat16Type>},
    {TensorProto::FLOAT8E4M3FN, "f8e4m3fn", 8, TypedField::Int32, simple<Float8E4M3FNType>},
    {TensorProto::FLOAT8E4M3FNUZ, "f8e4m3fnuz", 8, TypedField::Int32, simple<Float8E4M3FNUZType>},
    {TensorProto::FLOAT8E5M2, "f8e5m2", 8, TypedField::Int32, simple<Float8E5M2Type>},
    {TensorProto::FLOAT8E5M2FNUZ, "f8e5m2fnuz", 8, TypedField::Int32, simple<Float8E5M2FNUZType>},
    {TensorProto::UINT4, "ui4", 4, TypedField::Int32, integer<4, Unsigned>},
    {TensorProto::INT4, "i4", 4, TypedField::Int32, integer<4>},
    {TensorProto::FLOAT4E2M1, "f4e2m1", 4, TypedField::Int32, simple<onnx::Float4E2M1Type>},
    {TensorProto::FLOAT8E8M0, "f8e8m0", 8, TypedField::Int32, simple<onnx::Float8E8M0Type>},
    {TensorProto::UINT2, "ui2", 2, TypedField::Int32, integer<2, Unsigned>},
    {TensorProto::INT2, "i2", 2, TypedField::Int32, integer<2>},
};

const ElementType *quern::findElementType(int32_t code) {
  const ElementType *found = llvm::find_if(elementTypes, [&](const ElementType &type) { return type.code == code; });
  return found == std::end(elementTypes) ? nullptr : found;
}
