#include "frontends/python/Arguments.h"

namespace quern {

void Leaves::push(PyObject *leaf) {
  if (count < few.size())
    few[count] = leaf;
  else
    many.push_back(leaf);
  Py_INCREF(leaf);
  ++count;
}

void Leaves::clear() {
  for (size_t i = 0; i < count; ++i)
    Py_DECREF((*this)[i]);
  many.clear();
  count = 0;
}

Argument Argument::read(nb::handle row) {
  nb::tuple parts = nb::cast<nb::tuple>(row);
  Argument argument{What(nb::cast<int>(parts[0])),
                    {nb::cast<int>(parts[1]), nb::cast<int>(parts[2])},
                    nb::cast<uint32_t>(parts[3]),
                    nb::object(parts[4]),
                    {}};
  for (nb::handle child : parts[5])
    argument.children.push_back(read(child));
  return argument;
}

static bool isSame(PyObject *given, PyObject *value) {
  if (given == value)
    return true;
  if (PyUnicode_CheckExact(given) && PyUnicode_CheckExact(value))
    return PyUnicode_Compare(given, value) == 0;
  return PyLong_CheckExact(given) && PyLong_CheckExact(value) && PyObject_RichCompareBool(given, value, Py_EQ) == 1;
}

bool Argument::fitsArray(PyObject *given) const {
  if (!isPlainArray(given) || !(kindOf(given) == kind))
    return false;
  if (what == anyExtents)
    return true;
  const intptr_t *shape = shapeOf(given);
  for (int axis = 0; axis < kind.rank; ++axis)
    if ((shape[axis] == 1) != bool(ones >> axis & 1))
      return false;
  return true;
}

bool Argument::fitsDict(PyObject *given, Leaves &leaves) const {
  if (!PyDict_CheckExact(given) || size_t(PyDict_GET_SIZE(given)) != children.size())
    return false;
  PyObject *key, *item;
  Py_ssize_t position = 0;
  for (size_t i = 0; i < children.size() && PyDict_Next(given, &position, &key, &item); ++i)
    if (!isSame(key, PyTuple_GET_ITEM(value.ptr(), i)) || !children[i].fits(item, leaves))
      return false;
  return true;
}

bool Argument::fitsRecord(PyObject *given, Leaves &leaves) const {
  if (reinterpret_cast<PyObject *>(Py_TYPE(given)) != PyTuple_GET_ITEM(value.ptr(), 0))
    return false;
  for (size_t i = 0; i < children.size(); ++i) {
    nb::object item = nb::steal(PyObject_GetAttr(given, PyTuple_GET_ITEM(value.ptr(), i + 1)));
    if (!item.is_valid())
      PyErr_Clear();
    if (!item.is_valid() || !children[i].fits(item.ptr(), leaves))
      return false;
  }
  return true;
}

bool Argument::fits(PyObject *given, Leaves &leaves) const {
  switch (what) {
  case constant:
    return isSame(given, value.ptr());
  case tuple:
  case list:
    if (what == tuple ? !PyTuple_CheckExact(given) : !PyList_CheckExact(given))
      return false;
    if (size_t(PySequence_Fast_GET_SIZE(given)) != children.size())
      return false;
    for (size_t i = 0; i < children.size(); ++i)
      if (!children[i].fits(PySequence_Fast_GET_ITEM(given, i), leaves))
        return false;
    return true;
  case dict:
    return fitsDict(given, leaves);
  case record:
    return fitsRecord(given, leaves);
  case array:
  case anyExtents:
    if (!fitsArray(given))
      return false;
    break;
  case number:
    if (!PyFloat_CheckExact(given))
      return false;
    break;
  case scalar:
    if (reinterpret_cast<PyObject *>(Py_TYPE(given)) != value.ptr())
      return false;
    break;
  }
  leaves.push(given);
  return true;
}

int Argument::traverse(visitproc visit, void *arg) const {
  Py_VISIT(value.ptr());
  for (const Argument &child : children)
    if (int result = child.traverse(visit, arg))
      return result;
  return 0;
}

bool Signature::bind(PyObject *args, PyObject *keywords, PyObject **slots) const {
  size_t given = PyTuple_GET_SIZE(args);
  if (given > positional)
    return false;
  for (size_t i = 0; i < names.size(); ++i)
    slots[i] = i < given ? PyTuple_GET_ITEM(args, i) : nullptr;
  PyObject *name, *value;
  Py_ssize_t position = 0;
  while (keywords && PyDict_Next(keywords, &position, &name, &value)) {
    size_t i = positionalOnly;
    while (i < names.size() && !isSame(names[i].ptr(), name))
      ++i;
    if (i == names.size() || slots[i])
      return false;
    slots[i] = value;
  }
  for (size_t i = given; i < names.size(); ++i)
    if (!slots[i] && !(slots[i] = defaults[i].ptr()))
      return false;
  return true;
}

int Signature::traverse(visitproc visit, void *arg) const {
  for (const nb::object &value : defaults)
    Py_VISIT(value.ptr());
  return 0;
}

} // namespace quern
