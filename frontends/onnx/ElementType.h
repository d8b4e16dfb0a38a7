// The element types of ONNX tensors: TensorProto.DataType as a table.
#pragma once
#include "mlir/IR/Types.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace quern {

// The field of a TensorProto that holds elements of a type when raw_data does not.
enum class TypedField { Float, Int32, Int64, Double, UInt64, String };

struct ElementType {
  int32_t code;             // TensorProto.DataType
  llvm::StringLiteral name; // as in messages: f32, i64, ui8, string ...
  unsigned bits;            // in raw_data: 8 for bool, 0 for string
  TypedField field;
  mlir::Type (*build)(mlir::MLIRContext *); // signed integers are signless, unsigned ones uiN, bool i1
};

// Null for 0 (UNDEFINED) and for codes that this version of ONNX does not know.
const ElementType *findElementType(int32_t code);

} // namespace quern
