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

/// Where the elements of a convolution are: of input [N, C, D...], weight [M, C/group, K...] and result [N, M, O...], or of
/// a transposed one, whose weight is [C, M/group, K...].
class WindowReader {
public:
  /// Elements are read as multiplicands.
  template <typename OpTy>
  WindowReader(KernelFunction &kernel, OpTy conv, Type multiplicand)
      : kernel(kernel), b(kernel.builder), inputTensor(conv.getInput()), weightTensor(conv.getWeight()),
        input(dimsOf(inputTensor)), weight(dimsOf(weightTensor)), result(dimsOf(conv.getResult())),
        strides(conv.getStrides()), dilations(conv.getDilations()), pads(conv.getPads()), groups(conv.getGroup()),
        isTransposed(std::is_same_v<OpTy, ConvTransposeOp>), multiplicand(multiplicand) {}

  Dim channelsPerGroup() const { return input[1].floordiv(groups); }
  Dim outputsPerGroup() { return result[1].floordiv(groups); }
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

  /// The output channel of a row of the product.
  Value channelOf(Value group, Value row) {
    return kernel.add(kernel.multiply(group, kernel.dim(outputsPerGroup())), row);
  }

  /// Where the weight of a group's output is at place `k` of channels x window.
  Point weightPoint(Value group, Value row, Value k) {
    Point places = takeApart(kernel, k, ArrayRef(weight).drop_front(2)); // leaves the channel
    Point point{{channelOf(group, row), 0, {}}, {k, 0, {}}};
    if (isTransposed)
      point = {{kernel.add(kernel.multiply(group, kernel.dim(channelsPerGroup())), k), 0, {}}, {row, 0, {}}};
    point.append(places);
    return point;
  }
  Value weightAt(ElementEmitter &emitter, Value group, Value row, Value k) {
    return elementAs(multiplicand, emitter, weightTensor, weightPoint(group, row, k));
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
    for (size_t axis = 0; axis < strides.size(); ++axis) {
      Value at = out[2 + axis].base, reach = kernel.multiply(window[axis].base, kernel.index(dilations[axis]));
      Value stride = kernel.index(strides[axis]);
      auto require = [&](Value condition) {
        seen.inside = seen.inside ? b.create<arith::AndIOp>(seen.inside, condition).getResult() : condition;
      };
      if (isTransposed) {
        at = b.create<arith::SubIOp>(kernel.add(at, pads[axis]), reach);
        if (strides[axis] > 1) { // of so many places only one has an element
          require(b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, b.create<arith::RemUIOp>(at, stride),
                                          kernel.index(0)));
          at = b.create<arith::DivUIOp>(at, stride);
        }
      } else {
        at = kernel.add(kernel.add(kernel.multiply(at, stride), reach), -pads[axis]);
      }
      seen.point.push_back({at, 0, {}});
      // Unsigned: what is before the first wraps to a large number.
      require(b.create<arith::CmpIOp>(arith::CmpIPredicate::ult, at, kernel.dim(input[2 + axis])));
    }
    return seen;
  }

  /// The input that place `k` of the window of a pixel sees; 0 in the padding.
  Value inputAt(ElementEmitter &emitter, Value group, Value pixel, Value k) {
    Seen seen = see(group, pixel, k);
    auto read = [&] { return elementAs(multiplicand, emitter, inputTensor, seen.point); };
    if (!seen.inside)
      return read();
    return emitter.guarded(seen.inside, b.create<arith::ConstantOp>(b.getZeroAttr(multiplicand)), read);
  }

  /// Every pixel sees one pixel, its own.
  bool isPointwise() {
    return windowSize().isEqualTo(1) && llvm::all_of(strides, [](int64_t stride) { return stride == 1; }) &&
           llvm::all_of(pads, [](int64_t pad) { return pad == 0; });
  }

  Dim depth() const { return channelsPerGroup() * windowSize(); }
  Dim pixelsPerImage() const { return product(ArrayRef(input).drop_front(2)); }

  /// Whether the weights of an output are its product's row as they lie.
  bool hasRowsOfWeights() const { return !isTransposed; }

  TileProblem::Side::Address weightAddress() {
    if (!isInMemory(weightTensor, multiplicand))
      return {};
    if (!hasRowsOfWeights())
      return [this](Value group, Value row, Value k) { return addressOf(weightTensor, weightPoint(group, row, k)); };
    return [this](Value group, Value row, Value k) {
      Value before = kernel.multiply(channelOf(group, row), kernel.dim(depth()));
      return kernel.address(kernel.buffer(cast<BlockArgument>(weightTensor)), kernel.add(before, k));
    };
  }

  /// Where the element lies that a pixel's window has at place `k`.
  TileProblem::Side::Address inputAddress() {
    if (!isInMemory(inputTensor, multiplicand))
      return {};
    if (!isPointwise())
      return [this](Value group, Value pixel, Value k) { return addressOf(inputTensor, see(group, pixel, k).point); };
    return [this, spatial = pixelsPerImage()](Value group, Value pixel, Value k) {
      Value place = pixel;
      Point inImage = takeApart(kernel, place, {spatial}); // leaves the image
      Value channel = kernel.add(kernel.multiply(group, kernel.dim(channelsPerGroup())), k);
      Value plane = kernel.add(kernel.multiply(place, kernel.dim(input[1])), channel);
      return kernel.address(kernel.buffer(cast<BlockArgument>(inputTensor)),
                            kernel.add(kernel.multiply(plane, kernel.dim(spatial)), inImage[0].base));
    };
  }

private:
  Value addressOf(Value tensor, const Point &point) {
    Value offset = kernel.index(0);
    for (auto [axis, stride] : llvm::zip(point, kernel.strides(dimsOf(tensor))))
      offset = kernel.add(offset, kernel.multiply(axis.base, stride));
    return kernel.address(kernel.buffer(cast<BlockArgument>(tensor)), offset);
  }

  KernelFunction &kernel;
  ImplicitLocOpBuilder &b;
  Value inputTensor, weightTensor;
  SmallVector<Dim> input, weight, result;
  ArrayRef<int64_t> strides, dilations, pads;
  int64_t groups;
  bool isTransposed;
  Type multiplicand;
};

/// A convolution as a product of matrices that are never made: weights [M, C * K...] by windows [C * K..., pixels].
template <typename OpTy> LogicalResult emitProduct(KernelFunction &kernel) {
  auto found = Epilogue::findAnchor<OpTy>(kernel);
  if (failed(found))
    return failure();
  OpTy conv = *found;
  Epilogue epilogue(kernel, conv.getResult());
  Type accumulator = accumulatorType(elementOf(conv.getResult()));
  Type multiplicand = multiplicandType(kernel, elementOf(conv.getInput()), accumulator);
  WindowReader reader(kernel, conv, multiplicand);
  TileProblem problem;
  problem.batches = conv.getGroup();
  problem.depth = reader.depth();
  problem.multiplicand = multiplicand;
  problem.accumulator = accumulator;
  problem.lhs = {reader.outputsPerGroup(), /*alongDepth=*/true,
                 [&](ElementEmitter &emitter, Value group, Value row, Value k) {
                   return reader.weightAt(emitter, group, row, k);
                 },
                 reader.weightAddress()};
  problem.rhs = {reader.pixels(), /*alongDepth=*/false,
                 [&](ElementEmitter &emitter, Value group, Value pixel, Value k) {
                   return reader.inputAt(emitter, group, pixel, k);
                 },
                 reader.inputAddress()};
  if (problem.rhs.address && !reader.isPointwise())
    problem.rhs.isThere = [&](Value group, Value pixel, Value k) { return reader.see(group, pixel, k).inside; };
  problem.lhs.inChunks =
      problem.lhs.address && reader.hasRowsOfWeights() && isWholeChunks(problem.depth, multiplicand);
  problem.rhs.inChunks =
      problem.rhs.address && reader.isPointwise() && isWholeChunks(reader.pixelsPerImage(), multiplicand);
  problem.store = [&](Value group, Value row, Value pixel, Value sum) {
    epilogue.store(sum, reader.resultPoint(reader.channelOf(group, row), pixel));
  };
  emitTiles(kernel, problem);
  return success();
}

} // namespace

LogicalResult emitTiledConv(KernelFunction &kernel) {
  return kernel.find<ConvTransposeOp>() ? emitProduct<ConvTransposeOp>(kernel) : emitProduct<ConvOp>(kernel);
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
      Value x = reader.inputAt(emitter, group, pixel, k), w = reader.weightAt(emitter, kernel.index(0), channel, k);
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
