// A compiled model, open in this process.
//
// A model may be called from any number of threads: each call takes a context of its own from the model's free list,
// and gives up the interpreter's lock while it runs. Arrays of NumPy are read where they lie; what cannot be read in
// place (lists, strided arrays, those of others) goes through `convert` of quern/_arrays.py first.
#pragma once
#include "frontends/python/OutputMemory.h"
#include "frontends/python/StringArray.h"
#include "quern/runtime.h"
#include <atomic>
#include <memory>
#include <mutex>
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <string>
#include <utility>
#include <vector>

namespace quern {
namespace nb = nanobind;

/// Raises quern._errors.NAME.
[[noreturn]] void raise(const char *name, const std::string &text);

class Model {
public:
  Model(const std::string &path, int threads, unsigned maxLevel, std::pair<int, int> device, nb::object convert);
  Model(const Model &) = delete;
  ~Model();

  /// Makes the object of an output: `block` is its memory, null for memory of its own, which `data` becomes; null with an
  /// exception set where there is none.
  using MakeOutput = PyObject *(*)(quern_dtype dtype, int rank, const int64_t *dims, std::unique_ptr<OutputBlock> block,
                                   void *&data);
  /// One call: a context and room for its tensors, which the model gets back at the end.
  class Call;

  nb::object run(nb::args arrays);
  /// The same for a model whose rows have nothing to do with each other; see runOn.
  nb::object runRows(nb::args arrays);
  /// As many arrays as the model has inputs; a tuple of the outputs. `pairs`: arrays of complex numbers may stand for
  /// inputs of floats with one more axis. `byRows`: the rows of the inputs have nothing to do with each other; many of
  /// them are run in blocks, whose intermediate values stay in the caches.
  nb::object runOn(PyObject *const *arrays, bool pairs = false, bool byRows = false);
  uint32_t numInputs() const { return descriptor->num_inputs; }
  quern_dtype inputDtype(uint32_t index) const { return descriptor->inputs[index].dtype; }

  nb::tuple inputs() const { return describe(descriptor->inputs, descriptor->num_inputs); }
  nb::tuple outputs() const { return describe(descriptor->outputs, descriptor->num_outputs); }
  nb::dict metadata() const;
  nb::str manifest() const;
  nb::str name() const;
  nb::str level() const;
  nb::tuple device() const; ///< as DLPack says it

  const int threads;

private:
  void checkCount(nb::args arrays) const;
  void load(const std::string &path);
  void unload();
  void open(const std::string &path, unsigned maxLevel, quern_device device);
  nb::tuple describe(const quern_value_info *values, uint32_t count) const;

  /// What one call needs; used again by later ones.
  struct Frame {
    quern_context *context = nullptr;
    quern_pool *pool = nullptr; // null: the calling thread alone
    std::vector<quern_tensor> inputs, outputs;
    std::vector<quern_device> places; // of the inputs
    std::vector<nb::object> results;
    std::vector<std::unique_ptr<OutputBlock>> blocks; // of outputs whose dims a run found
    std::vector<nb::object> holders; // keep converted inputs alive
    std::vector<nb::ndarray<>> deviceHolders;
    std::vector<StringMemory> strings; // of the inputs that are strings
    std::vector<quern_context *> workers; // of runBlocks, one for each thread
  };

  /// Whether the inputs and outputs of a call can be cut in blocks of rows: all inputs have the same number of them,
  /// and each output as many too, or it is a bool.
  bool hasRows(const Frame &frame) const;
  quern_status makeWorkers(Frame &frame);
  /// How many of `rows` rows to run at a time; 0: all of them.
  int64_t blockRows(Frame &frame, int64_t rows);
  /// The run of a call block by block, each on one thread of the pool. A bool is set where that of a block is.
  quern_status runBlocks(Frame &frame, int64_t blockRows, std::string &error);

  std::unique_ptr<Frame> take();
  void giveBack(std::unique_ptr<Frame> frame);

  /// Fills `tensor` with input `index` where an object says, by DLPack, that it is in a device's memory; `holder` keeps
  /// that alive. False: it says nothing of the kind.
  bool readDevice(uint32_t index, nb::handle object, nb::ndarray<> &holder, quern_tensor &tensor,
                  quern_device &place) const;
  /// Fills `tensor` with input `index` as an array made of it, which `holder` keeps alive.
  void convertInput(uint32_t index, nb::handle object, nb::object &holder, quern_tensor &tensor) const;
  void readStrings(uint32_t index, nb::handle object, Frame &frame) const;
  void readInputs(PyObject *const *arrays, bool pairs, Frame &frame) const;
  /// The dims of an output, where the inputs alone say them.
  bool inferDims(const quern_value_info &value, const std::vector<quern_tensor> &inputs, int64_t *dims) const;
  /// Memory for an output, null where its array's own is as good.
  std::unique_ptr<OutputBlock> outputBlock(size_t bytes) const;
  /// quern_places::output of a `Call`.
  static void *lateOutput(void *call, uint32_t index, uint64_t bytes);
  /// A new object for output `index`, whose dims the tensor has, in `block` where that is not null; its memory becomes the
  /// tensor's.
  nb::object makeOutput(uint32_t index, MakeOutput make, quern_tensor &tensor, std::unique_ptr<OutputBlock> block,
                        size_t &given) const;

  void *library = nullptr;
  int file = -1;
  const quern_model_descriptor *descriptor = nullptr;
  quern_model *model = nullptr;
  nb::object convert;
  const std::shared_ptr<OutputMemory> memory =
      std::make_shared<OutputMemory>(); // the arrays' too, which may live longer
  std::atomic<int64_t> rowBytes = -1; // of intermediate values; -1: not known yet
  std::mutex mutex;
  std::vector<std::unique_ptr<Frame>> idle;
};

class Model::Call {
public:
  explicit Call(Model &model) : model(model), frame(model.take()) {}
  Call(const Call &) = delete;
  ~Call() { model.giveBack(std::move(frame)); }

  /// To be filled before the run.
  quern_tensor &input(uint32_t index) { return frame->inputs[index]; }
  /// A tuple of the outputs. `byRows`: of runOn.
  nb::object run(MakeOutput make, bool byRows = false);

private:
  friend class Model;
  Model &model;
  std::unique_ptr<Frame> frame;
};

} // namespace quern
