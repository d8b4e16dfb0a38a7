// Arrays of strings: NumPy's <U and arrays of str objects as the runtime's strings, and back.
#pragma once
#include "quern/runtime.h"
#include <array>
#include <deque>
#include <nanobind/nanobind.h>
#include <vector>

namespace quern {
namespace nb = nanobind;

/// What the strings of one input lie in, or are kept alive by; used again by later calls.
class StringMemory {
public:
  /// Fills `tensor` with the elements of an ndarray of <U or of objects. str objects are borrowed, None and nan become
  /// QUERN_MISSING_NONE and QUERN_MISSING_NAN, pandas.NA a string that no category is equal to, other numbers QUERN_NUMBER
  /// and the 8 bytes of a double. False: not such an array. Raises InputError, which names the input, for an element that is none of these, or has a surrogate.
  bool read(PyObject *object, const char *input, quern_tensor &tensor);
  /// Lets go of the objects. Needs the interpreter's lock.
  void release();

private:
  void readObjects(PyObject *const *objects, size_t count, const char *input);
  quern_string readNumber(PyObject *object, const char *input, size_t index);
  void readLetters(const char *letters, size_t width, size_t count, const char *input);

  std::vector<quern_string> strings;
  std::vector<char> bytes;
  std::deque<std::array<char, 10>> numbers; // which stay where they are
  std::vector<nb::object> objects;
};

/// A new array of <U; of objects where some are missing.
nb::object makeStrings(const quern_tensor &tensor);

} // namespace quern
