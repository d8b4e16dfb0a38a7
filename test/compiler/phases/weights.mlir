// The weights of a program in a file beside it, and what can be wrong with that file.
// RUN: split-file %s %t
// RUN: %python %t/write.py %t
// RUN: quern compile %t/good.mlir --stop-after=import -o - | FileCheck %t/good.mlir
// RUN: quern compile %t/good.mlir --stop-after=import -o %t/whole.mlir
// RUN: FileCheck %s --check-prefix=WHOLE --input-file %t/whole.mlir
// RUN: not quern compile %t/range.mlir 2>&1 | FileCheck %s --check-prefix=RANGE
// RUN: not quern compile %t/size.mlir 2>&1 | FileCheck %s --check-prefix=SIZE
// RUN: not quern compile %t/absent.mlir 2>&1 | FileCheck %s --check-prefix=ABSENT
// RUN: not quern compile %t/short.mlir 2>&1 | FileCheck %s --check-prefix=SHORT
// RUN: not quern compile %t/text.mlir 2>&1 | FileCheck %s --check-prefix=TEXT
// RUN: not quern compile %t/list.mlir 2>&1 | FileCheck %s --check-prefix=LIST

// WHOLE: w: "0x{{[0-9]+}}0000803F00000040
// RANGE: quern: error: '{{.*}}range.safetensors' gives the weight 'w' no range of its 8 bytes
// SIZE: quern: error: '{{.*}}size.mlir' holds 4 bytes of the weight 'w', which do not fit its type
// ABSENT: quern: error: '{{.*}}absent.mlir' names the weight 'w' but does not hold it
// SHORT: quern: error: '{{.*}}short.safetensors' is no file of weights: its header does not fit its 10 bytes
// TEXT: quern: error: '{{.*}}text.safetensors' is no file of weights: its header is no JSON
// LIST: quern: error: '{{.*}}list.safetensors' is no file of weights: its header is no JSON object

//--- good.mlir
// CHECK: graph.constant dense_resource<w> : tensor<2xf32>
func.func @main(%x: tensor<2xf32> {graph.name = "x"}) -> (tensor<2xf32> {graph.name = "y"}) {
  %w = graph.constant dense_resource<w> : tensor<2xf32>
  %y = graph.add %x, %w : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

//--- write.py
import json, pathlib, shutil, struct, sys
folder, data = pathlib.Path(sys.argv[1]), struct.pack("<2f", 1, 2)
headers = {"good": {"w": {"data_offsets": [0, 8]}}, "range": {"w": {"data_offsets": [4, 12]}},
           "size": {"w": {"data_offsets": [0, 4]}}, "absent": {"v": {"data_offsets": [0, 8]}}, "list": []}
files = {name: json.dumps(header).encode() for name, header in headers.items()} | {"text": b"{"}
files = {name: struct.pack("<Q", len(head)) + head + data for name, head in files.items()}
for name, content in (files | {"short": struct.pack("<Q", 2**63) + b"{}"}).items():
    (folder / f"{name}.safetensors").write_bytes(content)
    if name != "good":
        shutil.copyfile(folder / "good.mlir", folder / f"{name}.mlir")
