#include "frontends/python/Digest.h"
#include "llvm/Support/BLAKE3.h"
#include <vector>

namespace nb = nanobind;

namespace quern {
namespace {

class Views {
public:
  explicit Views(nb::args objects) {
    views.reserve(objects.size());
    for (nb::handle object : objects) {
      views.emplace_back();
      if (PyObject_GetBuffer(object.ptr(), &views.back(), PyBUF_SIMPLE)) {
        views.pop_back();
        release();
        throw nb::python_error();
      }
    }
  }
  Views(const Views &) = delete;
  Views &operator=(const Views &) = delete;
  ~Views() { release(); }

  std::vector<Py_buffer> views;

private:
  void release() {
    for (Py_buffer &view : views)
      PyBuffer_Release(&view);
  }
};

} // namespace

std::string digest(nb::args buffers) {
  Views held(buffers);
  llvm::BLAKE3Result<> result;
  {
    nb::gil_scoped_release unlocked;
    llvm::BLAKE3 hasher;
    for (const Py_buffer &view : held.views)
      hasher.update({static_cast<const uint8_t *>(view.buf), size_t(view.len)});
    hasher.final(result);
  }
  std::string text;
  for (uint8_t byte : result)
    for (unsigned digit : {byte >> 4, byte & 15})
      text += "0123456789abcdef"[digit];
  return text;
}

} // namespace quern
