#include "frontends/python/TorchProgram.h"
#include "frontends/python/SlowPath.h"

namespace quern {

void TorchProgram::bind(nb::object model, std::vector<uint32_t> inputs, nb::list weights, uint32_t count) {
  auto made = std::make_shared<Bound>(Bound{model, nb::cast<Model *>(model), std::move(inputs), {}, count});
  for (nb::handle item : weights) {
    nb::tuple row = nb::cast<nb::tuple>(item);
    nb::object reference = row[1], tensor = reference();
    TensorState state = tensor.is_none() ? TensorState{-1, 0} : stateOf(tensor.ptr());
    if (PyErr_Occurred())
      throw nb::python_error();
    made->weights.push_back({nb::cast<uint32_t>(row[0]), reference, state});
  }
  bound = std::move(made);
}

bool TorchProgram::arePacked(const Bound &bound, PyObject *const *arguments) {
  for (const Weight &weight : bound.weights) {
    PyObject *given = arguments[weight.argument];
    if (PyWeakref_GET_OBJECT(weight.reference.ptr()) != given || !(stateOf(given) == weight.state))
      return false;
  }
  return true;
}

/// Fills the call's inputs; `numbers` holds the integers among them. False: one cannot be read where it lies.
bool TorchProgram::read(const Bound &bound, PyObject *const *arguments, Model::Call &call,
                        std::vector<int64_t> &numbers) {
  numbers.resize(bound.inputs.size());
  for (uint32_t i = 0; i < bound.inputs.size(); ++i) {
    PyObject *given = arguments[bound.inputs[i]];
    if (!PyLong_CheckExact(given)) {
      if (!readTensor(given, bound.model->inputDtype(i), call.input(i)))
        return false;
      continue;
    }
    numbers[i] = PyLong_AsLongLong(given);
    if (PyErr_Occurred())
      throw nb::python_error();
    call.input(i) = {&numbers[i], sizeof(int64_t), QUERN_I64, 0, {}};
  }
  return true;
}

nb::object TorchProgram::run(nb::tuple arguments) {
  std::shared_ptr<const Bound> held = bound;
  std::vector<int64_t> numbers;
  Model::Call call(*held->model);
  if (arguments.size() != held->count || !read(*held, &PyTuple_GET_ITEM(arguments.ptr(), 0), call, numbers))
    raise("InputError", "the arguments of a compiled graph are not the dense tensors that it was compiled for");
  return call.run(makeTensor);
}

bool TorchProgram::areWeightsPacked(nb::tuple arguments) const {
  return bound && arguments.size() == bound->count && arePacked(*bound, &PyTuple_GET_ITEM(arguments.ptr(), 0));
}

PyObject *TorchProgram::call(PyObject *self, PyObject *args, PyObject *keywords) {
  return callFastOrSlow(self, args, keywords, [&]() -> PyObject * {
    std::shared_ptr<const Bound> held = nb::inst_ptr<TorchProgram>(self)->bound;
    PyObject *const *arguments = &PyTuple_GET_ITEM(args, 0);
    if (!held || keywords || size_t(PyTuple_GET_SIZE(args)) != held->count || !arePacked(*held, arguments))
      return nullptr;
    std::vector<int64_t> numbers;
    Model::Call call(*held->model);
    return read(*held, arguments, call, numbers) ? call.run(makeTensor).release().ptr() : nullptr;
  });
}

int TorchProgram::traverse(PyObject *self, visitproc visit, void *arg) {
  Py_VISIT(Py_TYPE(self));
  if (!nb::inst_ready(self))
    return 0;
  if (const std::shared_ptr<const Bound> &held = nb::inst_ptr<TorchProgram>(self)->bound) {
    Py_VISIT(held->owner.ptr());
    for (const Weight &weight : held->weights)
      Py_VISIT(weight.reference.ptr());
  }
  return 0;
}

int TorchProgram::clear(PyObject *self) {
  std::shared_ptr<const Bound> held = std::move(nb::inst_ptr<TorchProgram>(self)->bound);
  return 0;
}

} // namespace quern
