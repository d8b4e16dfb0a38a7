// Calls that run without Python where they can.
#pragma once
#include "frontends/python/Model.h"

namespace quern {

/// tp_call of a type with a fast path. `fast` takes nothing and gives a new reference, or null: with Python's error set
/// that is the error of the call, and without it the method `_call` of `self` answers. What `fast` throws becomes
/// Python's error.
template <typename Fast> PyObject *callFastOrSlow(PyObject *self, PyObject *args, PyObject *keywords, Fast fast) {
  try {
    PyObject *result = fast();
    if (result || PyErr_Occurred())
      return result;
  } catch (nb::python_error &error) {
    error.restore();
    return nullptr;
  } catch (const std::bad_alloc &) {
    return PyErr_NoMemory();
  } catch (const std::exception &error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
    return nullptr;
  }
  PyObject *slow = PyObject_GetAttrString(self, "_call");
  if (!slow)
    return nullptr;
  PyObject *result = PyObject_Call(slow, args, keywords);
  Py_DECREF(slow);
  return result;
}

} // namespace quern
