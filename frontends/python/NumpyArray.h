// NumPy's arrays by its C interface, which costs a tenth of the buffer protocol.
#pragma once
#include "quern/runtime.h"

// As in Python.h.
typedef struct _object PyObject;

namespace quern {

/// To be called once, when the module is made. False: an ImportError is set.
bool importNumpy();

/// Whether `object` is an ndarray, or exactly of that class: others may have rules of their own.
bool isArray(PyObject *object);
bool isPlainArray(PyObject *object);

/// NumPy's number of the dtype of an array, and its rank.
struct ArrayKind {
  int type, rank;
  bool operator==(const ArrayKind &) const = default;
};
ArrayKind kindOf(PyObject *array);
const intptr_t *shapeOf(PyObject *array);
/// Whether the bytes from an array's first to its last element overlap with those of another.
bool mayShareMemory(PyObject *first, PyObject *second);

/// Fills `tensor` with an ndarray of this dtype that is dense in row-major order, aligned and native: it can be read
/// where it lies. False if it is none. bfloat16 lies in arrays of uint16.
bool readArray(PyObject *object, quern_dtype dtype, quern_tensor &tensor);
/// The same for an array of complex numbers as floats of this dtype: pairs along one more axis.
bool readPairs(PyObject *object, quern_dtype dtype, quern_tensor &tensor);
/// A copy of an array of complex numbers that readPairs takes; null where it is none, with an exception set where there is
/// no memory.
PyObject *denseComplex(PyObject *object);
/// The complex numbers of such pairs; takes the reference to `array`.
PyObject *complexOf(PyObject *array);

/// A new array; null with an exception set where there is no memory. `owner`: whose memory `data` is, which the array
/// keeps alive; null for memory of its own. `data` becomes the array's.
PyObject *makeArray(quern_dtype dtype, int rank, const int64_t *dims, PyObject *owner, void *&data);

/// The elements of an array at these positions; takes the reference to `positions`.
PyObject *takeFrom(PyObject *array, PyObject *positions);
/// The first element of an array of bools.
bool truthOf(PyObject *array);

/// A number of NumPy's as an array of rank 0; null with an exception set where there is no memory.
PyObject *arrayOfScalar(PyObject *scalar);
/// An array of rank 0 as NumPy's scalar. Takes the reference; null with an exception set where there is no memory.
PyObject *scalarOf(PyObject *array);

} // namespace quern
