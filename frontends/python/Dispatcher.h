// The calls of a traced function that need no Python: which compiled program fits the arguments, and its run.
#pragma once
#include "frontends/python/Model.h"
#include "frontends/python/NumpyArray.h"
#include <memory>
#include <vector>

namespace quern {

/// The base of quern.Jitted. Its call looks for a program whose conditions hold and runs it; where there is none it
/// calls the method `_call`, which traces. Programs with results in containers, complex numbers or writes to their
/// arguments are run by `_call` too.
class Dispatcher {
public:
  /// What an argument must be: an array of a kind, with extents of 1 on the axes whose bits are set in `ones` and on no
  /// others; a float; `value`; or an array of a kind with any extents.
  struct Argument {
    enum What { array, number, constant, anyExtents } what;
    ArrayKind kind;
    uint32_t ones;
    nb::object value;
  };
  /// Something outside of the function that must be the same object: an entry of a dict, or what a cell holds.
  struct Read {
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
  /// An input of the program: an argument, or an array from outside where that is given.
  struct Input {
    uint32_t argument;
    nb::object outside;
  };
  struct Program {
    nb::object owner; ///< of the model
    Model *model;
    std::vector<Argument> arguments;
    std::vector<Read> reads;
    std::vector<Fact> facts;
    std::vector<Input> inputs;
    std::vector<bool> complex; ///< of the results
    bool single;               ///< one result, not a tuple of them
    /// The last output is no result: a bool that says that `_call` must look at the arguments.
    bool flagged;
    bool byRows;        ///< of Model::runOn
    nb::object classes; ///< an array whose elements the results are the positions of; None: they are no positions
  };

  void add(nb::object model, nb::list arguments, nb::list reads, nb::list facts, nb::list inputs,
           std::vector<bool> complex, bool single, bool flagged, nb::object classes,
           bool byRows);

  /// tp_call, tp_traverse and tp_clear.
  static PyObject *call(PyObject *self, PyObject *args, PyObject *keywords);
  static int traverse(PyObject *self, visitproc visit, void *arg);
  static int clear(PyObject *self);

private:
  static bool fits(const Program &program, PyObject *args);
  /// The results; null without an exception where the flag is set.
  static PyObject *run(const Program &program, PyObject *args);

  std::vector<std::shared_ptr<const Program>> programs; // the latest first
};

} // namespace quern
