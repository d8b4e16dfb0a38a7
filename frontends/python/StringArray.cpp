#include "frontends/python/StringArray.h"
#include "frontends/python/Model.h"
#define NPY_NO_DEPRECATED_API NPY_1_23_API_VERSION
#define NPY_TARGET_VERSION NPY_1_23_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL quern_numpy
#define NO_IMPORT_ARRAY
#include <cmath>
#include <cstring>
#include <numpy/arrayobject.h>
#include <string_view>

namespace quern {

static constexpr std::string_view missingNone = QUERN_MISSING_NONE, missingNan = QUERN_MISSING_NAN;
/// pandas.NA, which is no category: scikit-learn does not know it as missing.
static constexpr std::string_view missingNa = "\xff"
                                              "NA";

static bool isNa(PyObject *object) {
  return std::string_view(Py_TYPE(object)->tp_name).ends_with("NAType");
}

static quern_string stringOf(std::string_view text) {
  return {text.data(), text.size()};
}

static std::string_view viewOf(const quern_string &string) {
  return {string.data, string.size};
}

//===--- In ---------------------------------------------------------------------------------===//

static std::string place(const char *input, size_t index) {
  return std::string("input '") + input + "': element " + std::to_string(index);
}

/// A number that is equal to a double is that one: 1, 1.0 and True are one key, as they are in Python.
quern_string StringMemory::readNumber(PyObject *object, const char *input, size_t index) {
  if (isNa(object))
    return stringOf(missingNa);
  double value = PyFloat_Check(object) ? PyFloat_AS_DOUBLE(object) : NAN;
  if (!PyFloat_Check(object)) {
    nb::object number = nb::steal(PyNumber_Check(object) ? PyNumber_Float(object) : nullptr);
    if (!number || PyObject_RichCompareBool(number.ptr(), object, Py_EQ) != 1) {
      PyErr_Clear();
      raise("InputError", place(input, index) + " is of type " + Py_TYPE(object)->tp_name +
                              ", expected str, None or a number that a float can hold");
    }
    value = PyFloat_AS_DOUBLE(number.ptr());
  }
  if (std::isnan(value))
    return stringOf(missingNan);
  value += 0.0; // -0 becomes 0
  std::array<char, 10> &key = numbers.emplace_back();
  memcpy(key.data(), QUERN_NUMBER, 2);
  memcpy(key.data() + 2, &value, sizeof value);
  return {key.data(), key.size()};
}

void StringMemory::readObjects(PyObject *const *given, size_t count, const char *input) {
  // Others may put other objects into the array while the run does without the interpreter's lock.
  for (size_t i = 0; i < count; ++i) {
    PyObject *object = given[i] ? given[i] : Py_None;
    if (!PyUnicode_Check(object)) {
      strings[i] = object == Py_None ? stringOf(missingNone) : readNumber(object, input, i);
      continue;
    }
    Py_ssize_t size;
    const char *data = PyUnicode_AsUTF8AndSize(object, &size);
    if (!data) {
      PyErr_Clear();
      raise("InputError", place(input, i) + " has a surrogate");
    }
    strings[i] = {data, uint64_t(size)};
    objects.push_back(nb::borrow(object));
  }
}

/// Writes the UTF-8 of a letter and goes behind it; false for a surrogate and what is no letter.
static bool encode(uint32_t letter, char *&to) {
  if ((letter >= 0xd800 && letter < 0xe000) || letter > 0x10ffff)
    return false;
  int more = letter < 0x80 ? 0 : letter < 0x800 ? 1 : letter < 0x10000 ? 2 : 3;
  static constexpr uint32_t heads[] = {0, 0xc0, 0xe0, 0xf0};
  *to++ = char(heads[more] | letter >> 6 * more);
  while (more-- > 0)
    *to++ = char(0x80 | (letter >> 6 * more & 0x3f));
  return true;
}

void StringMemory::readLetters(const char *letters, size_t width, size_t count, const char *input) {
  bytes.resize(4 * width * count); // as much as the letters themselves
  char *to = bytes.data();
  for (size_t i = 0; i < count; ++i, letters += 4 * width) {
    strings[i].data = to;
    size_t length = width;
    auto letter = [&](size_t at) {
      uint32_t value;
      memcpy(&value, letters + 4 * at, sizeof value);
      return value;
    };
    while (length && !letter(length - 1)) // as NumPy fills them up
      --length;
    for (size_t at = 0; at < length; ++at)
      if (uint32_t value = letter(at); value < 0x80)
        *to++ = char(value);
      else if (!encode(value, to))
        raise("InputError", place(input, i) + " has a surrogate");
    strings[i].size = uint64_t(to - strings[i].data);
  }
}

bool StringMemory::read(PyObject *object, const char *input, quern_tensor &tensor) {
  if (!PyArray_Check(object))
    return false;
  auto *array = reinterpret_cast<PyArrayObject *>(object);
  int type = PyArray_TYPE(array);
  if ((type != NPY_UNICODE && type != NPY_OBJECT) || PyArray_NDIM(array) > QUERN_MAX_RANK ||
      !PyArray_CHKFLAGS(array, NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED) || !PyArray_ISNOTSWAPPED(array))
    return false;
  size_t count = size_t(PyArray_SIZE(array));
  release();
  strings.resize(count);
  numbers.clear();
  if (type == NPY_OBJECT)
    readObjects(static_cast<PyObject *const *>(PyArray_DATA(array)), count, input);
  else
    readLetters(static_cast<const char *>(PyArray_DATA(array)), size_t(PyArray_ITEMSIZE(array)) / 4, count, input);
  tensor = {strings.data(), count * sizeof(quern_string), QUERN_STRING, PyArray_NDIM(array), {}};
  for (int axis = 0; axis < tensor.rank; ++axis)
    tensor.dims[axis] = PyArray_DIM(array, axis);
  return true;
}

void StringMemory::release() {
  objects.clear();
}

//===--- Out --------------------------------------------------------------------------------===//

static bool isNumber(const quern_string &string) {
  return string.size == 10 && viewOf(string).substr(0, 2) == QUERN_NUMBER;
}

static nb::object objectOf(const quern_string &string) {
  if (isNumber(string)) {
    double value;
    memcpy(&value, string.data + 2, sizeof value);
    return nb::float_(value);
  }
  if (viewOf(string) == missingNone)
    return nb::none();
  if (viewOf(string) == missingNa)
    return nb::module_::import_("pandas").attr("NA");
  if (viewOf(string) == missingNan)
    return nb::float_(NAN);
  PyObject *text = PyUnicode_DecodeUTF8(string.data ? string.data : "", Py_ssize_t(string.size), "replace");
  if (!text)
    throw nb::python_error();
  return nb::steal(text);
}

/// Letters begin at all bytes but those that go on with one.
static size_t lettersOf(const quern_string &string) {
  size_t count = 0;
  for (char byte : viewOf(string))
    count += (uint8_t(byte) & 0xc0) != 0x80;
  return count;
}

/// Writes the letters of a string that came out of Python's own encoder.
static void decode(const quern_string &string, char *letters) {
  for (size_t at = 0; at < string.size; letters += 4) {
    auto byte = uint8_t(string.data[at++]);
    int more = byte < 0xc0 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    uint32_t letter = more ? byte & 0x3fu >> more : byte;
    for (; more > 0 && at < string.size; --more)
      letter = letter << 6 | (uint8_t(string.data[at++]) & 0x3f);
    memcpy(letters, &letter, sizeof letter);
  }
}

nb::object makeStrings(const quern_tensor &tensor) {
  auto *strings = static_cast<const quern_string *>(tensor.data);
  size_t count = tensor.bytes / sizeof(quern_string), width = 1;
  bool isWhole = true;
  for (size_t i = 0; i < count; ++i) {
    width = std::max(width, lettersOf(strings[i]));
    isWhole &= viewOf(strings[i]) != missingNone && viewOf(strings[i]) != missingNan &&
               viewOf(strings[i]) != missingNa && !isNumber(strings[i]);
  }
  auto *dims = const_cast<npy_intp *>(reinterpret_cast<const npy_intp *>(tensor.dims));
  PyObject *array = PyArray_New(&PyArray_Type, tensor.rank, dims, isWhole ? NPY_UNICODE : NPY_OBJECT, nullptr, nullptr,
                                isWhole ? int(4 * width) : 0, 0, nullptr);
  if (!array)
    throw nb::python_error();
  nb::object result = nb::steal(array);
  auto *data = static_cast<char *>(PyArray_DATA(reinterpret_cast<PyArrayObject *>(array)));
  if (isWhole)
    memset(data, 0, count * 4 * width);
  for (size_t i = 0; i < count; ++i) {
    if (isWhole) {
      decode(strings[i], data + i * 4 * width);
      continue;
    }
    PyObject *&place = reinterpret_cast<PyObject **>(data)[i];
    Py_XDECREF(place);
    place = objectOf(strings[i]).release().ptr();
  }
  return result;
}

} // namespace quern
