// The state of the walk from onnx to graph: which graph value each onnx value became, and which symbols are taken.
#pragma once
#include "frontends/onnx/lowering/NodeLowering.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace quern::onnx {

/// Unsupported where an op has elements of a type that no kernel takes; names the node.
llvm::Error checkElementTypes(mlir::func::FuncOp function);

class Walk {
public:
  /// Lowers the block's ops at the end of `into` and returns the graph values of its terminator's operands.
  Lowered lowerBlock(mlir::Block &block, llvm::ArrayRef<mlir::Value> arguments, mlir::Block *into);

  /// The symbol of a dimension's name in the file: the name itself where Dim's grammar takes it, else one like it.
  /// Different names are different symbols.
  Dim symbolOf(llvm::StringRef name);
  /// A symbol that nothing else in the model has.
  Dim freshSymbol(llvm::StringRef base);
  /// True once for each guard in a block.
  bool isNewGuard(mlir::Block *block, const Dim &a, const Dim &b);
  /// Forgets the guards of a block that goes away: another one may get its address.
  void forgetGuards(mlir::Block *block);

private:
  llvm::Error lowerNode(NodeOp node, mlir::Block *into);

  llvm::DenseMap<mlir::Value, mlir::Value> values;
  llvm::StringMap<std::string> symbols;
  llvm::StringSet<> taken;
  std::set<std::tuple<mlir::Block *, std::string, std::string>> guards;
};

} // namespace quern::onnx
