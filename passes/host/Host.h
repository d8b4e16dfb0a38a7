#pragma once
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/Pass.h"

namespace quern {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/host/Passes.h.inc"
} // namespace quern
