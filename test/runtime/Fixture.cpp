#include "test/runtime/Fixture.h"

namespace quern::test {

static HostFunction hostFunction;

static std::vector<quern_value_info> infos(const std::vector<Value> &values) {
  std::vector<quern_value_info> result;
  for (const Value &value : values)
    result.push_back({value.name, value.dtype, int32_t(value.dims.size()), value.dims.data()});
  return result;
}

Model::Model(std::vector<Value> inputValues, std::vector<Value> outputValues, std::vector<const char *> symbolNames,
             std::vector<quern_kernel> kernelTable, HostFunction host)
    : inputs(std::move(inputValues)), outputs(std::move(outputValues)), inputInfos(infos(inputs)),
      outputInfos(infos(outputs)), symbols(std::move(symbolNames)), kernels(std::move(kernelTable)) {
  static const char *const siteNames[] = {"site0", "site1", "site2"};
  static const char *const nodeNames[] = {"Node0", "Node1a, Node1b", "Node2"};
  for (uint32_t i = 0; i < kernels.size(); ++i)
    sites.push_back({siteNames[i], nodeNames[i], i});
  levels.push_back({"x86-64", 1, 0, kernels.data()});
  hostFunction = std::move(host);
  descriptor.abi_version = QUERN_ABI_VERSION;
  descriptor.size = sizeof(descriptor);
  descriptor.name = "test";
  descriptor.num_inputs = inputs.size();
  descriptor.num_outputs = outputs.size();
  descriptor.num_symbols = symbols.size();
  descriptor.num_sites = sites.size();
  descriptor.num_kernels = kernels.size();
  descriptor.num_levels = levels.size();
  descriptor.inputs = inputInfos.data();
  descriptor.outputs = outputInfos.data();
  descriptor.symbols = symbols.data();
  descriptor.sites = sites.data();
  descriptor.levels = levels.data();
  descriptor.manifest = "{}";
  descriptor.main = [](quern_frame *frame) { return hostFunction(frame); };
}

ModelHandle open(const Model &model) {
  quern_model *result = nullptr;
  const char *message = nullptr;
  EXPECT_EQ(quern_model_open(&model.descriptor, nullptr, &result, &message), QUERN_OK) << message;
  EXPECT_STREQ(message, "");
  return ModelHandle(result);
}

ContextHandle createContext(const ModelHandle &model, quern_context_options options) {
  options.size = sizeof(options);
  quern_context *context = nullptr;
  EXPECT_EQ(quern_context_create(model.get(), &options, &context), QUERN_OK);
  return ContextHandle(context);
}

ContextHandle createContext(const ModelHandle &model, quern_pool *pool) {
  quern_context_options options = {};
  options.pool = pool;
  return createContext(model, options);
}

std::string run(const ContextHandle &context, const std::vector<quern_tensor> &inputs,
                std::vector<quern_tensor> &outputs, quern_status expected) {
  quern_status status = quern_run(context.get(), inputs.data(), inputs.size(), outputs.data(), outputs.size());
  std::string text = quern_context_error(context.get());
  EXPECT_EQ(status, expected) << text;
  EXPECT_EQ(text.empty(), status == QUERN_OK);
  return text;
}

static int32_t scaleRows(const quern_launch *launch) {
  auto *ids = static_cast<const float *>(launch->buffers[0]), *mask = static_cast<const float *>(launch->buffers[1]);
  auto *result = static_cast<float *>(const_cast<void *>(launch->buffers[2]));
  int64_t length = launch->dims[0];
  for (int64_t i = launch->first_task * length; i < launch->last_task * length; ++i)
    result[i] = ids[i] * mask[i];
  return QUERN_KERNEL_OK;
}

static int32_t scaleHost(quern_frame *frame) {
  int64_t batch = frame->symbols[0], length = frame->symbols[1], dims[] = {batch, length};
  void *y = quern_frame_output(frame, 0, 2, dims);
  if (!y)
    return QUERN_OUT_OF_MEMORY;
  void *copy = quern_frame_arena(frame, uint64_t(batch * length) * sizeof(float));
  if (!copy)
    return QUERN_OUT_OF_MEMORY;
  const void *first[] = {frame->inputs[0].data, frame->inputs[1].data, copy};
  if (int32_t status = quern_frame_launch(frame, 0, first, &length, batch, 64))
    return status;
  const void *second[] = {copy, frame->inputs[1].data, y};
  return quern_frame_launch(frame, 0, second, &length, batch, 64);
}

std::unique_ptr<Model> scaleModel() {
  return std::make_unique<Model>(
      std::vector<Value>{{"ids", QUERN_F32, {-1, -2}}, {"mask", QUERN_F32, {-1, -2}}, {"bias", QUERN_F32, {3}}},
      std::vector<Value>{{"y", QUERN_F32, {-1, -2}}}, std::vector<const char *>{"batch", "length"},
      std::vector<quern_kernel>{scaleRows}, scaleHost);
}

} // namespace quern::test
