"""text-to-onnx.py MODEL.test OUT.onnx: ONNX's own text form to a file. Comments (#) hold lit's lines."""
import sys

import onnx
import onnx.parser

with open(sys.argv[1]) as source:
    onnx.save(onnx.parser.parse_model(source.read()), sys.argv[2])
