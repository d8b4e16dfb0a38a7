#include "frontends/python/Model.h"
#include <algorithm>
#include <atomic>

namespace quern {

/// The rows of the run that tells how large the intermediate values are, and the least that a block has.
static constexpr int64_t fewRows = 32;
/// The intermediate values of a block; what today's cores have as a cache of their own is 1 to 2 MiB.
static constexpr int64_t blockBytes = 3 << 19;

bool Model::hasRows(const Frame &frame) const {
  if (frame.inputs.empty() || frame.inputs[0].rank < 1)
    return false;
  int64_t rows = frame.inputs[0].dims[0];
  if (rows < 2 * fewRows)
    return false;
  for (size_t i = 0; i < frame.inputs.size(); ++i)
    if (frame.inputs[i].rank < 1 || frame.inputs[i].dims[0] != rows || frame.places[i].type > QUERN_CPU ||
        frame.inputs[i].dtype == QUERN_STRING)
      return false;
  return std::all_of(frame.outputs.begin(), frame.outputs.end(), [&](const quern_tensor &output) {
    return output.data && output.dtype != QUERN_STRING && (output.rank ? output.dims[0] == rows : output.dtype == QUERN_BOOL);
  });
}

namespace {

/// A call that is run in blocks.
struct Blocks {
  const std::vector<quern_tensor> &inputs;
  const std::vector<quern_tensor> &outputs;
  const std::vector<quern_context *> &contexts; ///< one for each thread
  int64_t rows, blockRows;
  std::atomic<quern_context *> failed{nullptr};
  std::atomic<int> status{QUERN_OK};

  static quern_tensor part(const quern_tensor &whole, int64_t rows, int64_t first, int64_t count) {
    quern_tensor result = whole;
    uint64_t bytes = whole.bytes / uint64_t(rows);
    result.data = static_cast<char *>(whole.data) + uint64_t(first) * bytes;
    result.bytes = uint64_t(count) * bytes;
    result.dims[0] = count;
    return result;
  }

  void run(int64_t block, quern_context *context) {
    int64_t first = block * blockRows, count = std::min(blockRows, rows - first);
    std::vector<quern_tensor> in(inputs.size()), out(outputs.size());
    std::vector<uint8_t> flags(outputs.size()); // of the outputs without rows
    for (size_t i = 0; i < in.size(); ++i)
      in[i] = part(inputs[i], rows, first, count);
    for (size_t i = 0; i < out.size(); ++i) {
      out[i] = outputs[i].rank ? part(outputs[i], rows, first, count) : outputs[i];
      if (!outputs[i].rank)
        out[i].data = &flags[i];
    }
    if (quern_status failure = quern_run(context, in.data(), in.size(), out.data(), out.size())) {
      if (quern_context *none = nullptr; failed.compare_exchange_strong(none, context))
        status = failure;
      return;
    }
    for (size_t i = 0; i < out.size(); ++i)
      if (flags[i])
        __atomic_store_n(static_cast<uint8_t *>(outputs[i].data), uint8_t(1), __ATOMIC_RELAXED);
  }

  static void body(void *argument, int64_t first, int64_t last, int32_t thread) {
    Blocks &blocks = *static_cast<Blocks *>(argument);
    for (int64_t block = first; block < last && !blocks.failed; ++block)
      blocks.run(block, blocks.contexts[thread]);
  }
};

} // namespace

quern_status Model::makeWorkers(Frame &frame) {
  quern_context_options options = {};
  options.size = sizeof options;
  while (frame.workers.size() < size_t(threads)) {
    quern_context *worker = nullptr;
    if (quern_status status = quern_context_create(model, &options, &worker))
      return status;
    frame.workers.push_back(worker);
  }
  return QUERN_OK;
}

int64_t Model::blockRows(Frame &frame, int64_t rows) {
  if (makeWorkers(frame))
    return 0;
  if (rowBytes < 0) {
    Blocks few{frame.inputs, frame.outputs, frame.workers, rows, fewRows};
    few.run(0, frame.workers[0]);
    rowBytes = int64_t(quern_context_arena_bytes(frame.workers[0])) / fewRows;
  }
  int64_t most = std::max(fewRows, blockBytes / std::max<int64_t>(rowBytes, 1));
  int64_t turns = (rows + most * threads - 1) / (most * threads); // of each thread
  if (turns < 2)
    return 0;
  return (rows + turns * threads - 1) / (turns * threads);
}

quern_status Model::runBlocks(Frame &frame, int64_t blockRows, std::string &error) {
  for (const quern_tensor &output : frame.outputs)
    if (!output.rank)
      *static_cast<bool *>(output.data) = false;
  int64_t rows = frame.inputs[0].dims[0], count = (rows + blockRows - 1) / blockRows;
  Blocks blocks{frame.inputs, frame.outputs, frame.workers, rows, blockRows};
  if (quern_pool *pool = frame.pool)
    pool->run(pool, count, Blocks::body, &blocks);
  else
    Blocks::body(&blocks, 0, count, 0);
  if (blocks.failed)
    error = quern_context_error(blocks.failed);
  return quern_status(blocks.status.load());
}

} // namespace quern
