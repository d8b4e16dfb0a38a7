"""Models of other families than the zoo's, for its exporter (`zoo.py --wider`) and for peers.py.

They say how a model fares that nothing was tuned for. To add one, add a line to MODELS.
"""
import torch
from torch import nn
from torch.nn import functional as F

from models import (BATCH, IMAGE, TOKENS, Field, Model, decode, encoder, hf, image, kv_cache, mlp, past_axis, prefill,
                    tensor, timm, tokens, tv)


def vision(name, **options):
    return lambda: timm.create_model(name, **options)


class Output(nn.Module):
    """A torchvision segmentation model without its dictionary."""
    def __init__(self, model, field="out"):
        super().__init__()
        self.model, self.field = model, field

    def forward(self, image):
        return self.model(image)[self.field]


def segmentation(build):
    return lambda: Output(build(weights=None, weights_backbone=None))


class Espcn(nn.Module):
    """Super-resolution by sub-pixel convolution."""
    def __init__(self, scale=3):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 64, 5, padding=2), nn.Tanh(), nn.Conv2d(64, 32, 3, padding=1), nn.Tanh(),
                                  nn.Conv2d(32, scale * scale, 3, padding=1), nn.PixelShuffle(scale))

    def forward(self, image):
        return self.body(image)


class Edsr(nn.Module):
    def __init__(self, width=64, blocks=8):
        super().__init__()
        self.head, self.tail = nn.Conv2d(3, width, 3, padding=1), nn.Conv2d(width, 12, 3, padding=1)
        conv = lambda: nn.Conv2d(width, width, 3, padding=1)
        self.body = nn.ModuleList(nn.Sequential(conv(), nn.ReLU(), conv()) for _ in range(blocks))

    def forward(self, image):
        x = self.head(image)
        for block in self.body:
            x = x + 0.1 * block(x)
        return F.pixel_shuffle(self.tail(x), 2)


class LargeKernel(nn.Module):
    """Depthwise convolutions of 31 x 31, as RepLKNet's."""
    def __init__(self, width=128, blocks=4, kernel=31):
        super().__init__()
        self.stem = nn.Conv2d(3, width, 4, 4)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(width), nn.Conv2d(width, width, 1), nn.ReLU(),
                          nn.Conv2d(width, width, kernel, padding=kernel // 2, groups=width), nn.ReLU(),
                          nn.Conv2d(width, width, 1)) for _ in range(blocks))

    def forward(self, image):
        x = self.stem(image)
        for block in self.blocks:
            x = x + block(x)
        return x.mean((2, 3))


class Tcn(nn.Module):
    """Dilated causal convolutions over a sequence."""
    def __init__(self, features=64, width=128, levels=8):
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv1d(width if i else features, width, 3, dilation=2 ** i) for i in range(levels))
        self.head = nn.Conv1d(width, 32, 1)

    def forward(self, sequence):
        x = sequence
        for i, layer in enumerate(self.layers):
            y = F.relu(layer(F.pad(x, (2 * 2 ** i, 0))))
            x = x + y if i else y
        return self.head(x)


class WaveNet(nn.Module):
    def __init__(self, width=64, layers=20):
        super().__init__()
        self.embed = nn.Conv1d(1, width, 1)
        self.gates = nn.ModuleList(nn.Conv1d(width, 2 * width, 2, dilation=2 ** (i % 10)) for i in range(layers))
        self.mixes = nn.ModuleList(nn.Conv1d(width, width, 1) for _ in range(layers))
        self.head = nn.Sequential(nn.ReLU(), nn.Conv1d(width, 128, 1), nn.ReLU(), nn.Conv1d(128, 256, 1))

    def forward(self, sequence):
        x, skips = self.embed(sequence), 0
        for i, (gate, mix) in enumerate(zip(self.gates, self.mixes)):
            a, b = gate(F.pad(x, (2 ** (i % 10), 0))).chunk(2, 1)
            y = mix(torch.tanh(a) * torch.sigmoid(b))
            x, skips = x + y, skips + y
        return self.head(skips)


class Message(nn.Module):
    """Three rounds of message passing on a graph of `nodes` nodes, by gather and scatter."""
    def __init__(self, features=64, width=128, rounds=3):
        super().__init__()
        self.embed = nn.Linear(features, width)
        self.message = nn.ModuleList(mlp(2 * width, width, width) for _ in range(rounds))
        self.update = nn.ModuleList(nn.Sequential(nn.Linear(2 * width, width), nn.ReLU()) for _ in range(rounds))

    def forward(self, nodes, source, target):
        x = self.embed(nodes)
        for message, update in zip(self.message, self.update):
            m = message(torch.cat([x[source], x[target]], -1))
            total = torch.zeros_like(x).index_add(0, target, m)
            x = x + update(torch.cat([x, total], -1))
        return x


class Dlrm(nn.Module):
    """Embedding bags, a bottom MLP, pairwise products, a top MLP."""
    def __init__(self, tables=26, rows=10000, width=64):
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(rows, width) for _ in range(tables))
        self.bottom, self.top = mlp(13, 512, 256, width), mlp(width + (tables + 1) * tables // 2, 512, 256, 1)
        self.register_buffer("pairs", torch.tril_indices(tables + 1, tables + 1, -1))

    def forward(self, dense, sparse):
        x = F.relu(self.bottom(dense))
        vectors = torch.stack([x] + [table(sparse[:, i]) for i, table in enumerate(self.tables)], 1)
        products = vectors @ vectors.transpose(1, 2)
        return torch.sigmoid(self.top(torch.cat([x, products[:, self.pairs[0], self.pairs[1]]], 1)))


class Autoencoder(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        widths = [3, width, 2 * width, 4 * width, 8 * width]
        down = [m for a, b in zip(widths, widths[1:]) for m in (nn.Conv2d(a, b, 3, 2, 1), nn.LeakyReLU(0.1))]
        widths.reverse()
        up = [m for a, b in zip(widths, widths[1:]) for m in (nn.ConvTranspose2d(a, b, 4, 2, 1), nn.LeakyReLU(0.1))]
        self.body = nn.Sequential(*down, *up[:-1], nn.Sigmoid())

    def forward(self, image):
        return self.body(image)


class Dcgan(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        layers, channels = [], 100
        for i, out in enumerate((8 * width, 4 * width, 2 * width, width)):
            layers += [nn.ConvTranspose2d(channels, out, 4, 2 if i else 1, 1 if i else 0, bias=False),
                       nn.BatchNorm2d(out), nn.ReLU()]
            channels = out
        self.body = nn.Sequential(*layers, nn.ConvTranspose2d(width, 3, 4, 2, 1), nn.Tanh())

    def forward(self, z):
        return self.body(z)


class StyleNet(nn.Module):
    """Fast style transfer: instance norms, reflected padding, nearest upsampling."""
    def __init__(self, width=32, blocks=5):
        super().__init__()
        def conv(a, b, k, stride=1):
            return nn.Sequential(nn.ReflectionPad2d(k // 2), nn.Conv2d(a, b, k, stride), nn.InstanceNorm2d(b, affine=True))
        self.down = nn.Sequential(conv(3, width, 9), nn.ReLU(), conv(width, 2 * width, 3, 2), nn.ReLU(),
                                  conv(2 * width, 4 * width, 3, 2), nn.ReLU())
        self.blocks = nn.ModuleList(nn.Sequential(conv(4 * width, 4 * width, 3), nn.ReLU(), conv(4 * width, 4 * width, 3))
                                    for _ in range(blocks))
        self.up = nn.Sequential(nn.Upsample(scale_factor=2), conv(4 * width, 2 * width, 3), nn.ReLU(),
                                nn.Upsample(scale_factor=2), conv(2 * width, width, 3), nn.ReLU(),
                                nn.ReflectionPad2d(4), nn.Conv2d(width, 3, 9))

    def forward(self, image):
        x = self.down(image)
        for block in self.blocks:
            x = x + block(x)
        return self.up(x)


class Diffusion(nn.Module):
    """A block of a diffusion U-Net: group norms, SiLU, time embedding, self- and cross-attention."""
    def __init__(self, width=128):
        super().__init__()
        self.inner, self.time = nn.Conv2d(4, width, 3, padding=1), mlp(width, width, 2 * width)
        def res(a, b):
            return nn.ModuleList([nn.GroupNorm(32, a), nn.Conv2d(a, b, 3, padding=1), nn.Linear(2 * width, b),
                                  nn.GroupNorm(32, b), nn.Conv2d(b, b, 3, padding=1), nn.Conv2d(a, b, 1)])
        self.r1, self.r2, self.r3 = res(width, width), res(width, 2 * width), res(3 * width, width)
        self.down = nn.Conv2d(width, width, 3, 2, 1)
        self.norm = nn.LayerNorm(2 * width)
        self.q, self.o = nn.Linear(2 * width, 2 * width), nn.Linear(2 * width, 2 * width)
        self.k, self.v = nn.Linear(256, 2 * width), nn.Linear(256, 2 * width)
        self.out = nn.Sequential(nn.GroupNorm(32, width), nn.SiLU(), nn.Conv2d(width, 4, 3, padding=1))

    def res(self, r, x, t):
        y = r[1](F.silu(r[0](x))) + r[2](F.silu(t))[:, :, None, None]
        return r[5](x) + r[4](F.silu(r[3](y)))

    def forward(self, latent, embedding, context):
        t = self.time(embedding)
        x = self.res(self.r1, self.inner(latent), t)
        y = self.res(self.r2, self.down(x), t)
        b, c, h, w = y.shape
        z = self.norm(y.flatten(2).transpose(1, 2))
        heads = lambda a: a.unflatten(-1, (8, -1)).transpose(1, 2)
        z = F.scaled_dot_product_attention(heads(self.q(z)), heads(self.k(context)), heads(self.v(context)))
        y = y + self.o(z.transpose(1, 2).flatten(2)).transpose(1, 2).reshape(b, c, h, w)
        x = torch.cat([F.interpolate(y, scale_factor=2.0), x], 1)
        return self.out(self.res(self.r3, x, t))


class Volume(nn.Module):
    """3-d convolutions on a video or a scan."""
    def __init__(self, width=32, classes=10):
        super().__init__()
        widths = [3, width, 2 * width, 4 * width]
        self.body = nn.Sequential(*(
            m for a, b in zip(widths, widths[1:])
            for m in (nn.Conv3d(a, b, 3, padding=1), nn.BatchNorm3d(b), nn.ReLU(), nn.MaxPool3d(2))))
        self.head = nn.Linear(4 * width, classes)

    def forward(self, volume):
        return self.head(self.body(volume).mean((2, 3, 4)))


class Bidirectional(nn.Module):
    def __init__(self, cls, features=80, hidden=192, layers=3, classes=40):
        super().__init__()
        self.rnn, self.head = cls(features, hidden, layers, batch_first=True, bidirectional=True), nn.Linear(2 * hidden, classes)

    def forward(self, sequence):
        return F.log_softmax(self.head(self.rnn(sequence)[0]), -1)


class Crnn(nn.Module):
    """Text recognition: convolutions, two bidirectional LSTMs over the columns."""
    def __init__(self, classes=96):
        super().__init__()
        layers, channels = [], 1
        for width, pool in ((64, (2, 2)), (128, (2, 2)), (256, None), (256, (2, 1)), (512, (2, 1))):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            layers += [nn.MaxPool2d(pool)] if pool else []
            channels = width
        self.body, self.rnn = nn.Sequential(*layers), nn.LSTM(1024, 256, 2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(512, classes)

    def forward(self, image):
        return self.head(self.rnn(self.body(image).flatten(1, 2).transpose(1, 2))[0])


class SelectiveScan(nn.Module):
    """A state-space layer as Mamba's, its recurrence written out over the steps."""
    def __init__(self, width=128, state=16, steps=32):
        super().__init__()
        wide = 2 * width
        self.inner, self.conv = nn.Linear(width, 2 * wide), nn.Conv1d(wide, wide, 4, padding=3, groups=wide)
        self.delta, self.bc, self.out = nn.Linear(wide, wide), nn.Linear(wide, 2 * state), nn.Linear(wide, width)
        self.a = nn.Parameter(-torch.rand(2 * width, state) - 0.1)

    def forward(self, sequence):
        x, gate = self.inner(sequence).chunk(2, -1)
        x = F.silu(self.conv(x.transpose(1, 2))[..., :sequence.shape[1]].transpose(1, 2))
        delta = F.softplus(self.delta(x))
        b, c = self.bc(x).chunk(2, -1)
        decay, push = torch.exp(delta[..., None] * self.a), (delta * x)[..., None] * b[:, :, None]
        state, outputs = torch.zeros_like(push[:, 0]), []
        for t in range(sequence.shape[1]):
            state = decay[:, t] * state + push[:, t]
            outputs.append((state * c[:, t, None]).sum(-1))
        return self.out(torch.stack(outputs, 1) * F.silu(gate))


class Seq2Seq(nn.Module):
    """Encoder and one forward pass of the decoder."""
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, decoder_input_ids):
        return self.model(input_ids=input_ids, decoder_input_ids=decoder_input_ids, use_cache=False).logits


class WhisperStep(nn.Module):
    """One token of a Whisper decoder: its own cache, and the encoder's output as keys and values made before."""
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, *past):
        caches = [hf.DynamicCache(), hf.DynamicCache()]
        for i in range(len(past) // 4):
            caches[0].update(past[4 * i], past[4 * i + 1], i)
            caches[1].update(past[4 * i + 2], past[4 * i + 3], i)
        cache = hf.EncoderDecoderCache(*caches)
        encoded = past[2].new_zeros(1, past[2].shape[2], self.model.config.d_model)
        out = self.model.model.decoder(input_ids=input_ids, encoder_hidden_states=encoded, past_key_values=cache,
                                       use_cache=True)
        present = [t for layer in cache.self_attention_cache.layers for t in (layer.keys, layer.values)]
        return self.model.proj_out(out.last_hidden_state), *present


def whisper_step(layers=4, heads=6, past=64):
    def make():
        step = {"input_ids": torch.randint(1000, (1, 1))}
        for i in range(layers):
            for kind, length in (("key", past), ("value", past), ("cross_key", 1500), ("cross_value", 1500)):
                step[f"{kind}_{i}"] = torch.randn(1, heads, length, 64)
        return step
    return make


def two(first, second):
    return lambda: first() | second()


def graph(nodes=1000, edges=8000):
    return lambda: {"nodes": torch.randn(nodes, 64), "source": torch.randint(nodes, (edges,)),
                    "target": torch.randint(nodes, (edges,))}


class TextVision(nn.Module):
    """CLIP's similarity of images and texts."""
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, image):
        return self.model(input_ids=input_ids, pixel_values=image).logits_per_image


class Detector(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, image):
        out = self.model(pixel_values=image)
        return out.logits, out.pred_boxes


SMALL = dict(hidden_size=384, num_hidden_layers=6, num_attention_heads=6, intermediate_size=1536)
QWEN = hf.Qwen3Config(hidden_size=512, intermediate_size=1536, num_hidden_layers=6, num_attention_heads=8, num_key_value_heads=2, head_dim=64,
                      vocab_size=16000)

MODELS = {
    "squeezenet": Model(tv.squeezenet1_1, image(), IMAGE, "torchscript"),
    "alexnet": Model(tv.alexnet, image(), BATCH, "torchscript"),
    "googlenet": Model(lambda: tv.googlenet(aux_logits=False, init_weights=False), image(), IMAGE),
    "inception_v3": Model(lambda: tv.inception_v3(aux_logits=False, init_weights=False), image(299), IMAGE, "torchscript"),
    "shufflenet_v2": Model(tv.shufflenet_v2_x1_0, image(), IMAGE),
    "mnasnet": Model(tv.mnasnet1_0, image(), IMAGE, "torchscript"),
    "mobilenet_v3_large_b8": Model(tv.mobilenet_v3_large, image(batch=8), IMAGE),
    "regnet_x_800mf": Model(tv.regnet_x_800mf, image(), IMAGE),
    "regnet_y_400mf_b8": Model(tv.regnet_y_400mf, image(batch=8), IMAGE, "torchscript"),
    "resnext50": Model(tv.resnext50_32x4d, image(), IMAGE),
    "efficientnet_v2_s": Model(tv.efficientnet_v2_s, image(), IMAGE),
    "ghostnet": Model(vision("ghostnet_100"), image(), IMAGE, "torchscript"),
    "res2net50": Model(vision("res2net50_26w_4s"), image(), IMAGE),
    "nfnet_l0": Model(vision("nfnet_l0"), image(), IMAGE),
    "repvgg_a0_b8": Model(vision("repvgg_a0"), image(batch=8), IMAGE),
    "mobilenetv4": Model(vision("mobilenetv4_conv_small"), image(), IMAGE),
    "swin_tiny": Model(tv.swin_t, image()),
    "swinv2_tiny": Model(vision("swinv2_cr_tiny_224"), image(), BATCH, "torchscript"),
    "deit3_small_b8": Model(vision("deit3_small_patch16_224"), image(batch=8)),
    "convnextv2_atto": Model(vision("convnextv2_atto"), image(), IMAGE),
    "mixer_s16": Model(vision("mixer_s16_224"), image(), BATCH, "torchscript"),
    "mobilevit_s": Model(vision("mobilevit_s"), image(256)),
    "fastvit_t8": Model(vision("fastvit_t8"), image(256)),
    "efficientvit_b1": Model(vision("efficientvit_b1"), image()),
    "poolformer_s12": Model(vision("poolformer_s12"), image(), IMAGE),
    "xcit_tiny": Model(vision("xcit_tiny_12_p16_224"), image()),
    "mambaout_femto": Model(vision("mambaout_femto"), image(), IMAGE),
    "deeplabv3_mobilenet": Model(segmentation(tv.segmentation.deeplabv3_mobilenet_v3_large), image(), IMAGE),
    "fcn_resnet50": Model(segmentation(tv.segmentation.fcn_resnet50), image(), IMAGE, "torchscript"),
    "lraspp": Model(segmentation(tv.segmentation.lraspp_mobilenet_v3_large), image(320), IMAGE),
    "segformer_b0": Model(lambda: Field(hf.SegformerForSemanticSegmentation(hf.SegformerConfig()), "logits", "pixel_values"), image(256)),
    "espcn": Model(Espcn, image(128, channels=1), IMAGE, "torchscript"),
    "edsr": Model(Edsr, image(96), IMAGE),
    "large_kernel": Model(LargeKernel, image(), IMAGE),
    "autoencoder": Model(Autoencoder, image(128), BATCH, "torchscript"),
    "dcgan_b8": Model(Dcgan, tensor("z", 8, 100, 1, 1), BATCH),
    "style": Model(StyleNet, image(256), IMAGE, "torchscript"),
    "diffusion_block": Model(Diffusion, two(tensor("latent", 1, 4, 32, 32), two(tensor("embedding", 1, 128), tensor("context", 1, 77, 256)))),
    "volume": Model(Volume, tensor("volume", 1, 3, 16, 64, 64), BATCH),
    "r3d_18": Model(tv.video.r3d_18, tensor("video", 1, 3, 8, 112, 112), BATCH, "torchscript"),
    "tcn": Model(Tcn, tensor("sequence", 1, 64, 1024)),
    "wavenet": Model(WaveNet, tensor("sequence", 1, 1, 4000)),
    "bilstm": Model(lambda: Bidirectional(nn.LSTM), tensor("sequence", 1, 200, 80), TOKENS, "torchscript"),
    "bigru_b8": Model(lambda: Bidirectional(nn.GRU), tensor("sequence", 8, 100, 80), TOKENS, "torchscript"),
    "crnn": Model(Crnn, tensor("image", 1, 1, 32, 256), BATCH, "torchscript"),
    "message_passing": Model(Message, graph(), lambda _: {}),
    "dlrm_b128": Model(Dlrm, lambda: {"dense": torch.randn(128, 13), "sparse": torch.randint(10000, (128, 26))}),
    "selective_scan": Model(SelectiveScan, tensor("sequence", 1, 32, 128), BATCH),
    "wav2vec2": Model(lambda: Field(hf.Wav2Vec2Model(hf.Wav2Vec2Config(num_hidden_layers=4)), "last_hidden_state", "input_values"),
                      tensor("input_values", 1, 16000)),
    "conformer": Model(lambda: Field(hf.Wav2Vec2ConformerModel(hf.Wav2Vec2ConformerConfig(
        num_hidden_layers=3, hidden_size=256, intermediate_size=1024, num_attention_heads=4)), "last_hidden_state", "input_values"),
        tensor("input_values", 1, 16000)),
    "whisper_decode": Model(lambda: WhisperStep(hf.WhisperForConditionalGeneration(hf.WhisperConfig())), whisper_step()),
    "t5_small": Model(lambda: Seq2Seq(hf.T5ForConditionalGeneration(hf.T5Config(vocab_size=8000, num_layers=4))),
                      lambda: {"input_ids": torch.randint(8000, (1, 64)), "decoder_input_ids": torch.randint(8000, (1, 16))}),
    "bart": Model(lambda: Seq2Seq(hf.BartForConditionalGeneration(hf.BartConfig(
        vocab_size=8000, d_model=512, encoder_layers=3, decoder_layers=3, encoder_attention_heads=8, decoder_attention_heads=8,
        encoder_ffn_dim=2048, decoder_ffn_dim=2048))),
        lambda: {"input_ids": torch.randint(8000, (1, 64)), "decoder_input_ids": torch.randint(8000, (1, 16))}),
    "qwen3_decode": Model(decode(hf.Qwen3ForCausalLM, QWEN), kv_cache(6, 2, 64, 128, 16000), past_axis),
    "qwen3_prefill": Model(prefill(hf.Qwen3ForCausalLM, hf.Qwen3Config(**(QWEN.to_dict() | {"use_cache": False}))), tokens(64, 16000, mask=False)),
    "gemma3": Model(prefill(hf.Gemma3ForCausalLM, hf.Gemma3TextConfig(
        hidden_size=512, intermediate_size=1536, num_hidden_layers=6, num_attention_heads=8, num_key_value_heads=2, head_dim=64,
        vocab_size=16000, use_cache=False)), tokens(64, 16000, mask=False)),
    "phi": Model(prefill(hf.PhiForCausalLM, hf.PhiConfig(hidden_size=512, intermediate_size=2048, num_hidden_layers=4,
                                                        num_attention_heads=8, vocab_size=16000, use_cache=False)), tokens(32, 16000, mask=False)),
    "albert": Model(encoder(hf.AlbertModel, hf.AlbertConfig(hidden_size=768, intermediate_size=3072, num_attention_heads=12)), tokens(64), TOKENS),
    "roberta_b8": Model(encoder(hf.RobertaModel, hf.RobertaConfig(**SMALL)), tokens(32, batch=8), TOKENS, "torchscript"),
    "deberta_v2": Model(encoder(hf.DebertaV2Model, hf.DebertaV2Config(**SMALL, relative_attention=True, pos_att_type=["p2c", "c2p"])), tokens(64)),
    "electra": Model(encoder(hf.ElectraModel, hf.ElectraConfig()), tokens(128), TOKENS),
    "mobilebert": Model(encoder(hf.MobileBertModel, hf.MobileBertConfig(num_hidden_layers=6)), tokens(64), TOKENS),
    "clip": Model(lambda: TextVision(hf.CLIPModel(hf.CLIPConfig(text_config=dict(num_hidden_layers=4), vision_config=dict(num_hidden_layers=4)))),
                  lambda: {"input_ids": torch.randint(40000, (2, 16)), "image": torch.randn(1, 3, 224, 224)}),
    "detr": Model(lambda: Detector(hf.DetrForObjectDetection(hf.DetrConfig(
        use_timm_backbone=True, use_pretrained_backbone=False, backbone="resnet18", backbone_config=None, encoder_layers=3, decoder_layers=3))),
        image(256)),
    "patchtst": Model(lambda: Field(hf.PatchTSTForPrediction(hf.PatchTSTConfig(num_input_channels=7, context_length=512, patch_length=16,
                      patch_stride=8, prediction_length=96)), "prediction_outputs", "past_values"), tensor("past_values", 1, 512, 7)),
}
