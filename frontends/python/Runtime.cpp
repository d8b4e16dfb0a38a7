// quern._runtime: compiled models, and which of them a call of a traced function needs.
#include "frontends/python/Digest.h"
#include "frontends/python/Dispatcher.h"
#include "frontends/python/Model.h"
#include "frontends/python/NumpyArray.h"
#include "frontends/python/TorchProgram.h"
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;
using namespace quern;

NB_MODULE(_runtime, module) {
  module.doc() = "Opens compiled models and runs them on arrays.";
  if (!importNumpy())
    throw nb::python_error();
  nb::class_<OutputBlock>(module, "OutputBlock");
  nb::class_<Model>(module, "Model")
      .def(nb::init<const std::string &, int, unsigned, std::pair<int, int>, nb::object>(), nb::arg("path"),
           nb::arg("threads"), nb::arg("max_level"), nb::arg("device"), nb::arg("convert"))
      .def("run", &Model::run)
      .def("run_rows", &Model::runRows)
      .def_ro("threads", &Model::threads)
      .def_prop_ro("inputs", &Model::inputs)
      .def_prop_ro("outputs", &Model::outputs)
      .def_prop_ro("metadata", &Model::metadata)
      .def_prop_ro("manifest", &Model::manifest)
      .def_prop_ro("name", &Model::name)
      .def_prop_ro("level", &Model::level)
      .def_prop_ro("device", &Model::device);

  static PyType_Slot slots[] = {{Py_tp_call, reinterpret_cast<void *>(Dispatcher::call)},
                                {Py_tp_traverse, reinterpret_cast<void *>(Dispatcher::traverse)},
                                {Py_tp_clear, reinterpret_cast<void *>(Dispatcher::clear)},
                                {0, nullptr}};
  nb::class_<Dispatcher>(module, "Dispatcher", nb::type_slots(slots))
      .def(nb::init<>())
      .def("_add", &Dispatcher::add, nb::arg("model"), nb::arg("arguments"), nb::arg("reads"), nb::arg("facts"),
           nb::arg("inputs"), nb::arg("complex"), nb::arg("result"),
           nb::arg("written") = std::vector<std::pair<uint32_t, uint32_t>>(), nb::arg("flagged") = false,
           nb::arg("classes") = nb::none(), nb::arg("by_rows") = false)
      .def("_sign", &Dispatcher::sign);
  static PyType_Slot torchSlots[] = {{Py_tp_call, reinterpret_cast<void *>(TorchProgram::call)},
                                     {Py_tp_traverse, reinterpret_cast<void *>(TorchProgram::traverse)},
                                     {Py_tp_clear, reinterpret_cast<void *>(TorchProgram::clear)},
                                     {0, nullptr}};
  nb::class_<TorchProgram>(module, "TorchProgram", nb::type_slots(torchSlots))
      .def(nb::init<>())
      .def("_bind", &TorchProgram::bind, nb::arg("model"), nb::arg("inputs"), nb::arg("weights"), nb::arg("count"))
      .def("_run", &TorchProgram::run)
      .def("_are_weights_packed", &TorchProgram::areWeightsPacked);
  module.def("_import_torch", [](nb::object tensorClass) {
    if (!importTorch(tensorClass.ptr()))
      throw nb::python_error();
  });
  module.def("_digest", &digest);
  module.def("_kind", [](nb::object array) {
    ArrayKind kind = kindOf(array.ptr());
    return std::pair(kind.type, kind.rank);
  });
}
