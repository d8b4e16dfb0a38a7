#include "passes/memory/ConcatPlaces.h"
#include "dialects/graph/Work.h"

using namespace mlir;

namespace quern {

Value rootOf(Value value) {
  while (auto reshape = value.getDefiningOp<graph::ReshapeOp>())
    value = reshape.getOperand();
  return value;
}

ConcatPlaces::ConcatPlaces(func::FuncOp function, IsMovable isMovable) {
  SmallVector<graph::ConcatOp> concats;
  function.walk([&](graph::ConcatOp concat) { concats.push_back(concat); });
  for (graph::ConcatOp concat : llvm::reverse(concats))
    place(concat, isMovable);
}

ConcatPlaces::Place ConcatPlaces::of(Value value) const {
  auto known = places.find(value);
  return known == places.end() ? Place{value, 0} : known->second;
}

/// All parts lie one after another in another concatenation.
bool ConcatPlaces::isView(graph::ConcatOp concat) const {
  Place first = of(rootOf(concat.getInputs().front()));
  Dim offset = first.offset;
  for (Value input : concat.getInputs()) {
    Value root = rootOf(input);
    Place place = of(root);
    if (place.whole == root || place.whole != first.whole || place.offset != offset)
      return false;
    offset = offset + graph::bytesOf(input);
  }
  return true;
}

void ConcatPlaces::place(graph::ConcatOp concat, IsMovable isMovable) {
  Value result = concat.getResult();
  if (!isMovable(result, 0))
    return;
  if (!places.count(result) && isView(concat)) {
    places[result] = of(rootOf(concat.getInputs().front()));
    return;
  }
  Place own = of(result);
  Dim offset = own.offset;
  for (Value input : concat.getInputs()) {
    Value root = rootOf(input);
    if (isMovable(root, offset) && !places.count(root) && root != own.whole &&
        root.getParentBlock() == result.getParentBlock())
      places[root] = {own.whole, offset};
    offset = offset + graph::bytesOf(input);
  }
}

} // namespace quern
