#include "frontends/python/Dispatcher.h"
#include "frontends/python/SlowPath.h"
#include <nanobind/stl/pair.h>
#include <nanobind/stl/vector.h>

namespace quern {

bool Dispatcher::Read::holds() const {
  PyObject *now =
      PyDict_Check(place.ptr()) ? PyDict_GetItemWithError(place.ptr(), name.ptr()) : PyCell_GET(place.ptr());
  return now == expected.ptr();
}

void Dispatcher::add(nb::object model, nb::list arguments, nb::list reads, nb::list facts, nb::list inputs,
                     std::vector<bool> complex, bool single, bool flagged, nb::object classes,
                     bool byRows) {
  auto made = std::make_shared<Program>(Program{
      model, nb::cast<Model *>(model), {}, {}, {}, {}, std::move(complex), single, flagged, byRows, std::move(classes)});
  Program &program = *made;
  for (nb::handle item : arguments) {
    nb::tuple row = nb::cast<nb::tuple>(item);
    program.arguments.push_back({Argument::What(nb::cast<int>(row[0])),
                                 {nb::cast<int>(row[1]), nb::cast<int>(row[2])},
                                 nb::cast<uint32_t>(row[3]),
                                 nb::object(row[4])});
  }
  for (nb::handle item : reads) {
    nb::tuple row = nb::cast<nb::tuple>(item);
    program.reads.push_back({nb::object(row[0]), nb::object(row[1]), nb::object(row[2])});
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

static bool isKind(const Dispatcher::Argument &argument, PyObject *given) {
  if (argument.what == Dispatcher::Argument::number)
    return PyFloat_CheckExact(given);
  if (argument.what == Dispatcher::Argument::constant)
    return given == argument.value.ptr() || (PyLong_CheckExact(given) && PyLong_CheckExact(argument.value.ptr()) &&
                                             PyObject_RichCompareBool(given, argument.value.ptr(), Py_EQ) == 1);
  if (!isPlainArray(given) || !(kindOf(given) == argument.kind))
    return false;
  if (argument.what == Dispatcher::Argument::anyExtents)
    return true;
  const intptr_t *shape = shapeOf(given);
  for (int axis = 0; axis < argument.kind.rank; ++axis)
    if ((shape[axis] == 1) != bool(argument.ones >> axis & 1))
      return false;
  return true;
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

bool Dispatcher::fits(const Program &program, PyObject *args) {
  if (size_t(PyTuple_GET_SIZE(args)) != program.arguments.size())
    return false;
  for (size_t i = 0; i < program.arguments.size(); ++i)
    if (!isKind(program.arguments[i], PyTuple_GET_ITEM(args, i)))
      return false;
  for (const Read &read : program.reads)
    if (!read.holds())
      return false;
  auto extent = [&](uint32_t input, uint32_t axis) {
    const Input &from = program.inputs[input];
    return shapeOf(from.outside.is_none() ? PyTuple_GET_ITEM(args, from.argument) : from.outside.ptr())[axis];
  };
  for (const Fact &fact : program.facts)
    if (!holds(fact, extent))
      return false;
  return true;
}

PyObject *Dispatcher::run(const Program &program, PyObject *args) {
  constexpr size_t few = 16;
  PyObject *inputs[few];
  nb::object made[few]; // arrays of the floats
  std::vector<PyObject *> many(program.inputs.size() > few ? program.inputs.size() : 0);
  std::vector<nb::object> manyMade(many.size());
  PyObject **arrays = many.empty() ? inputs : many.data();
  nb::object *floats = many.empty() ? made : manyMade.data();
  for (size_t i = 0; i < program.inputs.size(); ++i) {
    const Input &input = program.inputs[i];
    arrays[i] = input.outside.is_none() ? PyTuple_GET_ITEM(args, input.argument) : input.outside.ptr();
    if (!input.outside.is_none() || program.arguments[input.argument].what != Argument::number)
      continue;
    void *data = nullptr;
    floats[i] = nb::steal(makeArray(QUERN_F64, 0, nullptr, nullptr, data));
    if (!floats[i])
      throw nb::python_error();
    *static_cast<double *>(data) = PyFloat_AS_DOUBLE(arrays[i]);
    arrays[i] = floats[i].ptr();
  }
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
  if (!program.single)
    return program.flagged ? PyTuple_GetSlice(tuple, 0, count) : results.release().ptr();
  return nb::borrow(PyTuple_GET_ITEM(tuple, 0)).release().ptr();
}

PyObject *Dispatcher::call(PyObject *self, PyObject *args, PyObject *keywords) {
  return callFastOrSlow(self, args, keywords, [&]() -> PyObject * {
    const auto &programs = nb::inst_ptr<Dispatcher>(self)->programs;
    for (size_t i = 0; i < programs.size() && !(keywords && PyDict_GET_SIZE(keywords)); ++i)
      if (fits(*programs[i], args)) {
        std::shared_ptr<const Program> program = programs[i]; // other threads add to the list during the run
        return run(*program, args);
      }
    return nullptr;
  });
}

int Dispatcher::traverse(PyObject *self, visitproc visit, void *arg) {
  Py_VISIT(Py_TYPE(self));
  if (!nb::inst_ready(self))
    return 0;
  for (const std::shared_ptr<const Program> &program : nb::inst_ptr<Dispatcher>(self)->programs) {
    Py_VISIT(program->owner.ptr());
    Py_VISIT(program->classes.ptr());
    for (const Argument &argument : program->arguments)
      Py_VISIT(argument.value.ptr());
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
  return 0;
}

} // namespace quern
