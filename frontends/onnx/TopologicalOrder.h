// The order in which a graph's nodes can be computed.
#pragma once
#include "frontends/onnx/Reader.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"

namespace quern {

// The node's name, or its first output's where it has none.
const std::string &nodeName(const proto::NodeProto &node);

// "node 'conv1' (Conv)", for messages.
std::string nodeText(const proto::NodeProto &node);

// The indices of the nodes, each after those whose outputs it (or a subgraph of it) reads; as in the file where that is
// free, so a sorted file keeps its order. Names that no node of the list produces are the caller's to resolve.
// Errors: Model for two nodes with one output name, and for a cycle, which is named node by node.
llvm::Expected<llvm::SmallVector<int>>
topologicalOrder(const google::protobuf::RepeatedPtrField<proto::NodeProto> &nodes);

} // namespace quern
