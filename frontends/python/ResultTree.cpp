#include "frontends/python/ResultTree.h"
#include "frontends/python/NumpyArray.h"

namespace quern {

ResultTree ResultTree::read(nb::handle row) {
  nb::tuple parts = nb::cast<nb::tuple>(row);
  ResultTree tree{What(nb::cast<int>(parts[0])), nb::cast<uint32_t>(parts[1]), nb::object(parts[2]), {}};
  for (nb::handle child : parts[3])
    tree.children.push_back(read(child));
  return tree;
}

PyObject *ResultTree::buildArray(PyObject *output) const {
  if (!value.is_none() && !isPlainArray(output))
    return PyObject_CallOneArg(value.ptr(), output);
  Py_INCREF(output);
  return output;
}

PyObject *ResultTree::buildList(PyObject *const *outputs) const {
  nb::object result = nb::steal(PyList_New(children.size()));
  for (size_t i = 0; result.is_valid() && i < children.size(); ++i) {
    PyObject *item = children[i].build(outputs);
    if (!item)
      return nullptr;
    PyList_SET_ITEM(result.ptr(), i, item);
  }
  return result.release().ptr();
}

PyObject *ResultTree::buildDict(PyObject *const *outputs) const {
  nb::object result = nb::steal(PyDict_New());
  for (size_t i = 0; result.is_valid() && i < children.size(); ++i) {
    nb::object item = nb::steal(children[i].build(outputs));
    if (!item.is_valid() || PyDict_SetItem(result.ptr(), PyTuple_GET_ITEM(value.ptr(), i), item.ptr()))
      return nullptr;
  }
  return result.release().ptr();
}

PyObject *ResultTree::build(PyObject *const *outputs) const {
  switch (what) {
  case array:
    return buildArray(outputs[index]);
  case constant:
    return nb::object(value).release().ptr();
  case dict:
    return buildDict(outputs);
  case list:
    return buildList(outputs);
  case tuple:
  case made:
    break;
  }
  nb::object items = nb::steal(buildList(outputs));
  if (!items.is_valid())
    return nullptr;
  return what == tuple ? PyList_AsTuple(items.ptr()) : PyObject_CallOneArg(value.ptr(), items.ptr());
}

int ResultTree::traverse(visitproc visit, void *arg) const {
  Py_VISIT(value.ptr());
  for (const ResultTree &child : children)
    if (int result = child.traverse(visit, arg))
      return result;
  return 0;
}

} // namespace quern
