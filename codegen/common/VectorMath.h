// Elementary functions that the compiler expands itself, lane by lane: no call, no table in memory, no fast-math.
#pragma once
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringRef.h"
#include <optional>

namespace quern {

/// The functions of VectorMath.inc.
enum class MathFunction {
#define QUERN_MATH(Name, spelling, operands, emitter, ulpsF32, ulpsF64) Name,
#include "codegen/common/VectorMath.inc"
};

/// The function that VectorMath.inc spells so ("exp", "log1p", ...).
std::optional<MathFunction> mathFunctionNamed(llvm::StringRef name);

/// How it is spelled in VectorMath.inc.
llvm::StringRef mathFunctionName(MathFunction function);

/// How many operands it takes: 1, or 2 for pow.
unsigned mathFunctionArity(MathFunction function);

/// Emits `function` of `operands`: as many as its arity, all of one type, which is the result's too: f32, f64 or a
/// rank-1 vector of one of them. Uses the arith and math dialects, and for sin, cos and tan also scf and vector (a
/// branch for huge arguments, so the place of insertion must be one where an scf.if may stand). Needs a machine with
/// fused multiply-add. Special values are C99's (annex F); results below the normal range are right, so the caller must
/// not have denormals flushed. exp_negative is exp for x <= 0 or NaN, at less cost (for softmax); above 0 it may be
/// anything. Errors in units in the last place: VectorMath.inc.
mlir::Value emitMath(mlir::OpBuilder &builder, mlir::Location loc, MathFunction function, mlir::ValueRange operands);

} // namespace quern
