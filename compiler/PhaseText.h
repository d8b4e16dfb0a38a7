// The text between two phases: what --stop-after writes and --start-at reads.
//
// The text is the module. Everything that a later phase reads is an op or an attribute of it, so compiling on from a
// complete text gives the same artifact, byte for byte, as compiling straight through with the same options. Options
// belong to phases: those of phases that a text leaves behind (--shape) are refused, the target must be the same.
#pragma once
#include "compiler/Compile.h"

namespace quern {

/// Complete: node names as locations, and every weight in hexadecimal at the end, twice its size. For files.
std::string completeText(mlir::ModuleOp module);

/// For reading: no locations, and no weights of more than 64 elements. --start-at refuses it where it needs the
/// weights.
std::string readableText(mlir::ModuleOp module);

/// Reads the file `compilation.input` into `compilation.module`. Errors: File, and Model for what does not parse (with
/// line and column) and for weights that the text names but does not hold.
llvm::Error readPhaseText(Compilation &compilation);

/// Whether a module is a program of graph ops, as tracers write it (a file.mlir), and no model to be lowered: its
/// interface has the names that the phase "graph" gives.
bool isProgram(mlir::ModuleOp module);

} // namespace quern
