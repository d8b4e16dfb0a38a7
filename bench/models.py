"""The zoo's models: how to build each torch module, its named inputs, and which of their axes may be dynamic.

To add a model, add a line to MODELS.
"""
import copy
from dataclasses import dataclass
from typing import Callable

import torch
from torch import nn

try:
    import torchvision.models as tv
except RuntimeError:    # its operators are built for another torch; declaring these two lets the models import
    for op in ("nms", "qnms"):
        torch.library.define(f"torchvision::{op}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision.models as tv
import timm
import transformers as hf


# ---------------------------------------------------------------- model description

def every_input(**axes):
    """Dynamic axes that all inputs have alike, as name=axis."""
    return lambda _: {axis: name for name, axis in axes.items()}


def past_axis(name):
    """The dynamic axis of a decode step: how many tokens the cache holds."""
    return {2: "past"} if name.startswith("past_") else {}


BATCH = every_input(batch=0)
IMAGE = every_input(batch=0, height=2, width=3)
TOKENS = every_input(batch=0, sequence=1)


@dataclass
class Model:
    build: Callable[[], nn.Module]
    inputs: Callable[[], dict]
    dynamic: Callable[[str], dict] = BATCH    # input name -> {axis: dimension name}, for the dynamic export
    exporter: str = "dynamo"                  # "torchscript" keeps LSTM and GRU as one operator


@dataclass
class Quantized:
    """Another model of the table, quantised by ONNX Runtime."""
    source: str
    method: str                    # "static" (QDQ, u8 activations, s8 weights) or "dynamic"


def image(size=224, batch=1, channels=3):
    return lambda: {"image": torch.randn(batch, channels, size, size)}


def tokens(seq, vocab=30000, batch=1, mask=True):
    def make():
        ids = {"input_ids": torch.randint(vocab, (batch, seq))}
        return ids | ({"attention_mask": torch.ones(batch, seq, dtype=torch.int64)} if mask else {})
    return make


def tensor(name, *shape):
    return lambda: {name: torch.randn(*shape)}


def kv_cache(layers, heads, head_dim, past, vocab):
    """Inputs of one decode step: the next token, its position, and the cached keys and values."""
    def make():
        step = {"input_ids": torch.randint(vocab, (1, 1)), "position_ids": torch.tensor([[past]])}
        for layer in range(layers):
            for kind in ("key", "value"):
                step[f"past_{kind}_{layer}"] = torch.randn(1, heads, past, head_dim)
        return step
    return make


class Field(nn.Module):
    """A Hugging Face model reduced to named tensors in, one tensor out."""
    def __init__(self, model, field, *names):
        super().__init__()
        self.model, self.field, self.names = model, field, names

    def forward(self, *tensors):
        return self.model(**dict(zip(self.names, tensors)), return_dict=True)[self.field]


class DecodeStep(nn.Module):
    """One token of a causal language model; the KV cache goes in and comes out as plain tensors."""
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, position_ids, *past):
        cache = hf.DynamicCache()
        for layer in range(len(past) // 2):
            cache.update(past[2 * layer], past[2 * layer + 1], layer)
        out = self.model(input_ids=input_ids, position_ids=position_ids, past_key_values=cache, use_cache=True)
        present = [t for layer in out.past_key_values.layers for t in (layer.keys, layer.values)]
        return out.logits, *present


def encoder(cls, config, *names):
    return lambda: Field(cls(config), "last_hidden_state", *(names or ("input_ids", "attention_mask")))


def prefill(cls, config):
    return lambda: Field(cls(copy.copy(config)), "logits", "input_ids")


def decode(cls, config):
    return lambda: DecodeStep(cls(config))


# ---------------------------------------------------------------- small architectures

def conv_bn(cin, cout, kernel, stride=1, groups=1):
    pad = kernel // 2 if isinstance(kernel, int) else tuple(k // 2 for k in kernel)
    conv = nn.Conv2d(cin, cout, kernel, stride, pad, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(cout), nn.ReLU())


def ds_cnn(width=64, classes=12):
    """Keyword spotting on 49 frames of 10 MFCCs (MLPerf Tiny)."""
    block = lambda: nn.Sequential(conv_bn(width, width, 3, groups=width), conv_bn(width, width, 1))
    return nn.Sequential(conv_bn(1, width, (10, 4), 2), *(block() for _ in range(4)),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes), nn.Softmax(-1))


class UNet(nn.Module):
    def __init__(self, width=32, levels=4, classes=2):
        super().__init__()
        pair = lambda cin, cout: nn.Sequential(conv_bn(cin, cout, 3), conv_bn(cout, cout, 3))
        widths = [width << i for i in range(levels + 1)]
        self.down = nn.ModuleList(pair(a, b) for a, b in zip([3] + widths, widths))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, 2) for w in reversed(widths[:-1]))
        self.merge = nn.ModuleList(pair(2 * w, w) for w in reversed(widths[:-1]))
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, image):
        skips = []
        for i, down in enumerate(self.down):
            image = down(nn.functional.max_pool2d(image, 2) if i else image)
            skips.append(image)
        skips.pop()
        for up, merge in zip(self.up, self.merge):
            image = merge(torch.cat([skips.pop(), up(image)], 1))
        return self.head(image)


class Recurrent(nn.Module):
    """A recurrent stack and a classifier over its last step."""
    def __init__(self, cls, features, hidden, layers, classes=32):
        super().__init__()
        self.rnn = cls(features, hidden, layers, batch_first=True)
        self.head = nn.Linear(hidden, classes)

    def forward(self, sequence):
        return self.head(self.rnn(sequence)[0][:, -1])


def mlp(*widths):
    layers = [m for a, b in zip(widths, widths[1:]) for m in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


def yolo(config):
    from ultralytics.nn.tasks import DetectionModel
    model = DetectionModel(config, ch=3, nc=80, verbose=False)
    model.model[-1].export, model.model[-1].format = True, "onnx"
    return model


LLAMA = hf.LlamaConfig(hidden_size=1024, intermediate_size=2816, num_hidden_layers=8,
                       num_attention_heads=16, num_key_value_heads=4, vocab_size=32000)

MODELS = {
    "resnet18": Model(tv.resnet18, image(), IMAGE),
    "resnet50": Model(tv.resnet50, image(), IMAGE),
    "resnet50_b8": Model(tv.resnet50, image(batch=8), IMAGE),
    "vgg16": Model(tv.vgg16, image()),
    "mobilenet_v2": Model(tv.mobilenet_v2, image(), IMAGE),
    "mobilenet_v3_small": Model(tv.mobilenet_v3_small, image(), IMAGE),
    "efficientnet_b0": Model(tv.efficientnet_b0, image(), IMAGE),
    "convnext_tiny": Model(tv.convnext_tiny, image(), IMAGE),
    "densenet121": Model(tv.densenet121, image(), IMAGE),
    "yolo11n": Model(lambda: yolo("yolo11n.yaml"), image(640)),
    "unet": Model(UNet, image(256), IMAGE),
    "ds_cnn": Model(ds_cnn, tensor("mfcc", 1, 1, 49, 10), IMAGE),
    "vit_small": Model(lambda: timm.create_model("vit_small_patch16_224"), image()),
    "bert_base_s128": Model(encoder(hf.BertModel, hf.BertConfig()), tokens(128), TOKENS),
    "distilbert_s32": Model(encoder(hf.DistilBertModel, hf.DistilBertConfig()), tokens(32), TOKENS),
    "gpt2_prefill_s128": Model(prefill(hf.GPT2LMHeadModel, hf.GPT2Config(use_cache=False)), tokens(128, mask=False),
                               TOKENS),
    "gpt2_decode_p256": Model(decode(hf.GPT2LMHeadModel, hf.GPT2Config()), kv_cache(12, 12, 64, 256, 50257), past_axis),
    "llama_decode_p256": Model(decode(hf.LlamaForCausalLM, LLAMA), kv_cache(8, 4, 64, 256, 32000), past_axis),
    "whisper_tiny_encoder": Model(lambda: Field(hf.WhisperModel(hf.WhisperConfig()).encoder, "last_hidden_state",
                                                "input_features"), tensor("mel", 1, 80, 3000)),
    "lstm": Model(lambda: Recurrent(nn.LSTM, 64, 256, 2), tensor("sequence", 1, 128, 64), TOKENS, "torchscript"),
    "gru": Model(lambda: Recurrent(nn.GRU, 64, 256, 2), tensor("sequence", 1, 128, 64), TOKENS, "torchscript"),
    "mlp_tiny": Model(lambda: mlp(64, 128, 128, 10), tensor("features", 1, 64)),
    "resnet50_qdq_int8": Quantized("resnet50", "static"),
    "bert_base_dynamic_int8": Quantized("bert_base_s128", "dynamic"),
}
