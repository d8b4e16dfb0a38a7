// The calls of a graph of torch.compile that need no Python: weights that have not changed, inputs that lie dense, one
// run.
#pragma once
#include "frontends/python/Model.h"
#include "frontends/python/TorchTensor.h"
#include "llvm/ADT/SmallVector.h"

namespace quern {

/// The base of quern._torch.program.TorchProgram. Its call takes what Dynamo gives: the graph's inputs by position,
/// tensors and integers. It returns a tuple of tensors. Where it cannot run, because weights changed or an input has
/// strides, it calls the method `_call`.
class TorchProgram {
public:
  /// inputs: which arguments are the model's inputs, in order; weights: [(argument, weak reference to the tensor),
  /// ...], in whose present state the model has them; count: of the arguments. Models for other tensors stay: one graph
  /// is that of all modules with the same code. Those whose tensors are gone or changed go.
  void bind(nb::object model, std::vector<uint32_t> inputs, nb::list weights, uint32_t count);
  /// The tuple of the outputs for arguments that are dense; raises InputError otherwise.
  nb::object run(nb::tuple arguments);
  /// Whether some model has these weights.
  bool areWeightsPacked(nb::tuple arguments) const;

  /// tp_call, tp_traverse and tp_clear.
  static PyObject *call(PyObject *self, PyObject *args, PyObject *keywords);
  static int traverse(PyObject *self, visitproc visit, void *arg);
  static int clear(PyObject *self);

private:
  struct Weight {
    uint32_t argument;
    nb::object reference; ///< weak: a graph does not keep a module's parameters alive
    TensorState state;
    llvm::SmallVector<uintptr_t, 2> parts; ///< where PyTorch's own objects of it lie: to be fetched, never read
  };
  /// All that a call reads; other threads may be running it when it goes.
  struct Bound {
    nb::object owner; ///< of the model
    Model *model;
    std::vector<uint32_t> inputs;
    std::vector<Weight> weights;
    uint32_t count;
  };

  /// The model that has the weights among `count` arguments, or null. The caller holds the interpreter's lock.
  std::shared_ptr<const Bound> find(PyObject *const *arguments, size_t count) const;
  static bool arePacked(const Bound &bound, PyObject *const *arguments);
  static bool isStale(const Bound &bound);
  static bool read(const Bound &bound, PyObject *const *arguments, Model::Call &call, std::vector<int64_t> &numbers);

  std::vector<std::shared_ptr<const Bound>> bounds; ///< in the order of their packing
};

} // namespace quern
