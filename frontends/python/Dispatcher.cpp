#include "frontends/python/Dispatcher.h"
#include "frontends/python/SlowPath.h"
#include <nanobind/stl/pair.h>
#include <nanobind/stl/vector.h>

namespace quern {

/// The object at a place, for whose holder the caller has a reference; null where there is none.
static PyObject *itemOf(PyObject *sequence, PyObject *index) {
  Py_ssize_t place = PyLong_AsSsize_t(index);
  return place < PySequence_Fast_GET_SIZE(sequence) ? PySequence_Fast_GET_ITEM(sequence, place) : nullptr;
}

bool Dispatcher::Read::holds() const {
  switch (what) {
  case entry:
    return PyDict_GetItemWithError(place.ptr(), name.ptr()) == expected.ptr();
  case cell:
    return PyCell_GET(place.ptr()) == expected.ptr();
  case item:
    return itemOf(place.ptr(), name.ptr()) == expected.ptr();
  case attribute: {
    nb::object now = nb::steal(PyObject_GetAttr(place.ptr(), name.ptr()));
    PyErr_Clear();
    return now.ptr() == expected.ptr();
  }
  case count:
    return PyObject_Size(place.ptr()) == PyLong_AsSsize_t(expected.ptr());
  }
  return false;
}

void Dispatcher::sign(std::vector<nb::object> names, size_t positionalOnly, size_t positional, nb::list defaults) {
  std::vector<nb::object> values(names.size());
  for (nb::handle item : defaults) {
    nb::tuple pair = nb::cast<nb::tuple>(item);
    values.at(nb::cast<size_t>(pair[0])) = nb::object(pair[1]);
  }
  signature = std::make_unique<Signature>(Signature{std::move(names), std::move(values), positionalOnly, positional});
}

void Dispatcher::add(nb::object model, nb::list arguments, nb::list reads, nb::list facts, nb::list inputs,
                     std::vector<bool> complex, nb::tuple result, std::vector<std::pair<uint32_t, uint32_t>> written,
                     bool flagged, nb::object classes, bool byRows) {
  auto made = std::make_shared<Program>(Program{model,
                                                nb::cast<Model *>(model),
                                                {},
                                                {},
                                                {},
                                                {},
                                                std::move(complex),
                                                ResultTree::read(result),
                                                std::move(written),
                                                flagged,
                                                byRows,
                                                std::move(classes)});
  Program &program = *made;
  for (nb::handle item : arguments)
    program.arguments.push_back(Argument::read(item));
  for (nb::handle item : reads) {
    nb::tuple row = nb::cast<nb::tuple>(item);
    program.reads.push_back(
        {Read::What(nb::cast<int>(row[0])), nb::object(row[1]), nb::object(row[2]), nb::object(row[3])});
  }
  for (nb::handle item : facts) {
    nb::tuple row = nb::cast<nb::tuple>(item);
    Fact fact{{}, Fact::Comparison(nb::cast<int>(row[1])), nb::cast<bool>(row[2])};
    for (nb::handle term : row[0]) {
      nb::tuple pair = nb::cast<nb::tuple>(term);
      fact.terms.push_back({nb::cast<int64_t>(pair[0]), nb::cast<std::vector<std::pair<uint32_t, uint32_t>>>(pair[1])});
    }
    program.facts.push_back(std::move(fact));
  }
  for (nb::handle item : inputs) {
    nb::tuple row = nb::cast<nb::tuple>(item);
    program.inputs.push_back({nb::cast<uint32_t>(row[0]), nb::object(row[1])});
  }
  programs.insert(programs.begin(), std::move(made));
}

/// A sum that does not fit 64 bits holds for nothing: the call is traced, which says what is wrong.
static bool holds(const Dispatcher::Fact &fact, const auto &extent) {
  using Fact = Dispatcher::Fact;
  int64_t sum = 0;
  for (const Fact::Term &term : fact.terms) {
    int64_t product = term.coefficient;
    for (auto [input, axis] : term.extents)
      if (__builtin_mul_overflow(product, int64_t(extent(input, axis)), &product))
        return false;
    if (__builtin_add_overflow(sum, product, &sum))
      return false;
  }
  switch (fact.comparison) {
  case Fact::eq:
    return (sum == 0) == fact.result;
  case Fact::ne:
    return (sum != 0) == fact.result;
  case Fact::lt:
    return (sum < 0) == fact.result;
  case Fact::le:
    return (sum <= 0) == fact.result;
  case Fact::gt:
    return (sum > 0) == fact.result;
  case Fact::ge:
    return (sum >= 0) == fact.result;
  }
  return false;
}

bool Dispatcher::fits(const Program &program, PyObject *const *arguments, size_t count, Leaves &leaves) {
  leaves.clear();
  if (count != program.arguments.size())
    return false;
  for (size_t i = 0; i < count; ++i)
    if (!program.arguments[i].fits(arguments[i], leaves))
      return false;
  for (const Read &read : program.reads)
    if (!read.holds())
      return false;
  auto extent = [&](uint32_t input, uint32_t axis) {
    const Input &from = program.inputs[input];
    return shapeOf(from.outside.is_none() ? leaves[from.leaf] : from.outside.ptr())[axis];
  };
  for (const Fact &fact : program.facts)
    if (!holds(fact, extent))
      return false;
  return true;
}

/// An array of rank 0 for a float or a number of NumPy's; throws where there is no memory.
static nb::object arrayOfNumber(PyObject *leaf) {
  void *data = nullptr;
  nb::object array =
      nb::steal(PyFloat_CheckExact(leaf) ? makeArray(QUERN_F64, 0, nullptr, nullptr, data) : arrayOfScalar(leaf));
  if (!array.is_valid())
    throw nb::python_error();
  if (data)
    *static_cast<double *>(data) = PyFloat_AS_DOUBLE(leaf);
  return array;
}

PyObject *Dispatcher::run(const Program &program, const Leaves &leaves) {
  constexpr size_t few = 16;
  PyObject *inputs[few];
  nb::object made[few]; // arrays of the numbers
  std::vector<PyObject *> many(program.inputs.size() > few ? program.inputs.size() : 0);
  std::vector<nb::object> manyMade(many.size());
  PyObject **arrays = many.empty() ? inputs : many.data();
  nb::object *numbers = many.empty() ? made : manyMade.data();
  for (size_t i = 0; i < program.inputs.size(); ++i) {
    const Input &input = program.inputs[i];
    arrays[i] = input.outside.is_none() ? leaves[input.leaf] : input.outside.ptr();
    if (!input.outside.is_none() || isPlainArray(arrays[i]))
      continue;
    numbers[i] = arrayOfNumber(arrays[i]);
    arrays[i] = numbers[i].ptr();
  }
  for (auto [written, output] : program.written)
    for (size_t i = 0; i < program.inputs.size(); ++i)
      if (i != written && isArray(arrays[i]) && mayShareMemory(arrays[written], arrays[i]))
        return nullptr; // what the write changes elsewhere is for `_call` to say
  nb::object results = program.model->runOn(arrays, /*pairs=*/true, program.byRows);
  PyObject *tuple = results.ptr();
  Py_ssize_t count = PyTuple_GET_SIZE(tuple) - program.flagged;
  if (program.flagged && truthOf(PyTuple_GET_ITEM(tuple, count)))
    return nullptr;
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject *result = PyTuple_GET_ITEM(tuple, i);
    if (program.complex[i] && !(result = complexOf(result))) {
      PyTuple_SET_ITEM(tuple, i, nullptr);
      throw nb::python_error();
    }
    if (!program.classes.is_none() && !(result = takeFrom(program.classes.ptr(), result))) {
      PyTuple_SET_ITEM(tuple, i, nullptr);
      throw nb::python_error();
    }
    PyTuple_SET_ITEM(tuple, i, kindOf(result).rank ? result : scalarOf(result)); // NumPy's functions give scalars
  }
  PyObject *const *outputs = &PyTuple_GET_ITEM(tuple, 0);
  for (auto [input, output] : program.written)
    if (PyObject_SetItem(arrays[input], Py_Ellipsis, outputs[output]))
      throw nb::python_error();
  return program.result.build(outputs);
}

PyObject *Dispatcher::dispatch(PyObject *const *arguments, size_t count) const {
  Leaves leaves;
  for (size_t i = 0; i < programs.size(); ++i)
    if (fits(*programs[i], arguments, count, leaves)) {
      std::shared_ptr<const Program> program = programs[i]; // other threads add to the list during the run
      return run(*program, leaves);
    }
  return nullptr;
}

PyObject *Dispatcher::call(PyObject *self, PyObject *args, PyObject *keywords) {
  return callFastOrSlow(self, args, keywords, [&]() -> PyObject * {
    const Dispatcher &dispatcher = *nb::inst_ptr<Dispatcher>(self);
    if (!dispatcher.signature)
      return keywords && PyDict_GET_SIZE(keywords)
                 ? nullptr
                 : dispatcher.dispatch(&PyTuple_GET_ITEM(args, 0), PyTuple_GET_SIZE(args));
    constexpr size_t few = 16;
    PyObject *slots[few];
    size_t count = dispatcher.signature->names.size();
    std::vector<PyObject *> many(count > few ? count : 0);
    PyObject **all = many.empty() ? slots : many.data();
    return dispatcher.signature->bind(args, keywords, all) ? dispatcher.dispatch(all, count) : nullptr;
  });
}

int Dispatcher::traverse(PyObject *self, visitproc visit, void *arg) {
  Py_VISIT(Py_TYPE(self));
  if (!nb::inst_ready(self))
    return 0;
  const Dispatcher &dispatcher = *nb::inst_ptr<Dispatcher>(self);
  if (dispatcher.signature)
    if (int result = dispatcher.signature->traverse(visit, arg))
      return result;
  for (const std::shared_ptr<const Program> &program : dispatcher.programs) {
    Py_VISIT(program->owner.ptr());
    Py_VISIT(program->classes.ptr());
    if (int result = program->result.traverse(visit, arg))
      return result;
    for (const Argument &argument : program->arguments)
      if (int result = argument.traverse(visit, arg))
        return result;
    for (const Read &read : program->reads) {
      Py_VISIT(read.place.ptr());
      Py_VISIT(read.expected.ptr());
    }
    for (const Input &input : program->inputs)
      Py_VISIT(input.outside.ptr());
  }
  return 0;
}

int Dispatcher::clear(PyObject *self) {
  std::vector<std::shared_ptr<const Program>> programs = std::move(nb::inst_ptr<Dispatcher>(self)->programs);
  std::unique_ptr<Signature> signature = std::move(nb::inst_ptr<Dispatcher>(self)->signature);
  return 0;
}

} // namespace quern
