// From loops, vectors and memrefs to the LLVM dialect: the first half of phase 8.
#pragma once
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LogicalResult.h"

namespace quern {

/// On a module, an integer: the bits of `index`, where these are not 64.
inline constexpr llvm::StringLiteral kIndexBitsAttr = "quern.index_bits";
inline unsigned indexBits(mlir::ModuleOp module) {
  auto bits = module->getAttrOfType<mlir::IntegerAttr>(kIndexBitsAttr);
  return bits ? bits.getInt() : 64;
}

/// Registers and loads every dialect that lowering and translation meet. Call it once, before modules of `context` are
/// lowered on several threads: neither is thread-safe, and a pass manager does both for what it finds missing.
void loadCodegenDialects(mlir::MLIRContext &context);

/// Lowers scf, cf, vector, memref, arith, math, index and func to the LLVM dialect, in place. Fails with diagnostics
/// emitted. Several modules of one context may be lowered at the same time. `isDevice`: the functions are kernels that
/// a grid of threads runs, and may have ops of the gpu dialect.
mlir::LogicalResult lowerToLLVMDialect(mlir::ModuleOp module, bool isDevice = false);

} // namespace quern
