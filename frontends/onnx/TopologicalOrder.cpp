#include "frontends/onnx/TopologicalOrder.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <queue>

using namespace quern;

using Nodes = google::protobuf::RepeatedPtrField<proto::NodeProto>;

const std::string &quern::nodeName(const proto::NodeProto &node) {
  return node.name().empty() && node.output_size() > 0 ? node.output(0) : node.name();
}

std::string quern::nodeText(const proto::NodeProto &node) {
  return "node " + quoted(nodeName(node)) + " (" +
         llvm::StringRef(quoted(node.op_type())).drop_front().drop_back().str() + ")";
}

static void collectFreeNames(const proto::GraphProto &graph, llvm::StringSet<> &free);

// What a node reads: its inputs and what its subgraphs capture.
static void collectReads(const proto::NodeProto &node, llvm::StringSet<> &reads) {
  for (const std::string &input : node.input())
    if (!input.empty())
      reads.insert(input);
  for (const proto::AttributeProto &attribute : node.attribute())
    if (attribute.has_g())
      collectFreeNames(attribute.g(), reads);
}

// The names that a graph uses and does not define.
static void collectFreeNames(const proto::GraphProto &graph, llvm::StringSet<> &free) {
  llvm::StringSet<> defined, used;
  for (const proto::ValueInfoProto &input : graph.input())
    defined.insert(input.name());
  for (const proto::TensorProto &initializer : graph.initializer())
    defined.insert(initializer.name());
  for (const proto::SparseTensorProto &initializer : graph.sparse_initializer())
    defined.insert(initializer.values().name());
  for (const proto::NodeProto &node : graph.node()) {
    defined.insert(node.output().begin(), node.output().end());
    collectReads(node, used);
  }
  for (const proto::ValueInfoProto &output : graph.output())
    used.insert(output.name());
  for (llvm::StringRef name : used.keys())
    if (!defined.contains(name))
      free.insert(name);
}

static llvm::Expected<llvm::StringMap<int>> findProducers(const Nodes &nodes) {
  llvm::StringMap<int> producers;
  for (int i = 0; i < nodes.size(); ++i)
    for (const std::string &output : nodes[i].output()) {
      if (output.empty())
        continue;
      auto [known, isNew] = producers.try_emplace(output, i);
      if (!isNew)
        return makeError(ErrorKind::Model, "{0} and {1} both produce {2}; every value has one producer",
                         nodeText(nodes[known->second]), nodeText(nodes[i]), quoted(output));
    }
  return producers;
}

// One cycle among the nodes that could not be ordered: from any of them, back along what it waits for.
static llvm::Error describeCycle(const Nodes &nodes, llvm::ArrayRef<int> pending,
                                 llvm::ArrayRef<llvm::SmallVector<int>> consumers) {
  llvm::SmallVector<int> waitsFor(nodes.size(), -1);
  int node = -1;
  for (int i = 0; i < nodes.size(); ++i) {
    if (pending[i] == 0)
      continue;
    for (int consumer : consumers[i])
      if (pending[consumer] > 0)
        waitsFor[consumer] = i;
  }
  for (int i = 0; i < nodes.size() && node < 0; ++i)
    if (waitsFor[i] >= 0)
      node = i;
  llvm::SmallVector<bool> seen(nodes.size(), false);
  for (; !seen[node]; node = waitsFor[node])
    seen[node] = true;

  std::string text = nodeText(nodes[node]);
  int shown = 0;
  for (int next = waitsFor[node]; next != node && shown < 8; next = waitsFor[next], ++shown)
    text += " <- " + nodeText(nodes[next]);
  return makeError(ErrorKind::Model, "the graph has a cycle: {0} <- {1}", text,
                   shown == 8 ? std::string("...") : nodeText(nodes[node]));
}

llvm::Expected<llvm::SmallVector<int>> quern::topologicalOrder(const Nodes &nodes) {
  auto producers = findProducers(nodes);
  if (!producers)
    return producers.takeError();

  llvm::SmallVector<int> pending(nodes.size(), 0); // how many producers a node still waits for
  llvm::SmallVector<llvm::SmallVector<int>> consumers(nodes.size());
  for (int i = 0; i < nodes.size(); ++i) {
    llvm::StringSet<> reads;
    collectReads(nodes[i], reads);
    for (llvm::StringRef name : reads.keys())
      if (auto producer = producers->find(name); producer != producers->end()) {
        consumers[producer->second].push_back(i);
        ++pending[i];
      }
  }

  std::priority_queue<int, std::vector<int>, std::greater<int>> ready;
  for (int i = 0; i < nodes.size(); ++i)
    if (pending[i] == 0)
      ready.push(i);
  llvm::SmallVector<int> order;
  while (!ready.empty()) {
    int node = ready.top();
    ready.pop();
    order.push_back(node);
    for (int consumer : consumers[node])
      if (--pending[consumer] == 0)
        ready.push(consumer);
  }
  if (static_cast<int>(order.size()) != nodes.size())
    return describeCycle(nodes, pending, consumers);
  return order;
}
