#include "frontends/python/TorchProgram.h"
#include "frontends/python/SlowPath.h"
#include "llvm/ADT/STLExtras.h"

namespace quern {

/// What a tensor's version and address are read from lies in the first of them.
constexpr int linesOfPart = 3;

void TorchProgram::bind(nb::object model, std::vector<uint32_t> inputs, nb::list weights, uint32_t count) {
  auto made = std::make_shared<Bound>(Bound{model, nb::cast<Model *>(model), std::move(inputs), {}, count});
  for (nb::handle item : weights) {
    nb::tuple row = nb::cast<nb::tuple>(item);
    nb::object reference = row[1], tensor = reference();
    TensorState state = tensor.is_none() ? TensorState{-1, 0} : stateOf(tensor.ptr());
    if (PyErr_Occurred())
      throw nb::python_error();
    made->weights.push_back({nb::cast<uint32_t>(row[0]), reference, state, {}});
    if (!tensor.is_none())
      for (nb::object part : {tensor, nb::object(tensor.attr("untyped_storage")())})
        made->weights.back().parts.push_back(nb::cast<uintptr_t>(part.attr("_cdata")));
  }
  llvm::erase_if(bounds, [](const std::shared_ptr<const Bound> &held) { return isStale(*held); });
  bounds.push_back(std::move(made));
}

bool TorchProgram::isStale(const Bound &bound) {
  return llvm::any_of(bound.weights, [](const Weight &weight) {
    PyObject *tensor = PyWeakref_GET_OBJECT(weight.reference.ptr());
    return tensor == Py_None || !(stateOf(tensor) == weight.state);
  });
}

std::shared_ptr<const TorchProgram::Bound> TorchProgram::find(PyObject *const *arguments, size_t count) const {
  for (const std::shared_ptr<const Bound> &bound : bounds)
    if (bound->count == count && arePacked(*bound, arguments))
      return bound;
  return nullptr;
}

bool TorchProgram::arePacked(const Bound &bound, PyObject *const *arguments) {
  // A network evicts all of this from the caches between two calls; in order, each line would be waited for.
  for (const Weight &weight : bound.weights) {
    __builtin_prefetch(arguments[weight.argument]);
    __builtin_prefetch(&reinterpret_cast<PyWeakReference *>(weight.reference.ptr())->wr_object);
    for (uintptr_t part : weight.parts)
      for (int line = 0; line < linesOfPart; ++line)
        __builtin_prefetch(reinterpret_cast<const char *>(part) + 64 * line);
  }
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
  std::shared_ptr<const Bound> held = find(&PyTuple_GET_ITEM(arguments.ptr(), 0), arguments.size());
  if (!held && !bounds.empty())
    held = bounds.back(); // a weight was written to since it was packed
  if (!held || arguments.size() != held->count)
    raise("InputError", "the arguments of a compiled graph are not those that it was compiled for");
  std::vector<int64_t> numbers;
  Model::Call call(*held->model);
  if (!read(*held, &PyTuple_GET_ITEM(arguments.ptr(), 0), call, numbers))
    raise("InputError", "the arguments of a compiled graph are not the dense tensors that it was compiled for");
  return call.run(makeTensor);
}

bool TorchProgram::areWeightsPacked(nb::tuple arguments) const {
  return find(&PyTuple_GET_ITEM(arguments.ptr(), 0), arguments.size()) != nullptr;
}

PyObject *TorchProgram::call(PyObject *self, PyObject *args, PyObject *keywords) {
  return callFastOrSlow(self, args, keywords, [&]() -> PyObject * {
    PyObject *const *arguments = &PyTuple_GET_ITEM(args, 0);
    std::shared_ptr<const Bound> held = nb::inst_ptr<TorchProgram>(self)->find(arguments, PyTuple_GET_SIZE(args));
    if (!held || (keywords && PyDict_GET_SIZE(keywords)))  // f(*args, **{}) passes an empty dictionary
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
  for (const std::shared_ptr<const Bound> &held : nb::inst_ptr<TorchProgram>(self)->bounds) {
    Py_VISIT(held->owner.ptr());
    for (const Weight &weight : held->weights)
      Py_VISIT(weight.reference.ptr());
  }
  return 0;
}

int TorchProgram::clear(PyObject *self) {
  std::vector<std::shared_ptr<const Bound>> held = std::move(nb::inst_ptr<TorchProgram>(self)->bounds);
  return 0;
}

} // namespace quern
