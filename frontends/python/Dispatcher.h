// The calls of a traced function that need no Python: which compiled program fits the arguments, and its run.
#pragma once
#include "frontends/python/Arguments.h"
#include "frontends/python/Model.h"
#include "frontends/python/ResultTree.h"
#include <memory>
#include <vector>

namespace quern {

/// The base of quern.Jitted. Its call looks for a program whose conditions hold and runs it; where there is none it
/// calls the method `_call`, which traces.
class Dispatcher {
public:
  /// Something outside of the function that must be the same object: an entry of a dict, what a cell holds, an item of a
  /// list or tuple, an attribute; or the number of items of a list or dict, which must be equal.
  struct Read {
    enum What { entry, cell, item, attribute, count } what;
    nb::object place, name, expected;
    bool holds() const;
  };
  /// How a polynomial over extents of the inputs compares with 0.
  struct Fact {
    struct Term {
      int64_t coefficient;
      std::vector<std::pair<uint32_t, uint32_t>> extents; ///< (input, axis), multiplied
    };
    std::vector<Term> terms;
    enum Comparison { eq, ne, lt, le, gt, ge } comparison;
    bool result;
  };
  /// An input of the program: an array or number of the arguments, or an array from outside where that is given.
  struct Input {
    uint32_t leaf;
    nb::object outside;
  };
  struct Program {
    nb::object owner; ///< of the model
    Model *model;
    std::vector<Argument> arguments;
    std::vector<Read> reads;
    std::vector<Fact> facts;
    std::vector<Input> inputs;
    std::vector<bool> complex; ///< of the outputs
    ResultTree result;
    /// The inputs that the function writes to, and the outputs that they become.
    std::vector<std::pair<uint32_t, uint32_t>> written;
    /// The last output is no result: a bool that says that `_call` must look at the arguments.
    bool flagged;
    bool byRows;        ///< of Model::runOn
    nb::object classes; ///< an array whose elements the results are the positions of; None: they are no positions
  };

  void add(nb::object model, nb::list arguments, nb::list reads, nb::list facts, nb::list inputs,
           std::vector<bool> complex, nb::tuple result, std::vector<std::pair<uint32_t, uint32_t>> written,
           bool flagged, nb::object classes, bool byRows);
  /// The function's parameters: their names, how many of them have no name to a caller, how many are not for keywords
  /// alone, and the defaults, (position, object). Without it every call has as many arguments as the program, by
  /// position.
  void sign(std::vector<nb::object> names, size_t positionalOnly, size_t positional, nb::list defaults);

  /// tp_call, tp_traverse and tp_clear.
  static PyObject *call(PyObject *self, PyObject *args, PyObject *keywords);
  static int traverse(PyObject *self, visitproc visit, void *arg);
  static int clear(PyObject *self);

private:
  PyObject *dispatch(PyObject *const *arguments, size_t count) const;
  static bool fits(const Program &program, PyObject *const *arguments, size_t count, Leaves &leaves);
  /// The results; null without an exception where the flag is set.
  static PyObject *run(const Program &program, const Leaves &leaves);

  std::unique_ptr<Signature> signature;
  std::vector<std::shared_ptr<const Program>> programs; // the latest first
};

} // namespace quern
