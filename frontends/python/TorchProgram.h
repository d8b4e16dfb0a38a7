// The calls of a graph of torch.compile that need no Python: weights that have not changed, inputs that lie dense, one
// run.
#pragma once
#include "frontends/python/Model.h"
#include "frontends/python/TorchTensor.h"

namespace quern {

/// The base of quern._torch.program.TorchProgram. Its call takes what Dynamo gives: the graph's inputs by position,
/// tensors and integers. It returns a tuple of tensors. Where it cannot run, because weights changed or an input has
/// strides, it calls the method `_call`.
class TorchProgram {
public:
  /// inputs: which arguments are the model's inputs, in order; weights: [(argument, weak reference to the tensor),
  /// ...], in whose present state the model has them; count: of the arguments.
  void bind(nb::object model, std::vector<uint32_t> inputs, nb::list weights, uint32_t count);
  /// The tuple of the outputs for arguments that are dense; raises InputError otherwise.
  nb::object run(nb::tuple arguments);
  /// Whether the weights are what they were when bind was called.
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
  };
  /// All that a call reads: replaced as a whole when weights are packed again, while other threads may be running.
  struct Bound {
    nb::object owner; ///< of the model
    Model *model;
    std::vector<uint32_t> inputs;
    std::vector<Weight> weights;
    uint32_t count;
  };

  static bool arePacked(const Bound &bound, PyObject *const *arguments);
  static bool read(const Bound &bound, PyObject *const *arguments, Model::Call &call, std::vector<int64_t> &numbers);

  std::shared_ptr<const Bound> bound;
};

} // namespace quern
