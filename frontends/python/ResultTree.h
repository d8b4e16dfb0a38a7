// What a call of a traced function returns: arrays, in the containers that the function puts them in.
#pragma once
#include <cstdint>
#include <nanobind/nanobind.h>
#include <vector>

namespace quern {
namespace nb = nanobind;

struct ResultTree {
  enum What {
    array,    ///< output `index`; where it is a number and `value` not None, value(it)
    constant, ///< `value`
    tuple,    ///< of `children`
    list,
    dict, ///< with the keys of the tuple `value`
    made  ///< value(a list of `children`)
  } what;
  uint32_t index;
  nb::object value;
  std::vector<ResultTree> children;

  /// Of (what, index, value, children).
  static ResultTree read(nb::handle row);
  /// A new reference; null with an exception set.
  PyObject *build(PyObject *const *outputs) const;
  int traverse(visitproc visit, void *arg) const;

private:
  PyObject *buildArray(PyObject *output) const;
  PyObject *buildList(PyObject *const *outputs) const;
  PyObject *buildDict(PyObject *const *outputs) const;
};

} // namespace quern
