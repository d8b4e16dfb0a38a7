// The arguments of calls that need no Python: how they bind to a function's parameters, and which a program takes.
#pragma once
#include "frontends/python/NumpyArray.h"
#include <array>
#include <nanobind/nanobind.h>
#include <vector>

namespace quern {
namespace nb = nanobind;

/// The arrays and numbers among a call's arguments in order, kept alive: other threads may change lists during a run.
class Leaves {
public:
  Leaves() = default;
  Leaves(const Leaves &) = delete;
  ~Leaves() { clear(); }
  void push(PyObject *leaf);
  void clear();
  PyObject *operator[](size_t i) const { return i < few.size() ? few[i] : many[i - few.size()]; }

private:
  std::array<PyObject *, 16> few;
  std::vector<PyObject *> many;
  size_t count = 0;
};

/// What an argument must be.
struct Argument {
  enum What {
    array,      ///< of `kind`, with extents of 1 on the axes whose bits are set in `ones` and on no others
    number,     ///< a float
    constant,   ///< `value`
    anyExtents, ///< an array of `kind`
    scalar,     ///< a number of NumPy's of the class `value`
    tuple,      ///< of what `children` say
    list,
    dict,  ///< with the keys of the tuple `value`, in their order
    record ///< of the class that the tuple `value` begins with; the rest of it are the attributes
  } what;
  ArrayKind kind;
  uint32_t ones;
  nb::object value;
  std::vector<Argument> children;

  /// Of (what, type, rank, ones, value, children).
  static Argument read(nb::handle row);
  /// Whether `given` is that; adds its arrays and numbers to `leaves`.
  bool fits(PyObject *given, Leaves &leaves) const;
  int traverse(visitproc visit, void *arg) const;

private:
  bool fitsArray(PyObject *given) const;
  bool fitsDict(PyObject *given, Leaves &leaves) const;
  bool fitsRecord(PyObject *given, Leaves &leaves) const;
};

/// The parameters of a function, as `inspect.Signature` has them.
struct Signature {
  std::vector<nb::object> names;
  std::vector<nb::object> defaults; ///< an invalid object: there is none
  size_t positionalOnly = 0, positional = 0;

  /// A borrowed reference for each parameter; false where a parameter has none or an argument no parameter.
  bool bind(PyObject *args, PyObject *keywords, PyObject **slots) const;
  int traverse(visitproc visit, void *arg) const;
};

} // namespace quern
