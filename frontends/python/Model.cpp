#include "frontends/python/Model.h"
#include "frontends/python/NumpyArray.h"
#include <atomic>
#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <map>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/unique_ptr.h>
#include <unistd.h>

namespace quern {

void raise(const char *name, const std::string &text) {
  nb::object type = nb::module_::import_("quern._errors").attr(name);
  PyErr_SetString(type.ptr(), text.c_str());
  throw nb::python_error();
}

[[noreturn]] static void raise(quern_status status, const std::string &text) {
  switch (status) {
  case QUERN_INVALID_ARGUMENT:
    raise("InputError", text);
  case QUERN_DATA_ERROR: {
    nb::object error = nb::module_::import_("quern._errors").attr("data_error")(text.c_str());
    PyErr_SetObject(error.type().ptr(), error.ptr());
    throw nb::python_error();
  }
  case QUERN_OUT_OF_MEMORY:
    PyErr_SetString(PyExc_MemoryError, text.c_str());
    throw nb::python_error();
  case QUERN_UNSUPPORTED_CPU:
  case QUERN_UNSUPPORTED_DEVICE:
    raise("UnsupportedError", text);
  default:
    raise("ModelError", text);
  }
}

/// The process's pools, one for each number of threads that was asked for; they live as long as the process, because
/// models of other threads may be running when the interpreter goes.
static quern_pool *sharedPool(int threads) {
  static std::map<int, quern_pool *> pools; // under the interpreter's lock
  if (threads <= 1)
    return nullptr;
  quern_pool *&pool = pools[threads];
  if (!pool && !(pool = quern_pool_create(threads)))
    throw std::bad_alloc();
  return pool;
}

static nb::str text(const char *bytes) {
  return nb::steal<nb::str>(PyUnicode_DecodeUTF8(bytes, Py_ssize_t(strlen(bytes)), "replace"));
}

//===--- Opening ----------------------------------------------------------------------------===//

Model::Model(const std::string &path, int threads, unsigned maxLevel, std::pair<int, int> device, nb::object convert)
    : threads(threads), convert(std::move(convert)) {
  if (threads < 1)
    raise("UsageError", "threads=" + std::to_string(threads) + ": at least one thread is needed");
  load(path);
  try {
    open(path, maxLevel, {device.first, device.second});
  } catch (...) {
    unload();
    throw;
  }
}

Model::~Model() {
  for (const std::unique_ptr<Frame> &frame : idle) {
    quern_context_destroy(frame->context);
    for (quern_context *worker : frame->workers)
      quern_context_destroy(worker);
  }
  quern_model_close(model);
  unload();
}

/// A name of a descriptor that no other load has: the dynamic linker keeps the names of a library that it has, and
/// would give that one for a number that stands for another file by now. The load's number is written in slashes.
static std::string freshName(int descriptor) {
  static std::atomic<uint32_t> loads{0};
  std::string name = "/proc/self/fd/";
  for (uint32_t number = ++loads; number; number >>= 1)
    name += number & 1 ? "./" : "/";
  return name + std::to_string(descriptor);
}

/// Loads by the name of an open descriptor: by the path, the dynamic linker would give the library that it has loaded
/// under that path before, also where the file has been compiled anew since.
void Model::load(const std::string &path) {
  file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    raise("FileError", "'" + path + "' cannot be opened: " + strerror(errno));
  std::string name = freshName(file);
  library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library)
    return;
  std::string reason = dlerror();
  if (reason.compare(0, name.size() + 2, name + ": ") == 0)
    reason.erase(0, name.size() + 2);
  close(file);
  raise("ModelError", "'" + path + "' cannot be loaded: " + reason);
}

/// The descriptor stays open as long as the library: its name must stand for no other.
void Model::unload() {
  dlclose(library);
  close(file);
}

void Model::open(const std::string &path, unsigned maxLevel, quern_device device) {
  descriptor = static_cast<const quern_model_descriptor *>(dlsym(library, "quern_model_descriptor"));
  if (!descriptor)
    raise("ModelError", "'" + path + "' is not a model compiled by Quern: it has no descriptor");
  quern_model_options options = {sizeof options, maxLevel, device};
  const char *message = nullptr;
  if (quern_status status = quern_model_open(descriptor, &options, &model, &message))
    raise(status, "'" + path + "': " + (message ? message : quern_status_text(status)));
  descriptor = quern_model_get_descriptor(model); // of what runs it
}

//===--- What it says of itself -------------------------------------------------------------===//

nb::dict Model::metadata() const {
  nb::dict result;
  for (uint32_t i = 0; i < descriptor->num_metadata; ++i)
    result[text(descriptor->metadata[i].key)] = text(descriptor->metadata[i].value);
  return result;
}

nb::str Model::manifest() const {
  return text(descriptor->manifest ? descriptor->manifest : "{}");
}
nb::str Model::name() const {
  return text(descriptor->name);
}
nb::str Model::level() const {
  return text(quern_model_get_level(model)->name);
}

nb::tuple Model::device() const {
  quern_device place = quern_model_get_device(model);
  return nb::make_tuple(place.type, place.ordinal);
}

nb::tuple Model::describe(const quern_value_info *values, uint32_t count) const {
  nb::list result;
  for (uint32_t i = 0; i < count; ++i) {
    nb::list dims;
    for (int32_t axis = 0; axis < values[i].rank; ++axis) {
      int64_t dim = values[i].dims[axis];
      if (dim >= 0)
        dims.append(dim);
      else if (dim == QUERN_COMPUTED_DIM)
        dims.append(nb::none());
      else
        dims.append(text(descriptor->symbols[-1 - dim]));
    }
    result.append(nb::make_tuple(text(values[i].name), quern_dtype_name(values[i].dtype), nb::tuple(dims)));
  }
  return nb::tuple(result);
}

//===--- A call -----------------------------------------------------------------------------===//

std::unique_ptr<Model::Frame> Model::take() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (!idle.empty()) {
      std::unique_ptr<Frame> frame = std::move(idle.back());
      idle.pop_back();
      return frame;
    }
  }
  auto frame = std::make_unique<Frame>();
  frame->inputs.resize(descriptor->num_inputs);
  frame->outputs.resize(descriptor->num_outputs);
  frame->places.resize(descriptor->num_inputs);
  frame->results.resize(descriptor->num_outputs);
  frame->blocks.resize(descriptor->num_outputs);
  quern_context_options options = {};
  options.size = sizeof options;
  options.pool = frame->pool = sharedPool(threads);
  if (quern_status status = quern_context_create(model, &options, &frame->context))
    raise(status, quern_status_text(status));
  return frame;
}

void Model::giveBack(std::unique_ptr<Frame> frame) {
  for (StringMemory &strings : frame->strings)
    strings.release();
  frame->holders.clear();
  std::fill(frame->places.begin(), frame->places.end(), quern_device{});
  frame->deviceHolders.clear();
  std::fill(frame->results.begin(), frame->results.end(), nb::object());
  for (std::unique_ptr<OutputBlock> &block : frame->blocks)
    block.reset();
  std::lock_guard<std::mutex> lock(mutex);
  idle.push_back(std::move(frame));
}

void Model::convertInput(uint32_t index, nb::handle object, nb::object &holder, quern_tensor &tensor) const {
  const quern_value_info &info = descriptor->inputs[index];
  holder = convert(object, text(info.name), quern_dtype_name(info.dtype));
  if (isArray(holder.ptr()) && kindOf(holder.ptr()).rank > QUERN_MAX_RANK)
    raise("InputError", std::string("input '") + info.name + "' has " + std::to_string(kindOf(holder.ptr()).rank) +
                            " dims, expected " + std::to_string(info.rank));
  if (!readArray(holder.ptr(), info.dtype, tensor))
    raise("InputError", std::string("input '") + info.name + "' cannot be read as " + quern_dtype_name(info.dtype));
}

void Model::readStrings(uint32_t index, nb::handle object, Frame &frame) const {
  const quern_value_info &info = descriptor->inputs[index];
  frame.strings.resize(frame.inputs.size());
  StringMemory &memory = frame.strings[index];
  if (memory.read(object.ptr(), info.name, frame.inputs[index]))
    return;
  nb::object array = convert(object, text(info.name), quern_dtype_name(info.dtype));
  if (!memory.read(array.ptr(), info.name, frame.inputs[index]))
    raise("InputError", std::string("input '") + info.name + "' cannot be read as strings");
  frame.holders.resize(frame.inputs.size());
  frame.holders[index] = array;
}

/// DLPack's name of a dtype; bfloat16 and bool are types of their own there.
static bool hasDtype(nb::dlpack::dtype given, quern_dtype wanted) {
  static constexpr struct {
    quern_dtype dtype;
    nb::dlpack::dtype_code code;
  } rows[] = {{QUERN_F16, nb::dlpack::dtype_code::Float},   {QUERN_F32, nb::dlpack::dtype_code::Float},
              {QUERN_F64, nb::dlpack::dtype_code::Float},   {QUERN_BF16, nb::dlpack::dtype_code::Bfloat},
              {QUERN_BOOL, nb::dlpack::dtype_code::Bool},   {QUERN_I8, nb::dlpack::dtype_code::Int},
              {QUERN_I16, nb::dlpack::dtype_code::Int},     {QUERN_I32, nb::dlpack::dtype_code::Int},
              {QUERN_I64, nb::dlpack::dtype_code::Int},     {QUERN_U8, nb::dlpack::dtype_code::UInt},
              {QUERN_U16, nb::dlpack::dtype_code::UInt},    {QUERN_U32, nb::dlpack::dtype_code::UInt},
              {QUERN_U64, nb::dlpack::dtype_code::UInt},    {QUERN_C64, nb::dlpack::dtype_code::Complex},
              {QUERN_C128, nb::dlpack::dtype_code::Complex}};
  for (const auto &row : rows)
    if (row.dtype == wanted)
      return given.code == uint8_t(row.code) && given.lanes == 1 && given.bits == 8 * quern_dtype_size(wanted);
  return false;
}

bool Model::readDevice(uint32_t index, nb::handle object, nb::ndarray<> &array, quern_tensor &tensor,
                       quern_device &place) const {
  if (PyObject_CheckBuffer(object.ptr()) || !nb::hasattr(object, "__dlpack_device__"))
    return false;
  auto [type, ordinal] = nb::cast<std::pair<int, int>>(object.attr("__dlpack_device__")());
  if (type == QUERN_CPU || type == QUERN_CUDA_HOST)
    return false;
  const quern_value_info &info = descriptor->inputs[index];
  if (!nb::try_cast(object, array, /*convert=*/false))
    raise("InputError", std::string("input '") + info.name + "' does not give its memory by DLPack");
  if (!hasDtype(array.dtype(), info.dtype))
    raise("InputError",
          std::string("input '") + info.name + "' has another dtype than " + quern_dtype_name(info.dtype));
  if (array.ndim() > QUERN_MAX_RANK)
    raise("InputError", std::string("input '") + info.name + "' has " + std::to_string(array.ndim()) +
                            " dims, expected " + std::to_string(info.rank));
  tensor = {array.data(), array.nbytes(), info.dtype, int32_t(array.ndim()), {}};
  int64_t dense = 1;
  for (size_t axis = array.ndim(); axis-- > 0; dense *= tensor.dims[axis]) {
    tensor.dims[axis] = int64_t(array.shape(axis));
    if (tensor.dims[axis] > 1 && array.size() && array.stride(axis) != dense)
      raise("InputError",
            std::string("input '") + info.name + "' is not contiguous in the device's memory; make it so");
  }
  place = {type, ordinal};
  return true;
}

bool Model::inferDims(const quern_value_info &value, const std::vector<quern_tensor> &inputs, int64_t *dims) const {
  for (int32_t position = 0; position < value.rank; ++position) {
    int64_t dim = value.dims[position], symbol = dim;
    for (uint32_t i = 0; i < inputs.size() && dim < 0; ++i) {
      if (inputs[i].rank != descriptor->inputs[i].rank)
        return false; // quern_run will say so
      for (int32_t axis = 0; axis < inputs[i].rank && dim < 0; ++axis)
        if (symbol != QUERN_COMPUTED_DIM && descriptor->inputs[i].dims[axis] == symbol)
          dim = inputs[i].dims[axis];
    }
    if (dim < 0)
      return false;
    dims[position] = dim;
  }
  return true;
}

std::unique_ptr<OutputBlock> Model::outputBlock(size_t bytes) const {
  return bytes < OutputMemory::smallest ? nullptr : std::make_unique<OutputBlock>(memory, bytes);
}

void *Model::lateOutput(void *call, uint32_t index, uint64_t bytes) {
  auto &[model, frame] = *static_cast<Call *>(call);
  if (model.descriptor->outputs[index].dtype == QUERN_STRING)
    return nullptr;
  try {
    frame->blocks[index] = model.outputBlock(bytes);
  } catch (const std::bad_alloc &) { // the context has none either, and says so
    return nullptr;
  }
  return frame->blocks[index] ? frame->blocks[index]->data() : nullptr;
}

nb::object Model::makeOutput(uint32_t index, MakeOutput make, quern_tensor &tensor, std::unique_ptr<OutputBlock> block,
                             size_t &given) const {
  const quern_value_info &info = descriptor->outputs[index];
  size_t bytes = quern_dtype_size(info.dtype);
  for (int32_t axis = 0; axis < tensor.rank; ++axis)
    if (__builtin_mul_overflow(bytes, size_t(tensor.dims[axis]), &bytes))
      throw std::bad_alloc();
  if (!block)
    block = outputBlock(bytes);
  given += block ? block->capacity() : 0;
  PyObject *made = make(info.dtype, tensor.rank, tensor.dims, std::move(block), tensor.data);
  if (!made)
    throw nb::python_error();
  tensor.bytes = bytes;
  return nb::steal(made);
}

/// Reads a copy of an array of complex numbers.
static bool readDense(PyObject *array, quern_dtype dtype, nb::object &holder, quern_tensor &tensor) {
  holder = nb::steal(denseComplex(array));
  if (!holder.is_valid() && PyErr_Occurred())
    throw nb::python_error();
  return holder.is_valid() && readPairs(holder.ptr(), dtype, tensor);
}

void Model::readInputs(PyObject *const *arrays, bool pairs, Frame &frame) const {
  for (uint32_t i = 0; i < frame.inputs.size(); ++i) {
    quern_dtype dtype = descriptor->inputs[i].dtype;
    if (dtype == QUERN_STRING) {
      readStrings(i, arrays[i], frame);
      continue;
    }
    if (readArray(arrays[i], dtype, frame.inputs[i]) || (pairs && readPairs(arrays[i], dtype, frame.inputs[i])))
      continue;
    frame.holders.resize(frame.inputs.size());
    frame.deviceHolders.resize(frame.inputs.size());
    if (pairs && readDense(arrays[i], dtype, frame.holders[i], frame.inputs[i]))
      continue;
    if (!readDevice(i, arrays[i], frame.deviceHolders[i], frame.inputs[i], frame.places[i]))
      convertInput(i, arrays[i], frame.holders[i], frame.inputs[i]);
  }
}

nb::object Model::run(nb::args arrays) {
  checkCount(arrays);
  return runOn(&PyTuple_GET_ITEM(arrays.ptr(), 0));
}

nb::object Model::runRows(nb::args arrays) {
  checkCount(arrays);
  return runOn(&PyTuple_GET_ITEM(arrays.ptr(), 0), /*pairs=*/false, /*byRows=*/true);
}

void Model::checkCount(nb::args arrays) const {
  if (arrays.size() != descriptor->num_inputs)
    raise("InputError", "the model takes " + std::to_string(descriptor->num_inputs) + " inputs, but " +
                            std::to_string(arrays.size()) + " were given");
}

static PyObject *makeNumpyOutput(quern_dtype dtype, int rank, const int64_t *dims, std::unique_ptr<OutputBlock> block,
                                 void *&data) {
  nb::object owner;
  if (block) {
    data = block->data();
    owner = nb::cast(std::move(block));
  }
  return makeArray(dtype, rank, dims, owner.ptr(), data);
}

nb::object Model::runOn(PyObject *const *arrays, bool pairs, bool byRows) {
  Call call(*this);
  readInputs(arrays, pairs, *call.frame);
  return call.run(makeNumpyOutput, byRows);
}

nb::object Model::Call::run(MakeOutput make, bool byRows) {
  const quern_model_descriptor *descriptor = model.descriptor;
  size_t given = 0; // bytes of output memory
  for (uint32_t i = 0; i < frame->outputs.size(); ++i) {
    quern_tensor &output = frame->outputs[i];
    output = {nullptr, 0, descriptor->outputs[i].dtype, 0, {}};
    if (output.dtype == QUERN_STRING ||
        !model.inferDims(descriptor->outputs[i], frame->inputs, output.dims))
      continue;
    output.rank = descriptor->outputs[i].rank;
    frame->results[i] = model.makeOutput(i, make, output, nullptr, given);
  }
  quern_status status;
  std::string error;
  {
    nb::gil_scoped_release release;
    quern_places places = {sizeof places, 0, frame->places.data(), nullptr, lateOutput, this};
    int64_t block = byRows && model.hasRows(*frame) ? model.blockRows(*frame, frame->inputs[0].dims[0]) : 0;
    if (block)
      status = model.runBlocks(*frame, block, error);
    else if ((status = quern_run_on(frame->context, frame->inputs.data(), frame->inputs.size(), frame->outputs.data(),
                                    frame->outputs.size(), &places)))
      error = quern_context_error(frame->context);
  }
  if (status)
    raise(status, error);
  for (uint32_t i = 0; i < frame->outputs.size(); ++i) {
    if (frame->results[i])
      continue;
    if (frame->outputs[i].dtype == QUERN_STRING) {
      frame->results[i] = makeStrings(frame->outputs[i]);
      continue;
    }
    const void *made = frame->outputs[i].data;
    frame->results[i] = model.makeOutput(i, make, frame->outputs[i], std::move(frame->blocks[i]), given);
    if (frame->outputs[i].data != made && frame->outputs[i].bytes)
      memcpy(frame->outputs[i].data, made, frame->outputs[i].bytes);
  }
  if (given)
    model.memory->countCall(given);
  nb::object tuple = nb::steal(PyTuple_New(Py_ssize_t(frame->results.size())));
  for (size_t i = 0; i < frame->results.size(); ++i)
    PyTuple_SET_ITEM(tuple.ptr(), Py_ssize_t(i), frame->results[i].release().ptr());
  return tuple;
}

} // namespace quern
