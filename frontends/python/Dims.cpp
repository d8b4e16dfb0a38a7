// quern._dims: the compiler's own expressions for extents, for the tracer. One implementation, so that what a traced
// program writes is canonical where the compiler reads it.
#include "dialects/graph/Dim.h"
#include <nanobind/nanobind.h>
#include <nanobind/operators.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;
using quern::Dim;

namespace {

/// A dim or an integer; anything else is a TypeError.
Dim toDim(nb::handle value) {
  if (nb::isinstance<Dim>(value))
    return nb::cast<Dim>(value);
  return Dim(nb::cast<int64_t>(value));
}

Dim substitute(const Dim &dim, nb::dict values) {
  return dim.substitute([&](llvm::StringRef name) -> std::optional<Dim> {
    nb::object key = nb::str(name.data(), name.size());
    if (!values.contains(key))
      return std::nullopt;
    return toDim(values[key]);
  });
}

std::vector<std::string> symbols(const Dim &dim) {
  std::vector<std::string> names;
  dim.collectSymbols(names);
  return names;
}

/// [(coefficient, [symbol, ...]), ...]; nothing where an atom is a function.
std::optional<nb::list> terms(const Dim &dim) {
  nb::list result;
  for (const auto &[atoms, coefficient] : dim.getTerms()) {
    nb::list names;
    for (const std::string &atom : atoms) {
      if (!Dim::atomOf(atom).function.empty())
        return std::nullopt;
      names.append(atom);
    }
    result.append(nb::make_tuple(coefficient, names));
  }
  return result;
}

} // namespace

NB_MODULE(_dims, module) {
  nb::set_leak_warnings(false); // functions under trace may stand in cycles when the interpreter goes
  module.doc() = "Extents: integer expressions over named symbols, which stand for values of at least 0.";
  nb::class_<Dim>(module, "Dim", "An integer expression over symbols, in canonical form.")
      .def_static("symbol", [](const std::string &name) { return Dim::symbol(name); })
      .def_static(
          "of", [](int64_t value) { return Dim(value); }, "A constant.")
      .def_static("min", [](nb::handle a, nb::handle b) { return Dim::min(toDim(a), toDim(b)); })
      .def_static("max", [](nb::handle a, nb::handle b) { return Dim::max(toDim(a), toDim(b)); })
      .def_prop_ro("constant", &Dim::constant, "The value, or None where it depends on a symbol.")
      .def_prop_ro("is_poison", &Dim::isPoison, "Whether a coefficient did not fit 64 bits.")
      .def_prop_ro("symbols", &symbols)
      .def_prop_ro("terms", &terms, "[(coefficient, [symbol, ...]), ...], or None where it is no polynomial.")
      .def("substitute", &substitute, nb::arg("values"), "The dim with symbols replaced by what a dict says of them.")
      .def("add", [](const Dim &a, nb::handle b) { return a + toDim(b); })
      .def("sub", [](const Dim &a, nb::handle b) { return a - toDim(b); })
      .def("mul", [](const Dim &a, nb::handle b) { return a * toDim(b); })
      .def("floordiv", [](const Dim &a, nb::handle b) { return a.floordiv(toDim(b)); })
      .def("ceildiv", [](const Dim &a, nb::handle b) { return a.ceildiv(toDim(b)); })
      .def("mod", [](const Dim &a, nb::handle b) { return a.mod(toDim(b)); })
      .def(
          "divided_by", [](const Dim &a, nb::handle b) { return a.dividedBy(toDim(b)); },
          "The exact quotient, or None.")
      .def("__str__", &Dim::str);
}
