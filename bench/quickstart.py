#!/usr/bin/env python3
"""Read text off an image with three real models that Quern compiled, and compare them with ONNX Runtime.

    python bench/quickstart.py [--out out/quickstart] [--json]

RapidOCR's own code prepares the image and decodes the results; its three models (text detection, line orientation,
recognition; from its pip package) run as shared libraries that are compiled on the first run and kept in --out.
"""
import argparse
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime
import quern
import rapidocr_onnxruntime
from PIL import Image, ImageDraw, ImageFont
from rapidocr_onnxruntime.utils import infer_engine

from timing import interleave, progress, report

ROOT = Path(__file__).resolve().parent.parent
MODELS = Path(rapidocr_onnxruntime.__file__).parent / "models"
NAMES = {"ch_PP-OCRv4_det_infer": "detection", "ch_ppocr_mobile_v2.0_cls_infer": "orientation",
         "ch_PP-OCRv4_rec_infer": "recognition"}
LINES = ["Quern grinds models", "into native code:", "one shared library,", "no interpreter,", "no dependencies,",
         "2098 nodes read this."]


def draw(path):
    """An image of LINES, as BGR pixels, also written to `path`."""
    image = Image.new("RGB", (736, 736), "white")    # the least side that the detector does not scale
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(60)
    for i, line in enumerate(LINES):
        pen.text((40, 40 + 112 * i), line, font=font, fill="black")
    image.save(path)
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


def newest(paths):
    return max((path.stat().st_mtime for path in paths), default=0)


def compiled(model, out):
    """The shared library of `model` and the seconds it took; made again when the model or the compiler is newer."""
    library, note = out / f"{NAMES[model.stem]}.so", out / f"{NAMES[model.stem]}.json"
    compiler = [ROOT / "build/bin/quern", *Path(quern.__file__).parent.glob("*.so")]
    if not note.exists() or library.stat().st_mtime < newest([model, *filter(Path.exists, compiler)]):
        progress(f"compiling {model.name} ...")
        start = time.perf_counter()
        quern.compile(model, target="native").save(library)
        note.write_text(json.dumps({"seconds": time.perf_counter() - start}))
    return library, json.loads(note.read_text())["seconds"]


class Recorded:
    """A session that keeps the inputs of its last run."""
    inputs = {}    # model file name -> {input name: array}, of the last run

    def __init__(self, session, name):
        self.session, self.name = session, name

    def run(self, outputs, feed, *rest):
        Recorded.inputs[self.name] = feed
        return self.session.run(outputs, feed, *rest)

    def __getattr__(self, attribute):
        return getattr(self.session, attribute)


def read_text(image, make_session):
    """RapidOCR's [(text, confidence)], its sessions made by make_session(model path, options, providers)."""
    original = infer_engine.InferenceSession
    infer_engine.InferenceSession = make_session
    try:
        boxes, _ = rapidocr_onnxruntime.RapidOCR()(image)
    finally:
        infer_engine.InferenceSession = original
    return [(text, float(confidence)) for _, text, confidence in boxes or []]


def onnxruntime_session(path, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def measure(model, library, compile_seconds, feed, seconds):
    ours = quern.load(library)
    expected, got = onnxruntime_session(model, 1).run(None, feed), ours.run(None, feed)
    row = {"model": NAMES[model.stem], "input": "x".join(map(str, next(iter(feed.values())).shape)),
           "kernels": len(ours.kernels), "compiled in s": round(compile_seconds, 2)}
    for threads in (1, 2):
        if threads > len(os.sched_getaffinity(0)):
            break
        mine, theirs = quern.load(library, threads=threads), onnxruntime_session(model, threads)
        times = interleave({"ours": lambda: mine.run(None, feed), "theirs": lambda: theirs.run(None, feed)}, seconds)
        mine_ms, theirs_ms = (min(times[side]) * 1e3 for side in ("ours", "theirs"))
        row |= {f"quern ms, {threads} thr": round(mine_ms, 3), f"ORT ms, {threads} thr": round(theirs_ms, 3),
                f"speedup, {threads} thr": f"{theirs_ms / mine_ms:.2f}x"}
    difference = max(float(np.abs(a - b).max()) for a, b in zip(got, expected, strict=True))
    return row | {"largest difference": f"{difference:.1e}"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "out/quickstart", metavar="DIR")
    parser.add_argument("--seconds", type=float, default=1.0, help="timed seconds per model and thread count")
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    image = draw(args.out / "image.png")
    libraries = {model: compiled(model, args.out) for model in (MODELS / f"{stem}.onnx" for stem in NAMES)}

    def session(path, sess_options=None, providers=None):
        library, _ = libraries[Path(path)]
        return Recorded(quern.InferenceSession(library, sess_options, providers), Path(path).name)

    progress(f"reading {args.out / 'image.png'} ...")
    text, expected = read_text(image, session), read_text(image, onnxruntime.InferenceSession)
    for line, confidence in text:
        print(f"    {line:40} {confidence:.3f}", file=sys.stderr if args.json else sys.stdout)
    if [line for line, _ in text] != [line for line, _ in expected]:
        raise SystemExit(f"ONNX Runtime reads otherwise: {[line for line, _ in expected]}")
    progress("measuring, interleaved with ONNX Runtime ...")
    rows = [measure(model, *made, Recorded.inputs[model.name], args.seconds) for model, made in libraries.items()]
    report(rows, args.json)


if __name__ == "__main__":
    main()
