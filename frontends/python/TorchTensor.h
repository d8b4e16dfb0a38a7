// PyTorch's tensors without PyTorch's headers: by DLPack's C exchange interface, which the class Tensor carries as
// __dlpack_c_exchange_api__ (https://dmlc.github.io/dlpack/latest/c_api.html), and by the C functions behind two of its
// attributes. All of it costs tens of nanoseconds a tensor.
#pragma once
#include "frontends/python/OutputMemory.h"
#include "quern/runtime.h"
#include <memory>

// As in Python.h.
typedef struct _object PyObject;

namespace quern {

/// To be called once with the class torch.Tensor, before the others. False: an exception is set.
bool importTorch(PyObject *tensorClass);

/// Fills `tensor` with a tensor of this dtype that is dense in row-major order in the processor's memory: it can be
/// read where it lies. False, without an exception, if it is none.
bool readTensor(PyObject *object, quern_dtype dtype, quern_tensor &tensor);

/// What changes when a tensor is written to, or gets other memory. Negative: an exception is set.
struct TensorState {
  int64_t version, address;
  bool operator==(const TensorState &) const = default;
};
TensorState stateOf(PyObject *tensor);

/// A new tensor; null with an exception set where there is no memory. `block`: its memory, null for memory that comes
/// with it; `data` becomes the tensor's.
PyObject *makeTensor(quern_dtype dtype, int rank, const int64_t *dims, std::unique_ptr<OutputBlock> block, void *&data);

} // namespace quern
