// quern._runtime: opens compiled models and runs them on arrays. The only file of the project with exceptions.
//
// A model may be called from any number of threads: each call takes a context of its own from the model's free list,
// and gives up the interpreter's lock while it runs. Inputs are read where they lie; what this file cannot read in
// place (lists, strided or foreign arrays) goes through `convert` of quern/_arrays.py first.
#include "quern/runtime.h"
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <optional>
#include <string>
#include <unistd.h>
#include <vector>

namespace nb = nanobind;

namespace {

/// Raises quern._errors.NAME.
[[noreturn]] void raise(const char *name, const std::string &text) {
  nb::object type = nb::module_::import_("quern._errors").attr(name);
  PyErr_SetString(type.ptr(), text.c_str());
  throw nb::python_error();
}

[[noreturn]] void raise(quern_status status, const std::string &text) {
  switch (status) {
  case QUERN_INVALID_ARGUMENT:
    raise("InputError", text);
  case QUERN_DATA_ERROR:
    raise("DataError", text);
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
quern_pool *sharedPool(int threads) {
  static std::map<int, quern_pool *> pools; // under the interpreter's lock
  if (threads <= 1)
    return nullptr;
  quern_pool *&pool = pools[threads];
  if (!pool && !(pool = quern_pool_create(threads)))
    throw std::bad_alloc();
  return pool;
}

/// A view of an object's memory, given back at the end of the scope.
class Buffer {
public:
  Buffer() = default;
  Buffer(const Buffer &) = delete;
  ~Buffer() { release(); }

  bool acquire(PyObject *object, int flags) {
    release();
    held = PyObject_GetBuffer(object, &view, flags) == 0;
    if (!held)
      PyErr_Clear();
    return held;
  }
  void release() {
    if (held)
      PyBuffer_Release(&view);
    held = false;
  }

  Py_buffer view;

private:
  bool held = false;
};

/// Whether a buffer's struct-module format is the native form of the dtype. The integers' letters differ by platform,
/// so the size decides among them.
bool hasFormat(const Py_buffer &view, quern_dtype dtype) {
  const char *format = view.format ? view.format : "B";
  if (*format == '@' || *format == '=' || *format == '<') // every host of the runtime is little-endian
    ++format;
  if (size_t(view.itemsize) != quern_dtype_size(dtype) || !*format)
    return false;
  const char *letters = "";
  switch (dtype) {
  case QUERN_F32: case QUERN_F64: case QUERN_F16: letters = "fde"; break;
  case QUERN_I8: case QUERN_I16: case QUERN_I32: case QUERN_I64: letters = "bhilq"; break;
  case QUERN_U8: case QUERN_U16: case QUERN_U32: case QUERN_U64: case QUERN_BF16: letters = "BHILQ"; break;
  case QUERN_BOOL: letters = "?"; break;
  case QUERN_C64: case QUERN_C128: return *format == 'Z' && format[1] && !format[2];
  }
  return strchr(letters, *format) && !format[1];
}

/// Memory for the large outputs of one model, used again when the arrays that lie in it are gone: fresh pages from the
/// system cost more than many a kernel. Keeps as much in reserve as the largest call gave out, the latest blocks.
class OutputMemory {
public:
  static constexpr size_t smallest = size_t(1) << 16; // below, the arrays' own allocator is as good

  OutputMemory() = default;
  OutputMemory(const OutputMemory &) = delete;
  ~OutputMemory() {
    for (const Piece &piece : idle)
      free(piece.data);
  }

  struct Piece {
    void *data;
    size_t bytes;
  };

  Piece take(size_t bytes) {
    {
      std::lock_guard<std::mutex> lock(mutex);
      auto best = idle.end();
      for (auto it = idle.begin(); it != idle.end(); ++it)
        if (it->bytes >= bytes && it->bytes / 2 <= bytes && (best == idle.end() || it->bytes < best->bytes))
          best = it;
      if (best != idle.end()) {
        Piece piece = *best;
        idle.erase(best);
        kept -= piece.bytes;
        return piece;
      }
    }
    constexpr size_t line = 64;
    size_t rounded = (bytes + line - 1) / line * line;
    void *data = rounded < bytes ? nullptr : aligned_alloc(line, rounded);
    if (!data)
      throw std::bad_alloc();
    return {data, rounded};
  }

  void giveBack(Piece piece) noexcept {
    std::lock_guard<std::mutex> lock(mutex);
    try {
      idle.push_back(piece);
    } catch (const std::bad_alloc &) {
      free(piece.data);
      return;
    }
    kept += piece.bytes;
    size_t first = 0;
    for (; kept > most; ++first) {
      kept -= idle[first].bytes;
      free(idle[first].data);
    }
    idle.erase(idle.begin(), idle.begin() + ptrdiff_t(first));
  }

  /// Says how much one call gave out.
  void countCall(size_t bytes) {
    std::lock_guard<std::mutex> lock(mutex);
    most = std::max(most, bytes);
  }

private:
  std::mutex mutex;
  std::vector<Piece> idle;
  size_t kept = 0, most = 0;
};

/// One piece of a model's output memory, which the array over it owns.
class OutputBlock {
public:
  OutputBlock(std::shared_ptr<OutputMemory> memory, size_t bytes)
      : memory(std::move(memory)), piece(this->memory->take(bytes)), bytes(bytes) {}
  OutputBlock(const OutputBlock &) = delete;
  ~OutputBlock() { memory->giveBack(piece); }

  /// The buffer protocol's.
  static int getBuffer(PyObject *self, Py_buffer *view, int flags) {
    auto *block = nb::inst_ptr<OutputBlock>(self);
    return PyBuffer_FillInfo(view, self, block->piece.data, Py_ssize_t(block->bytes), 0, flags);
  }

  size_t capacity() const { return piece.bytes; }

private:
  std::shared_ptr<OutputMemory> memory;
  OutputMemory::Piece piece;
  size_t bytes;
};

class Model {
public:
  Model(const std::string &path, int threads, unsigned maxLevel, std::pair<int, int> device, nb::object convert,
        nb::object empty)
      : threads(threads), convert(std::move(convert)), empty(std::move(empty)) {
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

  Model(const Model &) = delete;

  ~Model() {
    for (quern_context *context : idle)
      quern_context_destroy(context);
    quern_model_close(model);
    unload();
  }

  nb::object run(nb::args arrays);

  nb::tuple inputs() const { return describe(descriptor->inputs, descriptor->num_inputs); }
  nb::tuple outputs() const { return describe(descriptor->outputs, descriptor->num_outputs); }

  nb::dict metadata() const {
    nb::dict result;
    for (uint32_t i = 0; i < descriptor->num_metadata; ++i)
      result[text(descriptor->metadata[i].key)] = text(descriptor->metadata[i].value);
    return result;
  }

  nb::str manifest() const { return text(descriptor->manifest ? descriptor->manifest : "{}"); }
  nb::str name() const { return text(descriptor->name); }
  nb::str level() const { return text(quern_model_get_level(model)->name); }
  /// As DLPack says it.
  nb::tuple device() const {
    quern_device place = quern_model_get_device(model);
    return nb::make_tuple(place.type, place.ordinal);
  }

  const int threads;

private:
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
  void load(const std::string &path) {
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
  void unload() {
    dlclose(library);
    close(file);
  }

  void open(const std::string &path, unsigned maxLevel, quern_device device) {
    descriptor = static_cast<const quern_model_descriptor *>(dlsym(library, "quern_model_descriptor"));
    if (!descriptor)
      raise("ModelError", "'" + path + "' is not a model compiled by Quern: it has no descriptor");
    quern_model_options options = {sizeof options, maxLevel, device};
    const char *message = nullptr;
    if (quern_status status = quern_model_open(descriptor, &options, &model, &message))
      raise(status, "'" + path + "': " + (message ? message : quern_status_text(status)));
    descriptor = quern_model_get_descriptor(model); // of what runs it
    for (uint32_t i = 0; i < descriptor->num_outputs; ++i)
      outputDtypes.push_back(nb::str(quern_dtype_name(descriptor->outputs[i].dtype)));
  }

  static nb::str text(const char *bytes) {
    return nb::steal<nb::str>(PyUnicode_DecodeUTF8(bytes, Py_ssize_t(strlen(bytes)), "replace"));
  }

  nb::tuple describe(const quern_value_info *values, uint32_t count) const {
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

  quern_context *take() {
    {
      std::lock_guard<std::mutex> lock(mutex);
      if (!idle.empty()) {
        quern_context *context = idle.back();
        idle.pop_back();
        return context;
      }
    }
    quern_context_options options = {};
    options.size = sizeof options;
    options.pool = sharedPool(threads);
    quern_context *context = nullptr;
    if (quern_status status = quern_context_create(model, &options, &context))
      raise(status, quern_status_text(status));
    return context;
  }

  void giveBack(quern_context *context) {
    std::lock_guard<std::mutex> lock(mutex);
    idle.push_back(context);
  }

  /// Fills `tensor` with input `index` where an object says, by DLPack, that it is in a device's memory; `holder` keeps
  /// that alive. False: it says nothing of the kind.
  bool readDevice(uint32_t index, nb::handle object, nb::ndarray<> &holder, quern_tensor &tensor,
                  quern_device &place) const;
  /// Fills `tensor` with input `index`; `holder` keeps a converted array alive.
  void read(uint32_t index, nb::handle object, Buffer &buffer, nb::object &holder, quern_tensor &tensor) const;
  /// The dims of an output, where the inputs alone say them.
  std::optional<std::vector<int64_t>> dimsOf(const quern_value_info &value,
                                             const std::vector<quern_tensor> &inputs) const;
  nb::object makeArray(uint32_t output, const int64_t *dims, int32_t rank, size_t &given) const;

  void *library = nullptr;
  int file = -1;
  const quern_model_descriptor *descriptor = nullptr;
  quern_model *model = nullptr;
  nb::object convert, empty;
  std::vector<nb::object> outputDtypes;
  const std::shared_ptr<OutputMemory> memory =
      std::make_shared<OutputMemory>(); // the arrays' too, which may live longer
  std::mutex mutex;
  std::vector<quern_context *> idle;
};

void Model::read(uint32_t index, nb::handle object, Buffer &buffer, nb::object &holder, quern_tensor &tensor) const {
  const quern_value_info &info = descriptor->inputs[index];
  constexpr int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT;
  auto fits = [&] {
    size_t alignment = quern_dtype_size(info.dtype);
    return hasFormat(buffer.view, info.dtype) && (uintptr_t(buffer.view.buf) % (alignment ? alignment : 1) == 0);
  };
  if (!PyObject_CheckBuffer(object.ptr()) || !buffer.acquire(object.ptr(), flags) || !fits()) {
    holder = convert(object, text(info.name), quern_dtype_name(info.dtype));
    if (!buffer.acquire(holder.ptr(), flags) || !fits())
      raise("InputError", std::string("input '") + info.name + "' cannot be read as " + quern_dtype_name(info.dtype));
  }
  const Py_buffer &view = buffer.view;
  if (view.ndim > QUERN_MAX_RANK)
    raise("InputError", std::string("input '") + info.name + "' has " + std::to_string(view.ndim) + " dims, expected " +
                            std::to_string(info.rank));
  tensor = {view.buf, uint64_t(view.len), info.dtype, view.ndim, {}};
  for (int axis = 0; axis < view.ndim; ++axis)
    tensor.dims[axis] = view.shape[axis];
}

/// DLPack's name of a dtype; bfloat16 and bool are types of their own there.
bool hasDtype(nb::dlpack::dtype given, quern_dtype wanted) {
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
      raise("InputError", std::string("input '") + info.name + "' is not contiguous in the device's memory; make it so");
  }
  place = {type, ordinal};
  return true;
}

std::optional<std::vector<int64_t>> Model::dimsOf(const quern_value_info &value,
                                                  const std::vector<quern_tensor> &inputs) const {
  std::vector<int64_t> dims(value.dims, value.dims + value.rank);
  for (int64_t &dim : dims) {
    if (dim >= 0)
      continue;
    int64_t symbol = dim;
    for (uint32_t i = 0; i < inputs.size() && dim < 0; ++i) {
      if (inputs[i].rank != descriptor->inputs[i].rank)
        return std::nullopt; // quern_run will say so
      for (int32_t axis = 0; axis < inputs[i].rank && dim < 0; ++axis)
        if (symbol != QUERN_COMPUTED_DIM && descriptor->inputs[i].dims[axis] == symbol)
          dim = inputs[i].dims[axis];
    }
    if (dim < 0)
      return std::nullopt;
  }
  return dims;
}

nb::object Model::makeArray(uint32_t output, const int64_t *dims, int32_t rank, size_t &given) const {
  nb::object shape = nb::steal(PyTuple_New(rank));
  size_t bytes = quern_dtype_size(descriptor->outputs[output].dtype);
  for (int32_t axis = 0; axis < rank; ++axis) {
    PyTuple_SET_ITEM(shape.ptr(), axis, PyLong_FromLongLong(dims[axis]));
    if (__builtin_mul_overflow(bytes, size_t(dims[axis]), &bytes))
      throw std::bad_alloc();
  }
  if (bytes < OutputMemory::smallest)
    return empty(shape, outputDtypes[output]);
  auto block = std::make_unique<OutputBlock>(memory, bytes);
  given += block->capacity();
  return empty(shape, outputDtypes[output], nb::cast(std::move(block)));
}

nb::object Model::run(nb::args arrays) {
  if (arrays.size() != descriptor->num_inputs)
    raise("InputError", "the model takes " + std::to_string(descriptor->num_inputs) + " inputs, but " +
                            std::to_string(arrays.size()) + " were given");
  std::vector<quern_tensor> inputs(descriptor->num_inputs), outputs(descriptor->num_outputs);
  std::vector<Buffer> inputViews(inputs.size()), outputViews(outputs.size());
  std::vector<nb::object> holders(inputs.size()), results(outputs.size());
  size_t given = 0; // bytes of output memory
  std::vector<quern_device> inputPlaces(inputs.size());
  std::vector<nb::ndarray<>> deviceHolders(inputs.size());
  for (uint32_t i = 0; i < inputs.size(); ++i)
    if (!readDevice(i, arrays[i], deviceHolders[i], inputs[i], inputPlaces[i]))
      read(i, arrays[i], inputViews[i], holders[i], inputs[i]);

  constexpr int writable = PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE;
  for (uint32_t i = 0; i < outputs.size(); ++i) {
    outputs[i] = {nullptr, 0, descriptor->outputs[i].dtype, 0, {}};
    auto dims = dimsOf(descriptor->outputs[i], inputs);
    if (!dims)
      continue;
    results[i] = makeArray(i, dims->data(), int32_t(dims->size()), given);
    if (!outputViews[i].acquire(results[i].ptr(), writable))
      throw std::bad_alloc();
    outputs[i].data = outputViews[i].view.buf;
    outputs[i].bytes = uint64_t(outputViews[i].view.len);
  }

  // The context goes back when the results that lie in it are copied.
  std::unique_ptr<quern_context, std::function<void(quern_context *)>> context(
      take(), [this](quern_context *c) { giveBack(c); });
  quern_status status;
  {
    nb::gil_scoped_release release;
    quern_places places = {sizeof places, 0, inputPlaces.data(), nullptr};
    status = quern_run_on(context.get(), inputs.data(), inputs.size(), outputs.data(), outputs.size(), &places);
  }
  if (status)
    raise(status, quern_context_error(context.get()));
  for (uint32_t i = 0; i < outputs.size(); ++i) {
    if (results[i])
      continue;
    results[i] = makeArray(i, outputs[i].dims, outputs[i].rank, given);
    if (!outputViews[i].acquire(results[i].ptr(), writable))
      throw std::bad_alloc();
    if (outputViews[i].view.len)
      memcpy(outputViews[i].view.buf, outputs[i].data, size_t(outputViews[i].view.len));
  }
  memory->countCall(given);
  nb::object tuple = nb::steal(PyTuple_New(Py_ssize_t(results.size())));
  for (size_t i = 0; i < results.size(); ++i)
    PyTuple_SET_ITEM(tuple.ptr(), Py_ssize_t(i), results[i].release().ptr());
  return tuple;
}

} // namespace

NB_MODULE(_runtime, module) {
  module.doc() = "Opens compiled models and runs them on arrays.";
  static PyType_Slot bufferSlots[] = {{Py_bf_getbuffer, reinterpret_cast<void *>(OutputBlock::getBuffer)},
                                      {0, nullptr}};
  nb::class_<OutputBlock>(module, "OutputBlock", nb::type_slots(bufferSlots));
  nb::class_<Model>(module, "Model")
      .def(nb::init<const std::string &, int, unsigned, std::pair<int, int>, nb::object, nb::object>(),
           nb::arg("path"), nb::arg("threads"), nb::arg("max_level"), nb::arg("device"), nb::arg("convert"),
           nb::arg("empty"))
      .def("run", &Model::run)
      .def_ro("threads", &Model::threads)
      .def_prop_ro("inputs", &Model::inputs)
      .def_prop_ro("outputs", &Model::outputs)
      .def_prop_ro("metadata", &Model::metadata)
      .def_prop_ro("manifest", &Model::manifest)
      .def_prop_ro("name", &Model::name)
      .def_prop_ro("level", &Model::level)
      .def_prop_ro("device", &Model::device);
}
