// Convolutions on a device, from and to plain layouts.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/loops/Emitters.h"
#include "passes/loops/Epilogue.h"
#include "passes/loops/ProductShape.h"
#include "passes/loops/device/Tiles.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

/// Where the elements of a convolution are: of input [N, C, D...], weight [M, C/group, K...] and result [N, M, O...].
class WindowReader {
public:
  /// Elements are read as multiplicands.
  WindowReader(KernelFunction &kernel, ConvOp conv, Type multiplicand)
      : kernel(kernel), conv(conv), b(kernel.builder), input(dimsOf(conv.getInput())), weight(dimsOf(conv.getWeight())),
        result(dimsOf(conv.getResult())), axes(conv.getStrides().size()), multiplicand(multiplicand) {}

  Dim channelsPerGroup() const { return weight[1]; }
  Dim outputsPerGroup() { return result[1].floordiv(conv.getGroup()); }
  Dim windowSize() const { return product(ArrayRef(weight).drop_front(2)); }

  /// Pixels of all images, in the order of the result.
  Dim pixels() const { return result[0] * product(ArrayRef(result).drop_front(2)); }

  /// The point of the result: an output channel, a number of pixels().
  Point resultPoint(Value channel, Value pixel) {
    Point places = takeApart(kernel, pixel, ArrayRef(result).drop_front(2));
    Point point{{pixel, 0, {}}, {channel, 0, {}}};
    point.append(places);
    return point;
  }

  /// The weight of an output channel at place `k` of channels x window.
  Value weightAt(ElementEmitter &emitter, Value channel, Value k) {
    Point places = takeApart(kernel, k, ArrayRef(weight).drop_front(2));
    Point point{{channel, 0, {}}, {k, 0, {}}};
    point.append(places);
    return elementAs(multiplicand, emitter, conv.getWeight(), point);
  }

  /// What place `k` of the window of a pixel sees: a point of the input, and whether it is one and not of the padding.
  struct Seen {
    Point point;
    Value inside;
  };
  Seen see(Value group, Value pixel, Value k) {
    Point out = resultPoint(kernel.index(0), pixel);
    Point window = takeApart(kernel, k, ArrayRef(weight).drop_front(2)); // leaves the channel
    Value channel = kernel.add(kernel.multiply(group, kernel.dim(channelsPerGroup())), k);
    Seen seen{{out[0], {channel, 0, {}}}, {}};
    for (size_t axis = 0; axis < axes; ++axis) {
      Value stretched = kernel.multiply(out[2 + axis].base, kernel.index(conv.getStrides()[axis]));
      Value reach = kernel.multiply(window[axis].base, kernel.index(conv.getDilations()[axis]));
      Value at = kernel.add(kernel.add(stretched, reach), -conv.getPads()[axis]);
      seen.point.push_back({at, 0, {}});
      // Unsigned: what is before the first wraps to a large number.
      Value here = b.create<arith::CmpIOp>(arith::CmpIPredicate::ult, at, kernel.dim(input[2 + axis]));
      seen.inside = seen.inside ? b.create<arith::AndIOp>(seen.inside, here).getResult() : here;
    }
    return seen;
  }

  /// The input that place `k` of the window of a pixel sees; 0 in the padding.
  Value inputAt(ElementEmitter &emitter, Value group, Value pixel, Value k) {
    Seen seen = see(group, pixel, k);
    auto read = [&] { return elementAs(multiplicand, emitter, conv.getInput(), seen.point); };
    if (!seen.inside)
      return read();
    return emitter.guarded(seen.inside, b.create<arith::ConstantOp>(b.getZeroAttr(multiplicand)), read);
  }

  /// Every pixel sees one pixel, its own.
  bool isPointwise() {
    return windowSize().isEqualTo(1) && llvm::all_of(conv.getStrides(), [](int64_t stride) { return stride == 1; }) &&
           llvm::all_of(conv.getPads(), [](int64_t pad) { return pad == 0; });
  }

  Dim depth() const { return channelsPerGroup() * windowSize(); }
  Dim pixelsPerImage() const { return product(ArrayRef(input).drop_front(2)); }

  /// Where the weight of a channel at place `k` lies.
  TileProblem::Side::Address weightAddress(function_ref<Value(Value group, Value row)> channelOf) {
    if (!isInMemory(conv.getWeight(), multiplicand))
      return {};
    return [this, channelOf](Value group, Value row, Value k) {
      Value before = kernel.multiply(channelOf(group, row), kernel.dim(depth()));
      return kernel.address(kernel.buffer(cast<BlockArgument>(conv.getWeight())), kernel.add(before, k));
    };
  }

  /// Where the element lies that a pixel's window has at place `k`.
  TileProblem::Side::Address inputAddress() {
    if (!isInMemory(conv.getInput(), multiplicand))
      return {};
    if (!isPointwise())
      return [this](Value group, Value pixel, Value k) {
        Value offset = kernel.index(0);
        for (auto [axis, stride] : llvm::zip(see(group, pixel, k).point, kernel.strides(input)))
          offset = kernel.add(offset, kernel.multiply(axis.base, stride));
        return kernel.address(kernel.buffer(cast<BlockArgument>(conv.getInput())), offset);
      };
    return [this, spatial = pixelsPerImage()](Value group, Value pixel, Value k) {
      Value place = pixel;
      Point inImage = takeApart(kernel, place, {spatial}); // leaves the image
      Value channel = kernel.add(kernel.multiply(group, kernel.dim(channelsPerGroup())), k);
      Value plane = kernel.add(kernel.multiply(place, kernel.dim(input[1])), channel);
      return kernel.address(kernel.buffer(cast<BlockArgument>(conv.getInput())),
                            kernel.add(kernel.multiply(plane, kernel.dim(spatial)), inImage[0].base));
    };
  }

private:
  KernelFunction &kernel;
  ConvOp conv;
  ImplicitLocOpBuilder &b;
  SmallVector<Dim> input, weight, result;
  size_t axes;
  Type multiplicand;
};

} // namespace

/// A convolution as a product of matrices that are never made: weights [M, C * K...] by windows [C * K..., pixels].
LogicalResult emitTiledConv(KernelFunction &kernel) {
  auto found = Epilogue::findAnchor<ConvOp>(kernel);
  if (failed(found))
    return failure();
  ConvOp conv = *found;
  Epilogue epilogue(kernel, conv.getResult());
  Type accumulator = accumulatorType(elementOf(conv.getResult()));
  Type multiplicand = multiplicandType(kernel, elementOf(conv.getInput()), accumulator);
  WindowReader reader(kernel, conv, multiplicand);
  Value outputs = kernel.dim(reader.outputsPerGroup());
  auto channelOf = [&](Value group, Value row) { return kernel.add(kernel.multiply(group, outputs), row); };
  TileProblem problem;
  problem.batches = conv.getGroup();
  problem.depth = reader.depth();
  problem.multiplicand = multiplicand;
  problem.accumulator = accumulator;
  problem.lhs = {reader.outputsPerGroup(), /*alongDepth=*/true,
                 [&](ElementEmitter &emitter, Value group, Value row, Value k) {
                   return reader.weightAt(emitter, channelOf(group, row), k);
                 },
                 reader.weightAddress(channelOf)};
  problem.rhs = {reader.pixels(), /*alongDepth=*/false,
                 [&](ElementEmitter &emitter, Value group, Value pixel, Value k) {
                   return reader.inputAt(emitter, group, pixel, k);
                 },
                 reader.inputAddress()};
  if (problem.rhs.address && !reader.isPointwise())
    problem.rhs.isThere = [&](Value group, Value pixel, Value k) { return reader.see(group, pixel, k).inside; };
  problem.lhs.inChunks = problem.lhs.address && isWholeChunks(problem.depth, multiplicand);
  problem.rhs.inChunks = problem.rhs.address && reader.isPointwise() && isWholeChunks(reader.pixelsPerImage(), multiplicand);
  problem.store = [&](Value group, Value row, Value pixel, Value sum) {
    epilogue.store(sum, reader.resultPoint(channelOf(group, row), pixel));
  };
  emitTiles(kernel, problem);
  return success();
}

/// A thread for each output: for groups of so few channels that a tile would be mostly empty.
LogicalResult emitDirectConv(KernelFunction &kernel) {
  auto found = Epilogue::findAnchor<ConvOp>(kernel);
  if (failed(found))
    return failure();
  ConvOp conv = *found;
  Epilogue epilogue(kernel, conv.getResult());
  Type accumulator = accumulatorType(elementOf(conv.getResult()));
  WindowReader reader(kernel, conv, accumulator);
  ImplicitLocOpBuilder &b = kernel.builder;
  Dim spatial = product(ArrayRef(dimsOf(conv.getResult())).drop_front(2)), channels = dimsOf(conv.getResult())[1];
  Dim total = channels * reader.pixels();
  Value zero = b.create<arith::ConstantOp>(b.getZeroAttr(accumulator));
  kernel.forTasks(total.ceildiv(kernel.threads), [&](Value task) {
    Value number = kernel.add(kernel.multiply(task, kernel.index(kernel.threads)), kernel.thread());
    auto choice = b.create<scf::IfOp>(b.create<arith::CmpIOp>(arith::CmpIPredicate::ult, number, kernel.dim(total)),
                                      /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    // Neighbouring threads have neighbouring pixels: [image][channel][pixel].
    Value place = b.create<arith::RemUIOp>(number, kernel.dim(spatial)),
          rest = b.create<arith::DivUIOp>(number, kernel.dim(spatial));
    Value channel = b.create<arith::RemUIOp>(rest, kernel.dim(channels)),
          image = b.create<arith::DivUIOp>(rest, kernel.dim(channels));
    Value pixel = kernel.add(kernel.multiply(image, kernel.dim(spatial)), place);
    Value group = b.create<arith::DivUIOp>(channel, kernel.dim(reader.outputsPerGroup()));
    auto loop = b.create<scf::ForOp>(kernel.index(0), kernel.dim(reader.depth()), kernel.index(1), ValueRange(zero));
    {
      OpBuilder::InsertionGuard inner(b);
      b.setInsertionPointToStart(loop.getBody());
      ElementEmitter emitter(kernel, 1);
      Value k = loop.getInductionVar(), sum = loop.getRegionIterArg(0);
      Value x = reader.inputAt(emitter, group, pixel, k), w = reader.weightAt(emitter, channel, k);
      Value next = isa<FloatType>(x.getType())
                       ? b.create<math::FmaOp>(x, w, sum).getResult()
                       : b.create<arith::AddIOp>(sum, b.create<arith::MulIOp>(x, w)).getResult();
      b.create<scf::YieldOp>(next);
    }
    epilogue.store(loop.getResult(0), reader.resultPoint(channel, pixel));
  });
  return success();
}

} // namespace quern
