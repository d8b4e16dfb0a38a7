#include "frontends/python/NumpyArray.h"
#define NPY_NO_DEPRECATED_API NPY_1_23_API_VERSION
#define NPY_TARGET_VERSION NPY_1_23_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL quern_numpy
#include <Python.h>
#include <numpy/arrayobject.h>
#include <utility>

namespace quern {

static int numpyType(quern_dtype dtype) {
  switch (dtype) {
  case QUERN_F32:
    return NPY_FLOAT32;
  case QUERN_F64:
    return NPY_FLOAT64;
  case QUERN_F16:
    return NPY_FLOAT16;
  case QUERN_BF16:
    return NPY_UINT16;
  case QUERN_I8:
    return NPY_INT8;
  case QUERN_I16:
    return NPY_INT16;
  case QUERN_I32:
    return NPY_INT32;
  case QUERN_I64:
    return NPY_INT64;
  case QUERN_U8:
    return NPY_UINT8;
  case QUERN_U16:
    return NPY_UINT16;
  case QUERN_U32:
    return NPY_UINT32;
  case QUERN_U64:
    return NPY_UINT64;
  case QUERN_BOOL:
    return NPY_BOOL;
  case QUERN_C64:
    return NPY_COMPLEX64;
  case QUERN_C128:
    return NPY_COMPLEX128;
  }
  return NPY_NOTYPE;
}

bool importNumpy() {
  return _import_array() >= 0;
}

static PyArrayObject *arrayOf(PyObject *object) {
  return reinterpret_cast<PyArrayObject *>(object);
}

bool isPlainArray(PyObject *object) {
  return PyArray_CheckExact(object);
}

bool isArray(PyObject *object) {
  return PyArray_Check(object);
}

ArrayKind kindOf(PyObject *array) {
  return {PyArray_TYPE(arrayOf(array)), PyArray_NDIM(arrayOf(array))};
}

const intptr_t *shapeOf(PyObject *array) {
  return PyArray_DIMS(arrayOf(array));
}

/// The addresses of the first byte and of the one after the last.
static std::pair<const char *, const char *> boundsOf(PyArrayObject *array) {
  const char *first = PyArray_BYTES(array), *last = first;
  for (int axis = 0; axis < PyArray_NDIM(array); ++axis) {
    intptr_t span = (PyArray_DIM(array, axis) - 1) * PyArray_STRIDE(array, axis);
    (span < 0 ? first : last) += span;
  }
  return PyArray_SIZE(array) ? std::pair(first, last + PyArray_ITEMSIZE(array)) : std::pair(first, first);
}

bool mayShareMemory(PyObject *first, PyObject *second) {
  auto [begin, end] = boundsOf(arrayOf(first));
  auto [otherBegin, otherEnd] = boundsOf(arrayOf(second));
  return begin < otherEnd && otherBegin < end;
}

bool readArray(PyObject *object, quern_dtype dtype, quern_tensor &tensor) {
  if (!PyArray_Check(object))
    return false;
  PyArrayObject *array = arrayOf(object);
  // long and long long are two types of one width.
  int type = PyArray_TYPE(array), wanted = numpyType(dtype);
  if (type != wanted &&
      !(PyTypeNum_ISINTEGER(type) && PyTypeNum_ISINTEGER(wanted) && PyArray_EquivTypenums(type, wanted)))
    return false;
  if (!PyArray_CHKFLAGS(array, NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED) || !PyArray_ISNOTSWAPPED(array) ||
      PyArray_NDIM(array) > QUERN_MAX_RANK)
    return false;
  tensor.data = PyArray_DATA(array);
  tensor.bytes = uint64_t(PyArray_NBYTES(array));
  tensor.dtype = dtype;
  tensor.rank = PyArray_NDIM(array);
  for (int axis = 0; axis < tensor.rank; ++axis)
    tensor.dims[axis] = PyArray_DIM(array, axis);
  return true;
}

bool readPairs(PyObject *object, quern_dtype dtype, quern_tensor &tensor) {
  quern_dtype whole = dtype == QUERN_F32 ? QUERN_C64 : QUERN_C128;
  if ((dtype != QUERN_F32 && dtype != QUERN_F64) || !readArray(object, whole, tensor) || tensor.rank == QUERN_MAX_RANK)
    return false;
  tensor.dtype = dtype;
  tensor.dims[tensor.rank++] = 2;
  return true;
}

PyObject *denseComplex(PyObject *object) {
  return PyArray_Check(object) && PyArray_ISCOMPLEX(arrayOf(object))
             ? PyArray_FROM_OF(object, NPY_ARRAY_CARRAY_RO | NPY_ARRAY_NOTSWAPPED)
             : nullptr;
}

PyObject *complexOf(PyObject *array) {
  PyArrayObject *pairs = arrayOf(array);
  void *data = PyArray_DATA(pairs);
  quern_dtype dtype = PyArray_TYPE(pairs) == NPY_FLOAT32 ? QUERN_C64 : QUERN_C128;
  PyObject *result =
      makeArray(dtype, PyArray_NDIM(pairs) - 1, reinterpret_cast<const int64_t *>(PyArray_DIMS(pairs)), array, data);
  Py_DECREF(array);
  return result;
}

PyObject *makeArray(quern_dtype dtype, int rank, const int64_t *dims, PyObject *owner, void *&data) {
  static_assert(sizeof(npy_intp) == sizeof(int64_t));
  auto *shape = const_cast<npy_intp *>(reinterpret_cast<const npy_intp *>(dims));
  PyObject *array = owner ? PyArray_SimpleNewFromData(rank, shape, numpyType(dtype), data)
                          : PyArray_SimpleNew(rank, shape, numpyType(dtype));
  if (!array)
    return nullptr;
  data = PyArray_DATA(arrayOf(array));
  if (!owner)
    return array;
  Py_INCREF(owner);
  if (PyArray_SetBaseObject(arrayOf(array), owner) == 0)
    return array;
  Py_DECREF(array);
  return nullptr;
}

PyObject *takeFrom(PyObject *array, PyObject *positions) {
  PyObject *result = PyArray_TakeFrom(arrayOf(array), positions, 0, nullptr, NPY_RAISE);
  Py_DECREF(positions);
  return result;
}

bool truthOf(PyObject *array) {
  return *static_cast<const bool *>(PyArray_DATA(arrayOf(array)));
}

PyObject *arrayOfScalar(PyObject *scalar) {
  return PyArray_FromScalar(scalar, nullptr);
}

PyObject *scalarOf(PyObject *array) {
  return PyArray_Return(arrayOf(array));
}

} // namespace quern
