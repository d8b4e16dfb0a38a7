"""Nodes that are wrong, or that Quern does not take: the line of each refusal, and whose fault it is.

A row is the line's words, the graph's inputs, and its nodes in ONNX's text form; the model's result is y. `n` stands for
an extent that is known only at run time.
"""
import numpy as np
import onnx
import pytest

import quern as quern_package

from test_cli import MODEL, UNSUPPORTED, quern


def case(inputs, nodes, words, code=MODEL, opset=21, output="float y"):
    return pytest.param(inputs, nodes, words, code, opset, output, id=words[:60])


WRONG = [
    # Conventions that all operators share.
    case("float[2] x", "y = Relu(x, x)", "has 2 inputs, but the operator takes at most 1"),
    case("float[2] x", "y = Add(x, '')", "input 1 is missing; the operator needs 2"),
    case("float[2] x", "y, z, w = Relu(x)  s = Add(z, w)", "has 3 outputs; output 1 does not exist"),
    case("float[2,3] x", "y = Softmax<axis = 2>(x)", "axis is 2, but the tensor has 2 axes"),
    case("float[2,3] x", "y = ReduceSum<axes = [-3]>(x)", "axes is -3, but the tensor has 2 axes", opset=11),
    case("float[2,3] x", "y = Transpose<perm = [0, 0]>(x)", "perm names axis 0 twice"),
    case("float[2] x, float[3] z", "y = Add(x, z)", "inputs float32[2] and float32[3] do not broadcast"),
    case("float[2] x, int64[2] z", "y = Add(x, z)", "has inputs of types float32 and int64; they must be the same"),
    case("float[2] x, int64[2] z", "y = Where(x, z, z)", "has a condition of type float32; it must be bool"),
    case("int64[2] x", "y = Sqrt(x)", "does not take elements of type int64"),
    case("float[2] x", "y = Identity(x)  z = Relu(x)", "is declared with elements of type int64, but the graph makes float32", opset=21, output="int64 y"),
    case("float[2] x", "y = TfIdfVectorizer(x)", "operator TfIdfVectorizer is not supported", UNSUPPORTED),
    case("seq(float) x", "y = Identity(x)", "; inputs must be tensors of known rank", UNSUPPORTED),
    case("string[2] x", "y = Identity(x)", "input 'x' has elements of type string, which arrays cannot have", UNSUPPORTED, output="string y"),
    case("float[2] x", 'y = Constant<value_string = "a">()', "output 'y' has elements of type string, which arrays cannot have", UNSUPPORTED, output="string y"),
    case("float[2] x", "c = Cast<to = 17>(x)  y = Cast<to = 1>(c)", "computes float8e4m3fn[2]; such elements are supported in constants only", UNSUPPORTED),
    case("float[2] x", "y = CastLike(x, x)", "is an operator since version 15", opset=13),

    case("float[2] x", "s = SequenceConstruct(x)  y = Relu(s)", "takes tensors, got"),
    case("float[2] x", "y = SequenceConstruct(x)", "; outputs must be tensors", UNSUPPORTED, output="seq(float) y"),
    case("bool[1] c, float[2] x", "s = If<then_branch = t () => (seq(float) a) {a = SequenceConstruct(x)}, else_branch = e () => (seq(float) b) {b = SequenceConstruct(x, x)}>(c)  y = SequenceLength(s)",
         "; only tensors can leave a region", UNSUPPORTED),

    # Elementwise.
    case("float[2,3] x, float[3] z", "y = Add<axis = 2, broadcast = 1>(x, z)", "axis is 2, but inputs of 2 and 1 axes do not fit there", opset=6),
    case("float[2] x", "y = Mod(x, x)", "needs fmod=1 for floats, got 0"),
    case("uint8[2] x", 'y = BitShift<direction = "UP">(x, x)', "direction is 'UP'; it must be 'LEFT' or 'RIGHT'"),
    case("float[2] x", 'y = Gelu<approximate = "fast">(x)', "approximate is 'fast'; it must be 'none' or 'tanh'"),
    case("float[2] x", "t = Constant<value_int = 1>()  b = Cast<to = 9>(t)  r = Constant<value_float = 0.5>()  y = Dropout(x, r, b)",
     "training_mode is not a constant false; export the model for inference", UNSUPPORTED),
    case("float[2] x", "y = Cast<to = 99>(x)", "to is 99, which is no element type"),
    case("float[2] x", "y = Cast(x)", "does not say the type to cast to"),
    case("float[2] x", "y = Cast<to = 17, saturate = 0>(x)", "with saturate=0", UNSUPPORTED),
    case("float[2] x", "y = Cast<to = 8>(x)", "casts float32 to string", UNSUPPORTED),

    # Shapes.
    case("float[2] x, int64[a,b] s", "y = Reshape(x, s)", "has a shape input of type int64[a, b]; the number of axes must be known", UNSUPPORTED),
    case("float[2] x", "s = Constant<value_ints = [1, 2, 0]>()  y = Reshape(x, s)", "shape copies axis 2 of an input of 1 axes"),
    case("float[2] x", "s = Constant<value_ints = [-1, -1]>()  y = Reshape(x, s)", "shape has -1 at 0 and at 1; only one extent can be inferred"),
    case("float[2] x", "s = Constant<value_ints = [0, -1]>()  y = Reshape<allowzero = 1>(x, s)",
     "shape has -1 beside a zero, so that extent cannot be inferred"),
    case("float[2] x", "s = Constant<value_ints = [3]>()  y = Reshape(x, s)", "reshape changes the number of elements: 2 and 3"),
    case("float[2] x", "s = Constant<value_ints = [-5]>()  y = Reshape(x, s)", "makes a tensor of extents [-5]; they must not be negative and fit 64 bits"),
    case("float[2,3] x", "a = Constant<value_ints = [1]>()  y = Squeeze(x, a)", "a squeezed axis must have extent 1: 3 and 1"),
    case("float[2] x", "y = Unsqueeze(x)", "axes is missing", opset=11),
    case("float[2] x", "s = Constant<value_ints = [3]>()  y = Expand(x, s)", "cannot expand float32[2] to [3]"),
    case("float[2] x", "y = Constant()", "has no value"),
    case("float[2] x", "s = Constant<value_ints = [2]>()  y = ConstantOfShape<value = float[2] {1, 2}>(s)", "value must be a tensor of one element"),
    case("float[2] x", "s = Constant<value_ints = [4611686018427387904, 4]>()  y = ConstantOfShape(s)", "makes float32[4611686018427387904, 4], whose elements do not fit 64 bits"),
    case("int64[a,b] s", "y = ConstantOfShape(s)", "needs integers of a number known at compile time, got", UNSUPPORTED),
    case("int64[65] s", "y = ConstantOfShape(s)", "reads 65 sizes at run time; at most 64 are supported", UNSUPPORTED),
    case("int64[2] x", "y = Range(x, x, x)", "takes scalars, got"),
    case("float[2] x", "y = EyeLike(x)", "takes a tensor of 2 axes, got 1"),
    case("float[2] x", "y = DepthToSpace<blocksize = 2>(x)", "takes a tensor of 4 axes, got 1"),
    case("float[1,4,2,2] x", "y = DepthToSpace<blocksize = 0>(x)", "blocksize is 0; it must be positive"),
    case("float[1,3,2,2] x", "y = DepthToSpace<blocksize = 2>(x)", "channels must be a multiple of blocksize squared: 3 and 0"),
    case("float[1,1,3,2] x", "y = SpaceToDepth<blocksize = 2>(x)", "height must be a multiple of blocksize: 3 and 2"),
    case("float[1,1,2,3] x", "y = SpaceToDepth<blocksize = 2>(x)", "width must be a multiple of blocksize: 3 and 2"),

    case(", ".join(f"float[{side}{i}] {side}{i}" for side in "pq" for i in range(17)),
         "s = Concat<axis = 0>(" + ", ".join(f"p{i}" for i in range(17)) + ")  t = Concat<axis = 0>(" + ", ".join(f"q{i}" for i in range(17)) +
         ")  c = Constant<value_ints = [1]>()  u = Unsqueeze(t, c)  v = Mul(s, u)  f = Constant<value_ints = [-1]>()  y = Reshape(v, f)",
         "makes an extent that is a sum of more than 256 terms; make some dims static", UNSUPPORTED),

    # Cutting and joining.
    case("float[2,3] x, float[4,5] z", "y = Concat<axis = 0>(x, z)", "inputs differ along axis 1: 3 and 5"),
    case("float[4] x", "s = Constant<value_ints = [1, 2]>()  y = Split(x, s)", "split has 2 sizes for 1 outputs"),
    case("float[4] x", "s = Constant<value_ints = [1, 2]>()  y, z = Split(x, s)", "the sizes of split must add up to the axis: 3 and 4"),
    case("float[5] x", "y, z = Split(x)", "the axis must be a multiple of the number of outputs: 4 and 5", opset=13),
    case("float[5] x, float[1] s", "y = Slice(x, s, s)", "needs starts and ends of a length known at compile time, got", UNSUPPORTED),
    case("float[5] x", "s = Constant<value_ints = [1]>()  e = Constant<value_ints = [1, 2]>()  y = Slice(x, s, e)",
     "has 1 starts, 2 ends, 1 axes and 1 steps; they must be as many"),
    case("float[5] x", "s = Constant<value_ints = [0]>()  y = Slice(x, s, s, s, s)", "has a step of 0 along axis 0"),
    case("float[5] x", 'p = Constant<value_ints = [0, 0]>()  y = Pad<mode = "mirror">(x, p)', "mode is 'mirror'; it must be constant, reflect, edge or wrap"),
    case("float[5] x", "p = Constant<value_ints = [0]>()  y = Pad(x, p)", "has 1 pads for 1 axes; it must have two for each"),
    case("float[5] x", "p = Constant<value_ints = [0, 1]>()  v = Constant<value_int = 0>()  y = Pad(x, p, v)", "pads float32[5] with int64[]; it must be a scalar of the same type"),
    case("float[5] x", "s = Constant<value_ints = [1, 2]>()  y = CenterCropPad(x, s)", "has 2 sizes for 1 axes"),
    case("float[5] x, int64[1] k", "y = Tile(x, k, k)", "needs one constant axis and one count of tiles", UNSUPPORTED, 5),
    case("float[5] x", "k = Constant<value_ints = [1, 2]>()  y = Tile(x, k)", "has 2 repeats for a tensor of 1 axes"),

    # Indices.
    case("float[5] x", "y = Gather(x, x)", "has indices of type float32; they must be int32 or int64"),
    case("float[5] x", "i = Constant<value_ints = [5]>()  y = Gather(x, i)", "index 5 is outside axis 0 of 5 elements"),
    case("float[5] x, int64[1,2] i", "y = GatherElements(x, i)", "has data of 1 axes and indices of 2"),
    case("float[5] x, int64[1,n] i", "y = GatherND(x, i)", "has indices of type int64[1, n]; their last extent must be known", UNSUPPORTED),
    case("float[5] x, int64[1,2] i", "y = GatherND(x, i)", "has index tuples of 2 for 1 axes"),
    case("float[5] x, int64[1,1] i", "y = GatherND<batch_dims = 1>(x, i)", "batch_dims is 1, but the inputs have 1 and 2 axes"),
    case("float[5,2] x, int64[4,1] i", "y = GatherND<batch_dims = 1>(x, i)", "batch axes differ: 5 and 4"),
    case("float[5] x, int64[1] i", 'y = ScatterElements<reduction = "or">(x, i, x)', "reduction is 'or'; it must be none, add, mul, min or max"),
    case("float[5] x, int64[1] i", "y = ScatterElements(x, i, i)", "of different types"),
    case("float[5] x, int64[1,2] i", "y = ScatterElements(x, i, x)", "has data of 1 axes, indices of 2 and updates of 1"),
    case("float[5] x, int64[1] i", "y = ScatterElements(x, i, x)", "indices and updates have different extents: 1 and 5"),
    case("float[5] x, int64[2,1] i, float[2,2] u", "y = ScatterND(x, i, u)", "has updates of 2 axes, but data and indices make 1"),
    case("float[5] x, int64[2,1] i, float[3] u", "y = ScatterND(x, i, u)", "updates have other extents than data and indices make: 2 and 3"),
    case("int64[5] x, int64 [1] d, float[3] v", "y = OneHot(x, d, v)", "needs two values: 3 and 2"),
    case("int64[5] x, int64 [1] d, float[1,2] v", "y = OneHot(x, d, v)", "needs two values, got"),
    case("int64[5] x, int64 [2] d, float[2] v", "y = OneHot(x, d, v)", "needs one depth, got"),
    case("float[5] x", "y = Trilu(x)", "takes tensors of 2 axes or more, got 1"),
    case("float[5,5] x, int64[5] n", "y = ReverseSequence<batch_axis = 1, time_axis = 1>(x, n)", "batch_axis is 1 and time_axis 1; they must be 0 and 1 in either order"),
    case("float[5,5] x, int64[5,1] n", "y = ReverseSequence(x, n)", "sequence_lens is int64[5, 1]; it must have one axis"),
    case("float[5] x, bool[5,1] c", "y = Compress(x, c)", "condition is bool[5, 1]; it must have one axis"),
    case("float[5] x", "k = Constant<value_ints = [1, 1]>()  y, i = TopK(x, k)", "needs one k, got 2"),
    case("float[5] x", "k = Constant<value_ints = [6]>()  y, i = TopK(x, k)", "k is 6, but axis 0 has 5 elements"),

    case("float[2,3] x, int64[5,3] i", "y = GatherElements<axis = 1>(x, i)", "indices are longer than data along axis 0: 5 and 2"),
    case("float[0] x", "i = Constant<value_ints = [0, 1]>()  y = GatherElements(x, i)", "picks elements of an empty axis, which must have 1 or more: 1 and 0"),

    # Products.
    case("float[2,3] x", "y = MatMul(x, x)", "columns of the left and rows of the right input differ: 3 and 2"),
    case("float[2,3,3] x, float[4,3,3] z", "y = MatMul(x, z)", "the leading axes of float32[2, 3, 3] and float32[4, 3, 3] do not broadcast"),
    case("float[2,3] x, double[3,2] z", "y = MatMul(x, z)", "has inputs of types float32[2, 3] and float64[3, 2]; they must be the same"),
    case("float[2] x", "s = Constant<value_float = 1.0>()  y = MatMul(s, x)", "operand 0 has rank 0, expected 1 or more"),
    case("float[3] x", "y = Gemm(x, x)", "operand 0 has rank 1, expected 2"),
    case("int32[2,2] x", "y = Gemm<alpha = 0.5>(x, x)", "alpha is 0.50 and beta 1.00, expected integers for operands of integers", UNSUPPORTED),
    case("float[2,2] x, float[1,2,2] c", "y = Gemm(x, x, c)", "operand 2 has rank 3, expected 2 or less"),
    case("float[2,2] x", 'y = Einsum<equation = "i1,jk">(x, x)', "term 'i1' does not fit an input of 2 axes"),
    case("float[2,2] x", 'y = Einsum<equation = "ij->i1">(x)', "equation has '1' in it; a term is letters and one '...'"),
    case("float[2,2] x", 'y = Einsum<equation = "ij,jk">(x)', "equation has 2 terms for 1 inputs"),
    case("float[2,2] x", 'y = Einsum<equation = "ij->k">(x)', "label 'k' of the output must be in an input, and once"),
    case("float[2,3] x", 'y = Einsum<equation = "ii->i">(x)', "axes of one label differ: 2 and 3"),

    # Windows.
    case("float[1,3,8] x, float[2,3] w", "y = Conv(x, w)", "the input has rank 3 and the weight rank 2, expected two equal ranks of 3 or more"),
    case("float[1,3,8] x, float[2,3,n] w", "y = Conv(x, w)", "the weight's extent n is dynamic, expected a static one", UNSUPPORTED),
    case("float[1,3,8] x, float[2,3,3] w", "y = Conv<kernel_shape = [2]>(x, w)", "kernel_shape is [2] and the weight's spatial extents are [3]"),
    case("float[1,3,8] x, float[2,3,3] w", "y = Conv<group = 3>(x, w)", "group is 3, expected a divisor of the weight's 2 channels"),
    case("float[1,3,8] x, float[2,3,3] w", "y = Conv<group = 0>(x, w)", "group is 0, expected a divisor"),
    case("float[1,3,8] x, float[2,4,3] w", "y = Conv(x, w)", "the input's channels and the weight's: 3 and 4"),
    case("float[1,3,8] x, float[2,3,3] w", "y = Conv(x, w, w)", "the bias has rank 3, expected 1"),
    case("float[1,3,8] x, float[2,3,3] w", "y = Conv<pads = [1]>(x, w)", "pads has 1 entries, expected 2 for the operand's spatial axes"),
    case("float[1,3,8] x, float[2,3,3] w", "y = Conv<strides = [0]>(x, w)", "strides has the entry 0, expected 1 or more"),
    case("float[1,3,8] x, float[2,3,3] w", "y = Conv<dilations = [0]>(x, w)", "dilations has the entry 0, expected 1 or more"),
    case("float[1,3,8] x, float[2,3,3] w", 'y = Conv<auto_pad = "SAME">(x, w)', "auto_pad is 'SAME', expected NOTSET, VALID, SAME_UPPER or SAME_LOWER"),
    case("float[1,3,8] x, float[3,3,3] w", "y = ConvTranspose<output_padding = [1, 1]>(x, w)", "output_padding has 2 entries, expected 1"),
    case("float[1,3,8] x, float[3,3,3] w", "y = ConvTranspose<output_shape = [1, 1]>(x, w)", "output_shape has 2 entries, expected 1"),
    case("float[1,3,n] x, float[3,3,3] w", "y = ConvTranspose<output_shape = [9]>(x, w)", "output_shape is 9 for the dynamic extent n, expected a static extent", UNSUPPORTED),
    case("float[3,8] x", "y = MaxPool<kernel_shape = [2]>(x)", "the input has rank 2, expected 3 or more"),
    case("float[1,3,8] x", "y = MaxPool<kernel_shape = [2, 2]>(x)", "kernel_shape has 2 entries, expected 1 for the operand's spatial axes"),
    case("float[1,3,8] x", "y = MaxPool<kernel_shape = [0]>(x)", "kernel_shape has the entry 0, expected 1 or more"),
    case("float[1,3,n] x", 'y, i = MaxPool<kernel_shape = [3], strides = [2], auto_pad = "SAME_UPPER">(x)  z = Shape(i)',
         "the indices of auto_pad SAME_UPPER over dynamic extents; make the extents static or write pads", UNSUPPORTED),
    case("float[1,1,99,99] x", "y, i = MaxPool<kernel_shape = [65, 64]>(x)  z = Relu(i)", "the indices of a window of more than 4096 elements", UNSUPPORTED),
    case("float[1,3,8] x, float[m,3,3] w", "y = Conv(x, w)", "the weight's extent m is dynamic, expected a static one", UNSUPPORTED),
    case("float[1,1,4] x, int64[1,1,4] i, int64[2] s", "y = MaxUnpool<kernel_shape = [1]>(x, i, s)", "output_shape has 2 entries, expected 3"),

    # Resizing.
    case("float[1,1,4,4] x", "s = Constant<value_floats = [2.0]>()  y = Resize(x, '', s)", "has 1 scales for 4 axes"),
    case("float[4] x", "s = Constant<value_floats = [-2.0]>()  y = Resize(x, '', s)", "has a scale of -2.00; scales must be positive"),
    case("float[n] x", "s = Constant<value_floats = [2.7182818]>()  y = Resize(x, '', s)", "scales axis 0 of extent n by 2.72; make that axis static", UNSUPPORTED),
    case("float[4] x", "y = Resize(x)", "must have either scales or sizes"),
    case("float[4] x", "z = Constant<value_ints = [1, 2]>()  y = Resize(x, '', '', z)", "has 2 sizes for 1 axes"),
    case("float[n] x", 'z = Constant<value_ints = [4]>()  y = Resize<keep_aspect_ratio_policy = "not_larger">(x, \'\', \'\', z)',
     "keep_aspect_ratio_policy 'not_larger' needs static extents", UNSUPPORTED),
    case("float[4] x", 'y = Resize<mode = "area">(x)', "mode is 'area'; it must be nearest, linear or cubic"),
    case("float[4] x", 'y = Resize<coordinate_transformation_mode = "no">(x)', "coordinate_transformation_mode is 'no', which does not exist"),
    case("float[4] x", 'y = Resize<nearest_mode = "no">(x)', "nearest_mode is 'no', which does not exist"),
    case("float[4] x", "y = Upsample<height_scale = 2.0, width_scale = 2.0>(x)", "takes images, got float32[4]", opset=1),

    # Normalization, losses.
    case("float[4] x", "y = LRN<size = 3>(x)", "the input has rank 1, expected 3 or more"),
    case("float[1,4,4] x", "y = LRN<size = 0>(x)", "size is 0, expected 1 or more"),
    case("float[4] x", "y = LpNormalization<p = 3>(x)", "p is 3, expected 1 or 2"),
    case("float[1,4,4] x, float[4] s", "y = GroupNormalization<num_groups = 3>(x, s, s)", "num_groups is 3, expected a divisor of the 4 channels"),
    case("float[1,4,4] x, float[4,1] s", "y = InstanceNormalization(x, s, s)", "a scale or bias has rank 2, expected 1"),
    case("float[1,4,4] x, float[4] s", "y, m, v, p, q = BatchNormalization(x, s, s, s, s)  z = Add(m, v)", "result 1 exists only in training before version 14", UNSUPPORTED, 9),
    case("float[4,3] x, int64[4,3] t", "y = NegativeLogLikelihoodLoss(x, t)", "has scores of 2 axes and targets of 2; they must be one apart"),
    case("float[4,3] x, int64[4] t", 'y = NegativeLogLikelihoodLoss<reduction = "max">(x, t)', "reduction is 'max'; it must be none, sum or mean"),
    case("float[4] x, int64[4] t", "y = SoftmaxCrossEntropyLoss(x, t)", "takes scores of 2 axes or more, got"),
    case("float[4] x", "y = com.microsoft.SkipLayerNormalization(x, x)", "input 2 is missing; the operator needs 3"),
    case("float[2] g", "s = Constant<value_float = 1.0>()  y = com.microsoft.SkipLayerNormalization(s, s, g)", "the input has rank 0, expected 1 or more"),

    # Recurrent layers.
    case("float[5,1] x, float[1,8,3] w", "y = LSTM<hidden_size = 2>(x, w, w)", "X, W and R have ranks 2, 3 and 3, expected 3"),
    case("float[5,1,3] x, float[1,8,3] w, float[1,8,2] r", 'y = LSTM<direction = "up">(x, w, r)', "direction is 'up', expected forward, reverse or bidirectional"),
    case("float[5,1,3] x, float[1,8,3] w, float[1,8,n] r", "y = LSTM(x, w, r)", "R has the dynamic extent n, expected a static hidden size", UNSUPPORTED),
    case("float[5,1,3] x, float[1,8,3] w, float[1,8,2] r", "y = LSTM<hidden_size = 3>(x, w, r)", "hidden_size is 3 and R has 2 columns"),
    case("float[5,1,3] x, float[2,8,3] w, float[2,8,2] r", "y = LSTM(x, w, r)", "the directions and the first axis of the weights: 2 and 1"),
    case("float[5,1,3] x, float[1,6,3] w, float[1,8,2] r", "y = LSTM(x, w, r)", "the gates and the second axis of the weights: 6 and 8"),
    case("float[5,1,3] x, float[1,8,4] w, float[1,8,2] r", "y = LSTM(x, w, r)", "the last axes of X and W: 3 and 4"),
    case("float[5,1,3] x, float[1,8,3] w, float[1,8,2] r, float[1,9] b", "y = LSTM(x, w, r, b)", "the directions and gates of B: 9 and 16"),
    case("float[5,1,3] x, float[1,8,3] w, float[1,8,2] r, float[1,2] h", "y = LSTM(x, w, r, '', '', h)", "operand 5 has rank 2, expected 3"),
    case("float[5,1,3] x, float[1,8,3] w, float[1,8,2] r, int32[2] n", "y = LSTM(x, w, r, '', n)", "sequence_lens and the batch: 2 and 1"),
    case("float[5,1,3] x, float[1,8,3] w, float[1,8,2] r, float[1,4] p", "y = LSTM(x, w, r, '', '', '', '', p)", "the directions and gates of P: 4 and 6"),
    case("float[5,1,3] x, float[1,8,3] w, float[1,8,2] r, float[1,1,3] h", "y = LSTM(x, w, r, '', '', h)", "an initial state and the extents of X and R: 3 and 2"),
    case("float[5,1,3] x, float[1,8,3] w, float[1,8,2] r", 'y = LSTM<activations = ["Tanh"]>(x, w, r)', "activations has 1 entries, expected 3"),
    case("float[5,1,3] x, float[1,2,3] w, float[1,2,2] r", 'y = RNN<activations = ["Sin"]>(x, w, r)', "'Sin' is not an activation of a recurrent layer"),

    # Attention.
    case("float[2,3] x", "y = Attention(x, x, x)", "operand 0 has rank 2, expected 3 or 4", opset=23),
    case("float[1,4,6] x", "y = Attention<q_num_heads = 4, kv_num_heads = 2>(x, x, x)", "q_num_heads is 4, expected a divisor of the 6 columns of operand 0", opset=23),
    case("float[1,2,4,3] x, float[1,4] p", "y = Attention(x, x, x, '', p, p)", "operand 4 has rank 2, expected 4", opset=23),
    case("float[1,3,4,3] x, float[1,2,4,3] k", "y = Attention(x, k, k)", "has 3 query heads for 2 key heads, expected a multiple", opset=23),
    case("float[1,2,4,3] x, float[1,2,4,5] k", "y = Attention(x, k, k)", "the head sizes of query and key: 3 and 5", opset=23),
    case("float[1,2,4,3] x, float[1,2,5,3] v", "y = Attention(x, x, v)", "the lengths of key and value: 4 and 5", opset=23),
    case("float[1,2,4,3] x, float[1,1,4,3] v", "y = Attention(x, x, v)", "the heads of key and value: 2 and 1", opset=23),
    case("float[1,2,4,3] x, float[2,2,4,3] v", "y = Attention(x, v, v)", "the batches of query, key and value: 1 and 2", opset=23),
    case("float[1,2,4,n] x", "y = Attention(x, x, x)", "the head size n is dynamic; give the attribute scale", UNSUPPORTED, 23),
    case("float[1,2,4,3] x", "y = Attention<qk_matmul_output_mode = 4>(x, x, x)", "qk_matmul_output_mode is 4, expected 0 to 3", opset=23),
    case("float[1,2,6] x", "y = com.microsoft.MultiHeadAttention<num_heads = 2>(x)", "packed query, key and value; give them as three inputs, the query of rank 3", UNSUPPORTED),
    case("float[1,2,6] x", "y = com.microsoft.MultiHeadAttention<num_heads = 4>(x, x, x)", "operand 0 is float32[1, 2, 6], expected rank 3 or 4 and columns that 4 heads divide"),
    case("float[1,2,6] x, int32[1] m", "y = com.microsoft.MultiHeadAttention<num_heads = 2>(x, x, x, '', m)", "key_padding_mask has rank 1; only [batch, keys] is supported", UNSUPPORTED),

    # Graphs in attributes.
    case("bool c, float[2] x", "y = If(c)", "needs the graphs then_branch and else_branch"),
    case("bool[1] c, float[2] x", "y, z = If<then_branch = t () => (float[2] a) {a = Relu(x)}, else_branch = e () => (float[2] b) {b = Neg(x)}>(c)",
     "a branch gives 1 values, expected 2"),
    case("bool[1] c, float[2] x, int64[2] i", "y = If<then_branch = t () => (float[2] a) {a = Relu(x)}, else_branch = e () => (int64[2] b) {b = Neg(i)}>(c)",
     "the branches give value 0 the types float32[2] and int64[2]; they must agree"),
    case("bool[1] c, float[2] x", "y = If<then_branch = t () => (float[2] a) {a = Relu(x)}, else_branch = e () => (float[1,2] b) {s = Constant<value_ints = [1, 2]>() b = Reshape(x, s)}>(c)",
     "the branches give value 0 the ranks 1 and 2, expected one rank", UNSUPPORTED),
    case("int64[1] n, float[2] x", "y = Loop(n, '', x)", "needs a graph body with the inputs iteration and condition"),
    case("int64[1] n, float[2] x", "y = Loop<body = b (int64 i, bool c) => (bool c) {}>(n, '', x)", "the body has 2 inputs and the node 3; they must be as many"),
    case("int64[1] n, float[2] x", "y = Loop<body = b (int64 i, bool c, float[2] a) => (bool c) {}>(n, '', x)", "the body gives 1 values, expected 2 or more"),
    case("float[5,2] x", "y = Scan<num_scan_inputs = 1>(x)", "needs a graph body"),
    case("float[5,2] x", "y = Scan<num_scan_inputs = 2, body = b (float[2] a) => (float[2] c) {c = Relu(a)}>(x)", "num_scan_inputs is 2 for 1 inputs and a body of 1"),
    case("float[5,2] x", "y, z = Scan<num_scan_inputs = 1, body = b (float[2] a) => (float[2] c) {c = Relu(a)}>(x)", "the body gives 1 values for 0 states and 2 results"),
    case("float[5,2] x, float[4,2] z", "y = Scan<num_scan_inputs = 2, body = b (float[2] a, float[2] d) => (float[2] c) {c = Add(a, d)}>(x, z)",
     "the scanned axes of two inputs: 5 and 4"),
    case("float[5,2] x", "y = Scan<num_scan_inputs = 1, body = b (float a) => (float c) {c = Relu(a)}>('', x)",
     "Scan of opset 8 with sequence_lens or a batch other than 1; convert the model to opset 9", UNSUPPORTED, 8),
]


def model_of(inputs, nodes, opset, output):
    domains = f'"": {opset}, "ai.onnx.ml": 3, "ai.onnx.preview": 1, "com.microsoft": 1'
    return onnx.parser.parse_model(f"<ir_version: 8, opset_import: [{domains}]> g ({inputs}) => ({output}) {{ {nodes} }}".replace("''", '""'))


def check_refusal(tmp_path, inputs, nodes, words, code, opset, output):
    """Compiling the nodes ends with this code and one line that has the words, and leaves no file."""
    onnx.save(model_of(inputs, nodes, opset, output), tmp_path / "model.onnx")
    error = quern("compile", "model.onnx", "-o", "model.so", code=code, cwd=tmp_path)
    assert error.startswith("quern: error: model.onnx: ") and error.count("\n") == 1 and not error.endswith(".\n")
    assert words in error
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


@pytest.mark.parametrize("inputs, nodes, words, code, opset, output", WRONG)
def test_refusal(tmp_path, inputs, nodes, words, code, opset, output):
    check_refusal(tmp_path, inputs, nodes, words, code, opset, output)


# Guards: what dynamic extents decide. Inputs of one row each: the graph, the arrays' shapes, the words.
RUNS = [
    ("float[n] x, float[m] z", "y = Add(x, z)", [(2,), (3,)], "node 'y' (Add, opset 21): inputs do not broadcast: 2 and 3"),
    ("float[n,2,2] x, float[m,2,2] z", "y = MatMul(x, z)", [(2, 2, 2), (3, 2, 2)], "leading axes do not broadcast: 2 and 3"),
    ("float[2,n] x, float[m,2] z", "y = MatMul(x, z)", [(2, 3), (4, 2)], "columns of the left and rows of the right input differ: 3 and 4"),
    ("float[n] x, float[m] z", "s = Shape(z)  y = Expand(x, s)", [(2,), (3,)], "the input does not broadcast to the shape: 2 and 3"),
    ("float[n] x", "s = Constant<value_ints = [2, 2]>()  y = Reshape(x, s)", [(5,)], "reshape changes the number of elements: 5 and 4"),
    ("float[1,1,n] x, float[1,1,3] w", "c = Conv(x, w)  y = GlobalMaxPool(c)", [(1, 1, 1), (1, 1, 3)], "makes a tensor of a negative extent: -1 and 0"),
    ("float[n] x, int64[2] i", "y = Gather(x, i)", [(0,), (2,)], "picks elements of an empty axis, which must have 1 or more: 1 and 0"),
    ("float[n,3] x, int64[m,3] i", "y = GatherElements<axis = 1>(x, i)", [(1, 3), (2, 3)], "indices are longer than data along axis 0: 2 and 1"),
    ("float[n] x, int64[1] k", "y = Expand(x, k)", [(1,), (1,)], "a size or position is -7, but must be at least 0"),
    ("float[n] x, int64[1] k", "y = Tile(x, k)", [(1,), (1,)], "a size or position is 2305843009213693952, but must be at most 1099511627776"),
    ("float[n] x, int64[1] k", "y, i = TopK(x, k)", [(3,), (1,)], "a size does not fit the data"),
    ("float[n] x, int64[1] k", "y = Gather(x, k)", [(3,), (1,)], "index out of range"),
    ("int64[1] x, int64[1] k", "y = Div(x, k)", [(1,), (1,)], "integer division by zero"),
    ("float[n] x, float[m] z", "s = Shape(x)  t = Shape(z)  c = Concat<axis = 0>(s, t, s, t, s, t, s, t)  e = Expand(x, c)  y = ReduceSum(e)",
     [(1 << 16,), (1 << 16,)], "the sizes of the inputs make one that does not fit 64 bits"),
]
INTEGERS = {"at least 0": -7, "at most": 1 << 61, "fit the data": 4, "index out": 3, "division": 0}


def check_refusal_of_a_run(inputs, nodes, shapes, words, opset=21, output=None):
    """The nodes compile, and a run with arrays of these shapes is a DataError of one line that has the words."""
    output = output or ("int64 y" if inputs.startswith("int64") else "float y")
    model = quern_package.compile(model_of(inputs, nodes, opset, output))
    integer = next((value for key, value in INTEGERS.items() if key in words), 0)
    arrays = [np.full(shape, integer, np.int64) if value.dtype == "int64" else np.zeros(shape, np.float32)
              for value, shape in zip(model.inputs, shapes)]
    with pytest.raises(quern_package.DataError) as error:
        model(*arrays)
    assert words in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("inputs, nodes, shapes, words", RUNS, ids=[row[3][:60] for row in RUNS])
def test_refusal_of_a_run(inputs, nodes, shapes, words):
    check_refusal_of_a_run(inputs, nodes, shapes, words)


# What only the text of the import can say, as the importer refuses it before.
TEXT = """module attributes {{onnx.ir_version = 9 : i64, onnx.opset = {{ai.onnx = 19 : i64}}}} {{
  func.func @main(%x: tensor<4xf32> {{onnx.name = "x"}}, %c: tensor<i1> {{onnx.name = "c"}}) -> (!onnx.value {{onnx.name = "y"}}) {{
    {}
    return %0 : !onnx.value
  }}
}}
"""


@pytest.mark.parametrize("node, words", [
    ('%0 = onnx.node "Gelu"(%x) {opset = 19 : i64} : (tensor<4xf32>) -> !onnx.value', "the operator exists since opset 20"),
    ("""%0 = onnx.node "If"(%c) {opset = 19 : i64, region_names = ["then_branch", "else_branch"]} : (tensor<i1>) -> !onnx.value {
    ^bb0(%q: tensor<4xf32>):
      onnx.yield %q : tensor<4xf32>
    }, {
      onnx.yield %x : tensor<4xf32>
    }""", "a graph has an output that nothing computes"),
], ids=["version", "output"])
def test_refusal_of_text(tmp_path, node, words):
    (tmp_path / "import.mlir").write_text(TEXT.format(node))
    assert words in quern("compile", "import.mlir", "--start-at=graph", "-o", "model.so", code=MODEL, cwd=tmp_path)
