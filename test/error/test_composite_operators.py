"""Nodes of operators that are made of many graph ops, wrong or not taken by Quern; rows as in test_operators.py."""
import pytest

from test_cli import MODEL, UNSUPPORTED
from test_operators import case, check_refusal, check_refusal_of_a_run

HEADS = "q_num_heads = 2, kv_num_heads = 2"
LINEAR = 'y = LinearAttention<q_num_heads = 1, kv_num_heads = 1, update_rule = "linear">'


def flex(inputs, attributes, words, operands="x, x, x", code=MODEL):
    return case(inputs, f"y = ai.onnx.preview.FlexAttention{attributes}({operands})", words, code, opset=24)


WRONG = [
    # Axes, positions and sizes that are data.
    case("float[2] x, int64[2] a", "y = Squeeze(x, a)", "removes 2 axes of a tensor of 1"),
    case("float[2] x, int64[n] a", "y = Squeeze(x, a)", "axes is computed at run time; it must be a constant", UNSUPPORTED),
    case("float[2] x, float[1] a", "y = Unsqueeze(x, a)", "axes is float32[1], expected integers"),
    case("float[5] x, int64[1] s, int64[1,1] a", "y = Slice(x, s, s, a)",
         "has starts of type int64[1] and one of ends, axes and steps of type int64[1, 1]"),
    case("float[5] x, int64[1] s, int64[2] a", "y = Slice(x, s, s, a)", "starts, ends, axes and steps must be as many: 2 and 1"),
    case("float[4] x, float[1,1] s", "y = Resize(x, '', s)", "takes scales or sizes of one axis, got float32[1, 1]"),
    case("float[4] x, float[2] s", "y = Resize(x, '', s)", "must have a scale or size for each axis: 2 and 1"),
    case("float[4] x, float[1] s", 'y = Resize<mode = "linear", antialias = 1>(x, \'\', s)',
         "antialias needs scales or sizes that are known at compile time", UNSUPPORTED),
    case("float[4] x, float[1] s", 'y = Resize<coordinate_transformation_mode = "tf_crop_and_resize">(x, \'\', s)',
         "tf_crop_and_resize needs the input roi"),
    case("float[4] x, float[3] r, float[1] s", 'y = Resize<coordinate_transformation_mode = "tf_crop_and_resize">(x, r, s)',
         "roi must have two numbers for each axis: 3 and 2"),

    # Element types that only constants have.
    flex("float[1,2,3,4] x", "<softmax_precision = 17>", "node 'y' (FlexAttention): elements of type float8e4m3fn are not supported", code=UNSUPPORTED),

    # Detection, sampling, patches.
    case("float[1,5] x, float[1,1,5] s", "y = NonMaxSuppression(x, s)", "takes boxes [B, N, 4] and scores [B, C, N], got float32[1, 5] and float32[1, 1, 5]", output="int64 y"),
    case("float[2,5,4] x, float[1,1,5] s", "y = NonMaxSuppression(x, s)", "boxes and scores must have one batch: 2 and 1", output="int64 y"),
    case("float[1,5,4] x, float[1,1,6] s", "y = NonMaxSuppression(x, s)", "there must be a score for each box: 5 and 6", output="int64 y"),
    case("float[1,5,3] x, float[1,1,5] s", "y = NonMaxSuppression(x, s)", "boxes must have four coordinates: 3 and 4", output="int64 y"),
    case("float[2,3] x, int64[4] s", "y = AffineGrid(x, s)", "takes theta [N, 2, 3] with four sizes or [N, 3, 4] with five, got float32[2, 3]"),
    case("float[1,1,4,4] x, float[1,2,2,2] g", 'y = GridSample<mode = "area">(x, g)', "has the mode 'area' and padding_mode 'zeros'"),
    case("float[1,1,4,4] x, float[1,2,2] g", "y = GridSample(x, g)",
         "samples float32[1, 1, 4, 4] at float32[1, 2, 2]; both must have as many axes, 3 or more"),
    case("float[1,1,4,4,4,4] x, float[1,2,2,2,2,4] g", 'y = GridSample<mode = "cubic">(x, g)', "cubic sampling of 4 axes; at most 3 are supported", UNSUPPORTED),
    case("float[1,1,4,4] x, float[1,2,2,3] g", "y = GridSample(x, g)", "the grid's last axis must have a coordinate for each spatial axis: 3 and 2"),
    case("float[1,1,4,4] x, float[3,2,2,2] g", "y = GridSample(x, g)", "image and grid must have one batch: 3 and 1"),
    case("float[4,4] x, int64[1] i", "y = Col2Im(x, i, i)", "takes [batch, channels * block, columns], got float32[4, 4]"),
    case("float[1,4,4] x, int64[2] i, int64[1] b", "y = Col2Im(x, i, b)", "has 2 extents of the image and 1 of the block; they must be as many"),
    case("float[1,4,4] x, int64[1] i", "y = Col2Im<strides = [0]>(x, i, i)", "strides must have 1 entries of 1 or more"),
    case("float[1,4,4] x", "i = Constant<value_ints = [4]>()  b = Constant<value_ints = [2]>()  y = Col2Im(x, i, b)",
         "the columns must be the places of the block in the image: 4 and 3"),
    case("float x, int64[1] i", "y = ai.onnx.ml.ArrayFeatureExtractor(x, i)", "takes columns of float32[] by indices of type int64[1]"),

    # Quantization.
    case("int8[2,3] x, float[2,2] s", "y = DequantizeLinear(x, s)", "has a scale or zero point of type float32[2, 2] for int8[2, 3]"),
    case("float[4,3] x, float[3,3] s", "y = QuantizeLinear<axis = 0, block_size = 2>(x, s)",
         "a scale or zero point must have one element for each block: 2 and 3", output="uint8 y"),
    case("float[4] x, float s", "y = QuantizeLinear<output_dtype = 22>(x, s)", "quantization to int4 is not supported, only to integers of 8 bits or more", UNSUPPORTED),
    case("float[4] x, float s", "z = Constant<value = float8e4m3fn[1] {0}>()  y = DequantizeLinear(z, s)", "quantization to float8e4m3fn is not supported, only to integers", UNSUPPORTED),
    case("float[4] x, float s", "y = DequantizeLinear(x, s)", "has quantized elements of type float32; they must be integers, or floats of at most 8 bits"),
    case("int32[4] x, int32 s", "y = QuantizeLinear(x, s)", "divides by a scale of type int32; it must be of floats", output="uint8 y"),
    case("int8 x, int8[2] w", "y = MatMulInteger(x, w)", "multiplies int8[] and int8[2]; both must have axes", output="int32 y"),
    case("int8[1,2,4] x, int8[2,2] w", "y = ConvInteger(x, w)", "convolves int32[1, 2, 4] with int32[2, 2] in 1 groups", output="int32 y"),

    # Sequences.
    case("float[2] x", "y = SequenceLength(x)", "takes a sequence as input 0", output="int64 y"),
    case("float[2] x, int64 i", "s = SequenceConstruct(x)  y = SequenceAt(s, i)", "position is computed at run time; it must be a constant", UNSUPPORTED),
    case("float[2] x", "s = SequenceConstruct(x)  y = SequenceAt(s, x)", "position is float32[2], expected integers"),
    case("float[2] x", "s = SequenceConstruct(x)  y = SequenceAt(s, s)", "position is seq<tensor<2xf32>>, expected integers"),
    case("float[2] x", "s = SequenceConstruct(x)  y = SequenceAt(s)", "input 1 is missing; the operator needs 2"),
    case("float[2] x", "s = SequenceConstruct(x)  i = Constant<value_ints = [0, 0]>()  y = SequenceAt(s, i)", "takes one position, got int64[2]"),
    case("float[2] x", "s = SequenceConstruct(x)  i = Constant<value_int = -2>()  y = SequenceAt(s, i)", "position -2 is outside a sequence of 1"),
    case("float[2] x", "s = SequenceConstruct(x)  t = SequenceInsert(s, s)  y = SequenceLength(t)", "inserts a tensor, got seq<tensor<2xf32>>", output="int64 y"),
    case("float[2] x", "s = SequenceEmpty()  t = SequenceErase(s)  y = SequenceLength(t)", "takes an element out of an empty sequence", output="int64 y"),
    case("float[2] x", "s = SequenceEmpty()  y = ConcatFromSequence<axis = 0>(s)", "concatenates an empty sequence"),
    case("float[2] x, float[2,2] z", "s = SequenceConstruct(x, z)  y = ConcatFromSequence<axis = 0>(s)", "concatenates float32[2] and float32[2, 2]"),
    case("float[3] x, int64 k", "s = SplitToSequence(x, k)  y = SequenceLength(s)", "split is computed at run time; it must be a constant", UNSUPPORTED, output="int64 y"),
    case("float[n] x", "s = SplitToSequence(x)  y = SequenceLength(s)", "splits axis 0 of extent n; it must be static, and at most 4096", UNSUPPORTED, output="int64 y"),
    case("float[3] x", "k = Constant<value_ints = [1, 3]>()  s = SplitToSequence(x, k)  y = SequenceLength(s)",
         "the sizes of split do not add up to the 3 elements of axis 0", output="int64 y"),
    case("float[3] x", "k = Constant<value_ints = [1, 1]>()  s = SplitToSequence(x, k)  y = SequenceLength(s)",
         "the sizes of split add up to 2, but axis 0 has 3 elements", output="int64 y"),

    # Signals.
    case("int64 n", "y = HannWindow<output_datatype = 8>(n)", "output_datatype is 8, which is no type of numbers"),
    case("int64[2] n", "y = HannWindow(n)", "takes one size, got int64[2]"),
    case("int64[2] n, int64 l, float r", "y = MelWeightMatrix(n, l, l, r, r)", "takes one num_mel_bins and one dft_length, got int64[2] and int64[]"),
    case("float[2,8,3] x", "y = DFT(x)", "takes real or complex numbers, 1 or 2 in the last axis; got float32[2, 8, 3]"),
    case("float[2,8,n] x", "y = DFT(x)", "needs a last axis of static extent, 1 for real or 2 for complex numbers; got float32[2, 8, n]", UNSUPPORTED),
    case("int32[2,8,1] x", "y = DFT(x)", "takes floats, got int32[2, 8, 1]", output="int32 y"),
    case("float[2,8,1] x", "a = Constant<value_int = -1>()  y = DFT(x, '', a)", "axis is -1, that of the real and imaginary parts"),
    case("float[2,8,1] x, int64[2] l", "y = DFT(x, l)", "takes one dft_length, got int64[2]"),
    case("float[2,8] x, int64 s", "y = STFT(x, s)", "takes a signal [B, L, 1 or 2] and a window [N]; got float32[2, 8]"),
    case("float[2,8,1] x, int64[2] s", "y = STFT(x, s)", "takes one frame_step, got int64[2]"),

    # Attention with graphs in attributes, and rotary embeddings.
    flex("float[1,2,3,4] x", "<score_mod = g (float[1,2,3,3] s, float[1] t) => (float[1,2,3,3] r) {r = Relu(s)}>", "the graph score_mod takes 2 inputs, expected 1"),
    flex("float[1,2,3,4] x", "<prob_mod = g (float[1,2,3,3] s) => (int64 r) {r = Size(s)}>",
         "the graph prob_mod must give one tensor of 4 axes"),
    flex("float[1,2,3,4] x", "<softmax_precision = 7>", "softmax_precision is 7, which is no type of floats"),
    flex("float[2,3,4] x", "", "takes floats [batch, heads, places, size], got float32[2, 3, 4]"),
    flex("float[1,3,3,4] x, float[1,2,3,4] k", "", "query heads must be a multiple of key and value heads: 2 and 3", "x, k, k"),
    case("float[1,3,8] x, float[1,3,2] c", "y = RotaryEmbedding(x, c, c)",
         "takes [B, N, S, D], or [B, S, N * D] and num_heads; got float32[1, 3, 8] and 0", opset=23),
    case("float[1,2,3,5] x, float[1,3,2] c", "y = RotaryEmbedding(x, c, c)", "features are turned in pairs: 4 and 5", opset=23),
    case("float[1,2,3,4] x, float[1,3,4] c", "y = RotaryEmbedding(x, c, c)",
         "the caches must have half as many columns as features are turned: 4 and 2", opset=23),

    # States that decoders carry from call to call.
    case("float[1,4,8] x, float[4,1,3] w", 'y = CausalConvWithState<activation = "tanh">(x, w)', "activation is 'tanh'; it must be none, silu or swish", opset=27),
    case("float[4,8] x, float[4,1,3] w", "y = CausalConvWithState(x, w)", "convolves float32[4, 8] with float32[4, 1, 3]; both must have 3 axes", opset=27),
    case("float[1,4,8] x, float[4,1,k] w", "y = CausalConvWithState(x, w)",
         "the weight is float32[4, 1, k]; its channels and its width must be static", UNSUPPORTED, 27),
    case("float[1,4,8] x, float[4,1,0] w", "y = CausalConvWithState(x, w)", "the weight is float32[4, 1, 0]; its width must be 1 or more", opset=27),
    case("float[1,4,8] x, float[4,1,3] w, float[1,4,3] p", "y = CausalConvWithState(x, w, '', p)",
         "past_state must have the input's batch and channels, and one element less than the weight: 3 and 2", opset=27),
    case("float[1,8] x", f"y = LinearAttention<{HEADS}, update_rule = \"linear\">(x, x, x)", "input 0 is float32[1, 8], expected [batch, time, heads * size]", opset=27),
    case("float[1,3,8] x", "y = LinearAttention<q_num_heads = 3, kv_num_heads = 2>(x, x, x)", "q_num_heads is 3 and kv_num_heads 2, which must divide it", opset=27),
    case("float[1,3,8] x", f"y = LinearAttention<{HEADS}>(x, x, x)", "update_rule 'gated_delta' does not go with the inputs decay and beta that are there", opset=27),
    case("float[1,3,8] x, float[1,8] p", f"{LINEAR}(x, x, x, p)", "past_state is float32[1, 8], expected 4 axes", opset=27),
    case("float[1,3,8] x, float[1,1,8,4] p", f"{LINEAR}(x, x, x, p)", "past_state must be [batch, heads, key size, value size]: 4 and 8", opset=27),
    case("float[2,4,8] x, float[2,1,6] u", "y = TensorScatter(x, u)", "cache and update differ along axis 2: 6 and 8", opset=24),
]


@pytest.mark.parametrize("inputs, nodes, words, code, opset, output", WRONG)
def test_refusal(tmp_path, inputs, nodes, words, code, opset, output):
    check_refusal(tmp_path, inputs, nodes, words, code, opset, output)


# Guards: what dynamic extents decide.
RUNS = [
    ("float[5] x, int64[n] a, int64[1] s", "y = Slice(x, s, s, s, a)", [(5,), (2,), (1,)], "starts, ends, axes and steps must be as many: 2 and 1"),
    ("float[n,n] x, float[k] s", "t = Concat<axis = 0>(s, s)  y = Resize(x, '', t)", [(2, 2), (2,)], "must have a scale or size for each axis"),
    ("float[b,5,4] x, float[1,1,n] s", "y = NonMaxSuppression(x, s)", [(2, 5, 4), (1, 1, 5)], "boxes and scores must have one batch: 2 and 1", 21, "int64 y"),
    ("float[1,5,4] x, float[1,1,n] s", "y = NonMaxSuppression(x, s)", [(1, 5, 4), (1, 1, 6)], "there must be a score for each box: 5 and 6", 21, "int64 y"),
    ("float[1,1,4,4] x, float[b,2,2,2] g", "y = GridSample(x, g)", [(1, 1, 4, 4), (3, 2, 2, 2)], "image and grid must have one batch: 3 and 1"),
    ("float[1,1,4,4] x, float[1,2,2,k] g", "y = GridSample(x, g)", [(1, 1, 4, 4), (1, 2, 2, 3)], "the grid's last axis must have a coordinate for each spatial axis: 3 and 2"),
    ("float[1,4,n] x", "i = Constant<value_ints = [4]>()  b = Constant<value_ints = [2]>()  y = Col2Im(x, i, b)", [(1, 4, 4)],
     "the columns must be the places of the block in the image: 4 and 3"),
    ("float[n,3] x, float[2,3] s", "y = QuantizeLinear<axis = 0, block_size = 2>(x, s)", [(5, 3), (2, 3)],
     "a scale or zero point must have one element for each block: 3 and 2", 21, "uint8 y"),
    ("float[1,2,3,n] x, float[1,3,2] c", "y = RotaryEmbedding(x, c, c)", [(1, 2, 3, 5), (1, 3, 2)], "features are turned in pairs: 4 and 5", 23),
    ("float[1,3,8] x, float[1,1,8,n] p", f"{LINEAR}(x, x, x, p)", [(1, 3, 8), (1, 1, 8, 4)], "past_state must be [batch, heads, key size, value size]: 4 and 8", 27),
    ("float[2,4,n] x, float[2,1,m] u", "y = TensorScatter(x, u)", [(2, 4, 8), (2, 1, 6)], "cache and update differ along axis 2: 6 and 8", 24),
]


@pytest.mark.parametrize("row", RUNS, ids=[row[3][:60] for row in RUNS])
def test_refusal_of_a_run(row):
    check_refusal_of_a_run(*row)
