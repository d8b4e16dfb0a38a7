// Hand-written models for the tests of the runtime: what the compiler would emit, as plain tables.
#pragma once
#include "quern/runtime.h"
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace quern::test {

struct Value {
  const char *name;
  quern_dtype dtype;
  std::vector<int64_t> dims;
};

using HostFunction = std::function<int32_t(quern_frame *)>;

/// A descriptor and what it points to. One model is described at a time: its host function is a global, since a C
/// function pointer carries no state.
class Model {
public:
  Model(std::vector<Value> inputs, std::vector<Value> outputs, std::vector<const char *> symbols,
        std::vector<quern_kernel> kernels, HostFunction host);
  Model(const Model &) = delete;

  quern_model_descriptor descriptor = {};
  std::vector<quern_level> levels;
  std::vector<quern_site> sites; ///< one for each kernel: "site0" of node "Node0", ...

private:
  std::vector<Value> inputs, outputs;
  std::vector<quern_value_info> inputInfos, outputInfos;
  std::vector<const char *> symbols;
  std::vector<quern_kernel> kernels;
};

struct Close {
  void operator()(quern_model *model) const { quern_model_close(model); }
  void operator()(quern_context *context) const { quern_context_destroy(context); }
  void operator()(quern_pool *pool) const { quern_pool_destroy(pool); }
};
using ModelHandle = std::unique_ptr<quern_model, Close>;
using ContextHandle = std::unique_ptr<quern_context, Close>;
using PoolHandle = std::unique_ptr<quern_pool, Close>;

ModelHandle open(const Model &model);
ContextHandle createContext(const ModelHandle &model, quern_pool *pool = nullptr);
ContextHandle createContext(const ModelHandle &model, quern_context_options options);

template <class T> quern_dtype dtypeOf();
template <> inline quern_dtype dtypeOf<float>() { return QUERN_F32; }
template <> inline quern_dtype dtypeOf<int64_t>() { return QUERN_I64; }
template <> inline quern_dtype dtypeOf<uint8_t>() { return QUERN_U8; }

/// A tensor that borrows `data`.
template <class T> quern_tensor tensor(std::vector<T> &data, std::vector<int64_t> dims) {
  quern_tensor result = {data.data(), data.size() * sizeof(T), dtypeOf<T>(), int32_t(dims.size()), {}};
  std::copy(dims.begin(), dims.end(), result.dims);
  return result;
}

/// quern_run, and the text of its error ("" for success).
std::string run(const ContextHandle &context, const std::vector<quern_tensor> &inputs,
                std::vector<quern_tensor> &outputs, quern_status expected = QUERN_OK);

/// y[batch][length] = ids * mask, one task a row, through a copy in the arena; "bias" [3] is only validated.
std::unique_ptr<Model> scaleModel();

} // namespace quern::test
