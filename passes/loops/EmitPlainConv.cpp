// Convolution and transposed convolution of plain tensors [N, C, D...], any rank, groups, strides and dilations: the
// general path behind the blocked one.
//
// A task owns some output channels of some rows. Along a row, vectors of outputs run in registers, several channels at
// a time, so that a load of the input serves all of them:
//
//   for kernel taps of the outer axes that meet the input, for input channels, for taps of the last axis:
//     acc[channel][vector] += weight[channel] * input[vector]
//
// A transposed convolution is cut into phases, one per remainder of the output column by the stride: within a phase the
// inputs are as contiguous as in a convolution. Only the columns near the ends of a row check the input's bounds.
#include "passes/loops/Emitters.h"
#include "passes/loops/ReduceAlong.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <numeric>

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

/// The taps that reach the columns o = j*outputStride + first of the last axis: tap t is kernel column
/// kernel + t*kernelStep, and reads input column j*inputStride + shift + t*shiftStep.
struct Phase {
  int64_t first, outputStride, inputStride;
  int64_t taps, kernel, kernelStep, shift, shiftStep;
  int64_t lowest() const { return taps ? std::min(shift, shift + (taps - 1) * shiftStep) : 0; }
  int64_t highest() const { return taps ? std::max(shift, shift + (taps - 1) * shiftStep) : 0; }
};

class PlainConv {
public:
  PlainConv(KernelFunction &kernel, Operation *op)
      : kernel(kernel), b(kernel.builder), op(op), transposed(isa<ConvTransposeOp>(op)), input(op->getOperand(0)),
        weight(op->getOperand(1)), element(elementOf(input)),
        wide(isa<FloatType>(element) && element.getIntOrFloatBitWidth() < 32 ? Type(b.getF32Type()) : element),
        inDims(dimsOf(input)), outDims(dimsOf(op->getResult(0))), weightDims(dimsOf(weight)),
        spatial(rankOf(input) - 2) {
    auto read = [&](auto conv) {
      strides = conv.getStrides();
      dilations = conv.getDilations();
      pads = conv.getPads();
      group = conv.getGroup();
    };
    if (transposed)
      read(cast<ConvTransposeOp>(op));
    else
      read(cast<ConvOp>(op));
  }

  LogicalResult emit() {
    for (const Dim &dim : weightDims)
      if (!dim.isConstant())
        return kernel.source.emitError() << "a convolution needs a weight of static shape, but an extent is "
                                         << dim.str();
    int64_t outputs = transposed ? *weightDims[1].constant() : *weightDims[0].constant() / group;
    groupOutputs = outputs;
    groupInputs = transposed ? *weightDims[0].constant() / group : *weightDims[1].constant();
    for (channels = std::min<int64_t>(8, outputs); outputs % channels; --channels)
      ;
    makePhases();
    Dim rows = 1;
    for (int64_t axis = 0; axis + 1 < spatial; ++axis)
      rows = rows * outDims[2 + axis];
    Dim length = spatial ? outDims.back().ceildiv(phases[0].outputStride) : Dim(1);
    Dim rowBlocks = rows.ceildiv(kRows), chunks = length.ceildiv(kColumns), blocks = group * (outputs / channels);
    kernel.forTasks(outDims[0] * blocks * rowBlocks * chunks, [&](Value task) {
      Value chunk = split(task, chunks), rowBlock = split(task, rowBlocks), block = split(task, blocks);
      image = task;
      firstOutput = kernel.multiply(block, kernel.index(channels));
      Value groupIndex =
          group == 1 ? kernel.index(0) : b.create<arith::DivUIOp>(firstOutput, kernel.index(groupOutputs)).getResult();
      firstInput = kernel.multiply(groupIndex, kernel.index(groupInputs));
      outputInGroup = b.create<arith::SubIOp>(firstOutput, kernel.multiply(groupIndex, kernel.index(groupOutputs)));
      Value from = kernel.multiply(rowBlock, kernel.index(kRows));
      Value to = b.create<arith::MinSIOp>(kernel.add(from, kRows), kernel.dim(rows));
      kernel.forRange(from, to, kernel.index(1), [&](Value row) { emitRow(row, chunk); });
    });
    return success();
  }

private:
  static constexpr int64_t kRows = 8, kColumns = 4096;

  /// The remainder of `linear` by `extent`; `linear` becomes the quotient.
  Value split(Value &linear, const Dim &extent) {
    if (extent.isEqualTo(1))
      return kernel.index(0);
    Value by = kernel.dim(extent), rest = b.create<arith::RemUIOp>(linear, by);
    linear = b.create<arith::DivUIOp>(linear, by);
    return rest;
  }

  void makePhases() {
    if (!spatial) {
      phases.push_back({0, 1, 1, 1, 0, 1, 0, 1});
      return;
    }
    int64_t last = spatial - 1, extent = *weightDims.back().constant(), stride = strides[last],
            dilation = dilations[last], pad = pads[last];
    if (!transposed) {
      phases.push_back({0, 1, stride, extent, 0, 1, -pad, dilation});
      return;
    }
    // Output column o meets kernel column k where o + pad - k*dilation is a multiple of the stride.
    int64_t step = stride / std::gcd(stride, dilation);
    for (int64_t phase = 0; phase < stride; ++phase) {
      int64_t kernelColumn = 0;
      while (kernelColumn < std::min(step, extent) && (phase + pad - kernelColumn * dilation) % stride)
        ++kernelColumn;
      int64_t taps = kernelColumn < std::min(step, extent) ? (extent - kernelColumn + step - 1) / step : 0;
      phases.push_back({phase, stride, 1, taps, kernelColumn, step, (phase + pad - kernelColumn * dilation) / stride,
                        -(step * dilation / stride)});
    }
  }

  //===--- Rows and columns -----------------------------------------------------------------===//

  void emitRow(Value row, Value chunk) {
    outer.assign(spatial ? spatial - 1 : 0, Value());
    for (size_t axis = outer.size(); axis-- > 0;)
      outer[axis] = axis == 0 ? row : split(row, outDims[2 + axis]);
    for (const Phase &phase : phases) {
      if (!spatial) {
        emitColumns(phase, kernel.index(0), kernel.index(1), /*checked=*/false);
        continue;
      }
      Dim length = (outDims.back() + (phase.outputStride - 1 - phase.first)).floordiv(phase.outputStride),
          in = inDims.back();
      Value from = kernel.multiply(chunk, kernel.index(kColumns));
      Value to = b.create<arith::MinSIOp>(kernel.add(from, kColumns), kernel.dim(length));
      Dim low = Dim::max(Dim(-phase.lowest()).ceildiv(phase.inputStride), 0);
      Dim high = (in - 1 - phase.highest()).floordiv(phase.inputStride) + 1;
      if (phase.taps == 0)
        low = high = 0;
      Value clear = from, edge = to;
      if (!low.isEqualTo(0)) {
        clear = b.create<arith::MinSIOp>(b.create<arith::MaxSIOp>(from, kernel.dim(low)), to);
        emitColumns(phase, from, clear, /*checked=*/true);
      }
      bool wholeRow = high == length || (high - length).constant().value_or(-1) >= 0;
      if (!wholeRow)
        edge = b.create<arith::MaxSIOp>(b.create<arith::MinSIOp>(kernel.dim(high), to), clear);
      emitColumns(phase, clear, edge, /*checked=*/false);
      if (!wholeRow)
        emitColumns(phase, edge, to, /*checked=*/true);
    }
  }

  void emitColumns(const Phase &phase, Value from, Value to, bool checked) {
    ElementEmitter scalar(kernel, 1);
    if (!checked && spatial) { // two vectors at a time first
      int64_t lanes = vectorLanes(kernel.level), step = 2 * lanes;
      Value length = b.create<arith::MaxSIOp>(b.create<arith::SubIOp>(to, from), kernel.index(0));
      Value whole = b.create<arith::MulIOp>(b.create<arith::DivUIOp>(length, kernel.index(step)), kernel.index(step));
      Value end = kernel.add(from, whole);
      kernel.forRange(from, end, kernel.index(step), [&](Value at) {
        ElementEmitter emitter(kernel, lanes);
        emitBlock(emitter, phase, {{at, 1, {}}, {kernel.add(at, lanes), 1, {}}}, checked);
      });
      from = end;
    }
    forVectors(scalar, from, to,
               [&](ElementEmitter &emitter, const AxisPoint &at) { emitBlock(emitter, phase, {at}, checked); });
  }

  static AxisPoint scaled(KernelFunction &kernel, const AxisPoint &at, int64_t by) {
    return {kernel.multiply(at.base, kernel.index(by)), at.lane * by, {}};
  }

  //===--- One block of accumulators --------------------------------------------------------===//

  using Sums = SmallVector<Value>; // channels x vectors

  void emitBlock(ElementEmitter &emitter, const Phase &phase, ArrayRef<AxisPoint> columns, bool checked) {
    Value zero = b.create<arith::ConstantOp>(b.getZeroAttr(emitter.valueType(wide)));
    Sums sums(channels * columns.size(), zero);
    SmallVector<Value> taps(outer.size()), places(outer.size());
    sums = overOuterTaps(0, sums, taps, places, [&](Sums sums) {
      return overLoop(kernel.index(0), kernel.index(groupInputs), sums, [&](Value channel, Sums sums) {
        auto tap = [&](Value t, Sums sums) {
          return step(emitter, phase, columns, checked, channel, t, taps, places, sums);
        };
        if (phase.taps <= 4) {
          for (int64_t t = 0; t < phase.taps; ++t)
            sums = tap(kernel.index(t), sums);
          return sums;
        }
        return overLoop(kernel.index(0), kernel.index(phase.taps), sums, tap);
      });
    });
    storeBlock(emitter, phase, columns, sums);
  }

  template <typename Body> Sums overLoop(Value from, Value to, Sums start, Body body) {
    auto loop = b.create<scf::ForOp>(from, to, kernel.index(1), start);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    b.create<scf::YieldOp>(body(loop.getInductionVar(), Sums(loop.getRegionIterArgs())));
    return Sums(loop.getResults());
  }

  /// The taps of the outer axes that meet the input, and the input's places there.
  Sums overOuterTaps(size_t axis, Sums sums, SmallVector<Value> &taps, SmallVector<Value> &places,
                     function_ref<Sums(Sums)> body) {
    if (axis == outer.size())
      return body(sums);
    int64_t extent = *weightDims[2 + axis].constant(), stride = strides[axis], dilation = dilations[axis],
            pad = pads[axis];
    Value in = kernel.dim(inDims[2 + axis]);
    if (transposed)
      return overLoop(kernel.index(0), kernel.index(extent), sums, [&](Value tap, Sums sums) {
        Value distance =
            b.create<arith::SubIOp>(kernel.add(outer[axis], pad), kernel.multiply(tap, kernel.index(dilation)));
        Value place = b.create<arith::DivSIOp>(distance, kernel.index(stride));
        Value exact =
            b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, kernel.multiply(place, kernel.index(stride)), distance);
        Value inside = b.create<arith::CmpIOp>(arith::CmpIPredicate::ult, place, in);
        auto choice = b.create<scf::IfOp>(TypeRange(ValueRange(sums)), b.create<arith::AndIOp>(exact, inside),
                                          /*withElseRegion=*/true);
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(choice.elseBlock());
        b.create<scf::YieldOp>(sums);
        b.setInsertionPointToStart(choice.thenBlock());
        taps[axis] = tap;
        places[axis] = place;
        b.create<scf::YieldOp>(overOuterTaps(axis + 1, sums, taps, places, body));
        return Sums(choice.getResults());
      });
    // place = start + tap*dilation in [0, in)
    Value start = kernel.add(kernel.multiply(outer[axis], kernel.index(stride)), -pad), zero = kernel.index(0),
          by = kernel.index(dilation);
    Value from = zero, to = kernel.index(extent);
    if (pad > 0)
      from = b.create<arith::MaxSIOp>(b.create<arith::CeilDivSIOp>(b.create<arith::SubIOp>(zero, start), by), zero);
    if (pads[spatial + axis] > 0 || pad < 0)
      to = b.create<arith::MinSIOp>(b.create<arith::CeilDivSIOp>(b.create<arith::SubIOp>(in, start), by), to);
    return overLoop(from, to, sums, [&](Value tap, Sums sums) {
      taps[axis] = tap;
      places[axis] = kernel.add(start, kernel.multiply(tap, by));
      return overOuterTaps(axis + 1, sums, taps, places, body);
    });
  }

  /// acc += weight * input for one input channel and one tap of every axis.
  Sums step(ElementEmitter &emitter, const Phase &phase, ArrayRef<AxisPoint> columns, bool checked, Value channel,
            Value tap, ArrayRef<Value> taps, ArrayRef<Value> places, Sums sums) {
    Point point{{image, 0, {}}, {kernel.add(firstInput, channel), 0, {}}};
    for (Value place : places)
      point.push_back({place, 0, {}});
    SmallVector<Value> inputs;
    for (const AxisPoint &column : columns) {
      Point at = point;
      if (spatial) {
        AxisPoint place = scaled(kernel, column, phase.inputStride);
        place.base =
            kernel.add(place.base, kernel.add(kernel.multiply(tap, kernel.index(phase.shiftStep)), phase.shift));
        at.push_back(place);
      }
      inputs.push_back(emitCast(b, checked ? guardedInput(emitter, at) : emitter.at(input, at), element, wide));
    }
    Point place;
    ElementEmitter scalar(kernel, 1);
    for (int64_t c = 0; c < channels; ++c) {
      if (transposed)
        place = {{kernel.add(firstInput, channel), 0, {}}, {kernel.add(outputInGroup, c), 0, {}}};
      else
        place = {{kernel.add(firstOutput, c), 0, {}}, {channel, 0, {}}};
      for (Value outerTap : taps)
        place.push_back({outerTap, 0, {}});
      if (spatial)
        place.push_back({kernel.add(kernel.multiply(tap, kernel.index(phase.kernelStep)), phase.kernel), 0, {}});
      Value factor = emitter.spread(emitCast(b, scalar.at(weight, place), element, wide));
      for (auto [v, value] : llvm::enumerate(inputs)) {
        Value &sum = sums[c * columns.size() + v];
        if (isa<FloatType>(wide))
          sum = b.create<math::FmaOp>(value, factor, sum);
        else
          sum = b.create<arith::AddIOp>(sum, b.create<arith::MulIOp>(value, factor));
      }
    }
    return sums;
  }

  /// The input where the column is inside it, else 0.
  Value guardedInput(ElementEmitter &emitter, const Point &point) {
    const AxisPoint &column = point.back();
    Value index = column.lane ? emitter.indexOf(column) : column.base;
    Value extent = kernel.dim(inDims.back());
    Value inside =
        b.create<arith::CmpIOp>(arith::CmpIPredicate::ult, index, column.lane ? emitter.spread(extent) : extent);
    Value zero = b.create<arith::ConstantOp>(b.getZeroAttr(emitter.valueType(element)));
    return emitter.guarded(inside, zero, [&] { return emitter.at(input, point); });
  }

  void storeBlock(ElementEmitter &emitter, const Phase &phase, ArrayRef<AxisPoint> columns, const Sums &sums) {
    for (int64_t c = 0; c < channels; ++c)
      for (auto [v, column] : llvm::enumerate(columns)) {
        Point point{{image, 0, {}}, {kernel.add(firstOutput, c), 0, {}}};
        for (Value place : outer)
          point.push_back({place, 0, {}});
        if (spatial) {
          AxisPoint place = scaled(kernel, column, phase.outputStride);
          place.base = kernel.add(place.base, phase.first);
          point.push_back(place);
        }
        ElementEmitter result(kernel, emitter.lanes, emitter.mask);
        Value sum = emitCast(b, sums[c * columns.size() + v], wide, element);
        result.define(op->getResult(0), [sum](ElementEmitter &, const Point &) { return sum; });
        for (auto [index, value] : llvm::enumerate(kernel.yield().getValues()))
          result.store(result.at(value, point), kernel.resultBuffer(index), outDims, point);
      }
  }

  KernelFunction &kernel;
  ImplicitLocOpBuilder &b;
  Operation *op;
  bool transposed;
  Value input, weight;
  Type element, wide;
  SmallVector<Dim> inDims, outDims, weightDims;
  int64_t spatial, group = 1, groupOutputs = 0, groupInputs = 0, channels = 1;
  ArrayRef<int64_t> strides, dilations, pads;
  SmallVector<Phase> phases;
  // Of the task and row under construction:
  Value image, firstOutput, firstInput, outputInGroup;
  SmallVector<Value> outer;
};

} // namespace

LogicalResult emitPlainConv(KernelFunction &kernel) {
  for (Operation &op : kernel.body())
    if (isa<ConvOp, ConvTransposeOp>(op))
      return PlainConv(kernel, &op).emit();
  return kernel.source.emitError() << "has no convolution";
}

} // namespace quern
