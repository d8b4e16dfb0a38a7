#!/usr/bin/env python3
"""Put the trained models of three Python packages into a folder, with inputs and what ONNX Runtime makes of them.

    python real.py --out DIR [NAME...]

They are text detection, orientation and recognition of rapidocr-onnxruntime, file types of magika, and speech detection of
silero-vad in six exports. For every NAME it writes NAME.onnx, and for its cases NAME.inputs.npz and NAME.outputs.npz or
NAME_CASE.inputs.npz and NAME_CASE.outputs.npz, which test/large/models.py runs.
"""
import argparse
import functools
import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np
import onnxruntime

from timing import progress

SEED = 20240229


def text_image(height, width, lines):
    """An image of `lines` as text models read it: one, three channels, values from -1 to 1."""
    def make(_):
        from PIL import Image, ImageDraw, ImageFont
        image = Image.new("RGB", (width, height), "white")
        pitch = height // len(lines)
        pen, font = ImageDraw.Draw(image), ImageFont.load_default(pitch * 2 // 3)
        for i, line in enumerate(lines):
            pen.text((pitch // 4, i * pitch + pitch // 8), line, font=font, fill="black")
        return {"x": np.moveaxis(np.asarray(image, np.float32) / 127.5 - 1, -1, 0)[None]}
    return make


def noise(*shape):
    return lambda random: {"x": random.standard_normal(shape, np.float32)}


def contents(batch):
    """First and last bytes of files; 256 fills those that are too short."""
    return lambda random: {"bytes": random.integers(0, 257, (batch, 2048), np.int32)}


def sound(batch, samples, rate=16000, started=True):
    """Samples of a quiet sound and the state behind earlier ones, under the names of all exports."""
    def make(random):
        def normal(*shape):
            return 0.1 * random.standard_normal(shape, np.float32)
        state = normal(2, batch, 128) if started else np.zeros((2, batch, 128), np.float32)
        return {"input": normal(batch, samples), "state": state, "sr": np.array(rate), "h": state[:1, :1], "c": state[1:, :1]}
    return make


@dataclass
class Model:
    package: str
    path: str         # of the model inside the package
    cases: dict       # name -> function of a random generator that gives the inputs, a few too many at times


def rapidocr(path, cases):
    return Model("rapidocr_onnxruntime", f"models/{path}.onnx", cases)


def silero(path, cases):
    return Model("silero_vad", f"data/{path}.onnx", cases)


PAGE, LINE = ("Quern grinds models", "into native code:", "one shared library,", "no interpreter"), ("2098 nodes read this",)
WINDOWS = {"": sound(1, 512), "b3": sound(3, 576, started=False)}
RATES = WINDOWS | {"8k": sound(1, 288, 8000, started=False)}

MODELS = {
    "ocr_det": rapidocr("ch_PP-OCRv4_det_infer", {"": text_image(320, 480, PAGE), "640x416": text_image(640, 416, PAGE),
                                                  "b2_96x160": noise(2, 3, 96, 160)}),
    "ocr_cls": rapidocr("ch_ppocr_mobile_v2.0_cls_infer", {"": text_image(48, 192, LINE), "b4": noise(4, 3, 48, 192)}),
    "ocr_rec": rapidocr("ch_PP-OCRv4_rec_infer", {"": text_image(48, 320, LINE), "b3_w200": noise(3, 3, 48, 200)}),
    "magika": Model("magika", "models/standard_v3_3/model.onnx", {"": contents(1), "b4": contents(4)}),
    "silero_vad": silero("silero_vad", RATES),
    "silero_vad_op18_ifless": silero("silero_vad_op18_ifless", RATES),
    "silero_vad_16k_op15": silero("silero_vad_16k_op15", WINDOWS),
    "silero_vad_half": silero("silero_vad_half", WINDOWS),
    "silero_vad_16k_sequence": silero("silero_vad_16k_sequence", {"": sound(5, 576, started=False)}),
    "silero_vad_openvino_16k": silero("silero_vad_openvino_16k", {"": sound(1, 576)}),
}


@functools.cache
def folder_of(package):
    """Of the package's files, without importing it."""
    spec = importlib.util.find_spec(package)
    if not spec:
        raise SystemExit(f"real.py: the package {package} is not installed")
    return Path(spec.submodule_search_locations[0])


def export(name, out):
    model = MODELS[name]
    path = out / f"{name}.onnx"
    shutil.copyfile(folder_of(model.package) / model.path, path)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3    # errors, not what it thinks of the exports
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    for case, make in model.cases.items():
        values = make(np.random.default_rng(SEED))
        inputs = {value.name: values[value.name] for value in session.get_inputs()}
        stem = f"{name}_{case}" if case else name
        np.savez(out / f"{stem}.inputs.npz", **inputs)
        np.savez(out / f"{stem}.outputs.npz", **dict(zip([value.name for value in session.get_outputs()], session.run(None, inputs))))
    progress(f"{name}: {len(model.cases)} cases")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("real"), metavar="DIR")
    parser.add_argument("names", nargs="*", metavar="NAME", help="models to write (default: all)")
    args = parser.parse_args()
    if unknown := set(args.names) - set(MODELS):
        parser.error(f"no such model: {', '.join(sorted(unknown))}")
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.names or MODELS:
        export(name, args.out)


if __name__ == "__main__":
    main()
