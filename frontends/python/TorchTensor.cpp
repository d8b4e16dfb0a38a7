#include "frontends/python/TorchTensor.h"
#include <Python.h>
#include <cstring>
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

namespace nb = nanobind;
using nb::dlpack::dltensor;
using nb::dlpack::dtype_code;

namespace quern {

//===--- DLPack 1.3, of which nanobind has the tensor ---------------------------------------===//

namespace {
struct Version {
  uint32_t major, minor;
};
struct ManagedTensor {
  Version version;
  void *context;
  void (*deleter)(ManagedTensor *);
  uint64_t flags;
  dltensor tensor;
};
struct ExchangeHeader {
  Version version;
  ExchangeHeader *previous;
};
struct ExchangeInterface {
  ExchangeHeader header;
  int (*allocate)(dltensor *, ManagedTensor **, void *, void (*)(void *, const char *, const char *));
  int (*managedFromPython)(void *, ManagedTensor **);
  int (*managedToPython)(ManagedTensor *, void **);
  int (*tensorFromPython)(void *, dltensor *);
  int (*currentStream)(int32_t, int32_t, void **);
};
constexpr uint32_t majorVersion = 1;

/// What a class says of itself: found once, read by every call.
struct TorchClass {
  const ExchangeInterface *exchange = nullptr;
  PyGetSetDef *version = nullptr;
  PyMethodDef *address = nullptr;
};
TorchClass torchClass;
} // namespace

bool importTorch(PyObject *tensorClass) {
  nb::object capsule = nb::steal(PyObject_GetAttrString(tensorClass, "__dlpack_c_exchange_api__"));
  if (!capsule)
    return false;
  auto *header = static_cast<ExchangeHeader *>(PyCapsule_GetPointer(capsule.ptr(), "dlpack_exchange_api"));
  while (header && header->version.major != majorVersion)
    header = header->previous;
  nb::object version = nb::steal(PyObject_GetAttrString(tensorClass, "_version"));
  nb::object address = nb::steal(PyObject_GetAttrString(tensorClass, "data_ptr"));
  if (PyErr_Occurred())
    return false;
  auto *exchange = reinterpret_cast<const ExchangeInterface *>(header);
  if (!exchange || !exchange->tensorFromPython || Py_TYPE(version.ptr()) != &PyGetSetDescr_Type ||
      Py_TYPE(address.ptr()) != &PyMethodDescr_Type) {
    PyErr_SetString(PyExc_ImportError, "this PyTorch does not give tensors by DLPack 1's C interface");
    return false;
  }
  torchClass = {exchange, reinterpret_cast<PyGetSetDescrObject *>(version.ptr())->d_getset,
                reinterpret_cast<PyMethodDescrObject *>(address.ptr())->d_method};
  return true;
}

//===--- Dtypes -----------------------------------------------------------------------------===//

namespace {
struct DtypeRow {
  quern_dtype dtype;
  dtype_code code;
};
constexpr DtypeRow dtypeRows[] = {
    {QUERN_F32, dtype_code::Float},   {QUERN_F64, dtype_code::Float}, {QUERN_F16, dtype_code::Float},
    {QUERN_BF16, dtype_code::Bfloat}, {QUERN_BOOL, dtype_code::Bool}, {QUERN_I8, dtype_code::Int},
    {QUERN_I16, dtype_code::Int},     {QUERN_I32, dtype_code::Int},   {QUERN_I64, dtype_code::Int},
    {QUERN_U8, dtype_code::UInt},     {QUERN_U16, dtype_code::UInt},  {QUERN_U32, dtype_code::UInt},
    {QUERN_U64, dtype_code::UInt}};
} // namespace

static nb::dlpack::dtype dlpackOf(quern_dtype dtype) {
  for (const DtypeRow &row : dtypeRows)
    if (row.dtype == dtype)
      return {uint8_t(row.code), uint8_t(8 * quern_dtype_size(dtype)), 1};
  return {};
}

//===--- In ---------------------------------------------------------------------------------===//

bool readTensor(PyObject *object, quern_dtype dtype, quern_tensor &tensor) {
  dltensor given;
  if (torchClass.exchange->tensorFromPython(object, &given)) {
    PyErr_Clear();
    return false;
  }
  nb::dlpack::dtype wanted = dlpackOf(dtype);
  if (given.device.device_type != nb::device::cpu::value || given.ndim > QUERN_MAX_RANK ||
      given.dtype.code != wanted.code || given.dtype.bits != wanted.bits || given.dtype.lanes != 1)
    return false;
  int64_t count = 1, dense = 1;
  for (int axis = 0; axis < given.ndim; ++axis)
    count *= tensor.dims[axis] = given.shape[axis];
  for (int axis = given.ndim; axis-- > 0; dense *= given.shape[axis])
    if (given.shape[axis] > 1 && count && given.strides[axis] != dense)
      return false;
  tensor.data = static_cast<char *>(given.data) + given.byte_offset;
  tensor.bytes = uint64_t(count) * quern_dtype_size(dtype);
  tensor.dtype = dtype;
  tensor.rank = given.ndim;
  return reinterpret_cast<uintptr_t>(tensor.data) % quern_dtype_size(dtype) == 0;
}

/// -1 where there is none: tensors that were made under torch.inference_mode() do not count who writes to them.
static int64_t takeInteger(PyObject *number) {
  if (!number) {
    PyErr_Clear();
    return -1;
  }
  int64_t value = PyLong_AsLongLong(number);
  Py_DECREF(number);
  return value;
}

TensorState stateOf(PyObject *tensor) {
  return {takeInteger(torchClass.version->get(tensor, torchClass.version->closure)),
          takeInteger(torchClass.address->ml_meth(tensor, nullptr))};
}

//===--- Out --------------------------------------------------------------------------------===//

namespace {
/// A tensor on its way to PyTorch, which calls the deleter when nothing uses it any more, from any thread.
struct Output {
  ManagedTensor managed;
  int64_t dims[QUERN_MAX_RANK], strides[QUERN_MAX_RANK];
  std::unique_ptr<OutputBlock> block;
};
constexpr size_t line = 64;
constexpr size_t headBytes = (sizeof(Output) + line - 1) / line * line;

void destroyOutput(ManagedTensor *managed) {
  auto *output = static_cast<Output *>(managed->context);
  output->~Output();
  free(output);
}
} // namespace

PyObject *makeTensor(quern_dtype dtype, int rank, const int64_t *dims, std::unique_ptr<OutputBlock> block,
                     void *&data) {
  size_t elements = 1;
  for (int axis = 0; axis < rank; ++axis)
    elements *= size_t(dims[axis]); // a block's size or a small one
  size_t bytes = block ? 0 : (elements * quern_dtype_size(dtype) + line - 1) / line * line;
  void *memory = aligned_alloc(line, headBytes + bytes);
  if (!memory)
    return PyErr_NoMemory();
  auto *output = new (memory) Output{};
  output->block = std::move(block);
  data = output->block ? output->block->data() : static_cast<char *>(memory) + headBytes;
  int64_t dense = 1;
  for (int axis = rank; axis-- > 0;) {
    output->dims[axis] = dims[axis];
    output->strides[axis] = dense;
    dense *= dims[axis] > 1 ? dims[axis] : 1;
  }
  output->managed = {{majorVersion, 0},
                     output,
                     destroyOutput,
                     /*flags=*/0,
                     {data, {nb::device::cpu::value, 0}, rank, dlpackOf(dtype), output->dims, output->strides, 0}};
  void *tensor = nullptr;
  if (torchClass.exchange->managedToPython(&output->managed, &tensor)) {
    destroyOutput(&output->managed);
    return nullptr;
  }
  return static_cast<PyObject *>(tensor);
}

} // namespace quern
