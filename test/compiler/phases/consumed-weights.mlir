// --consume-weights: the file of weights shrinks while it is read, and the artifact is the same. The weights are packed,
// read as they are, and read by two constants of different types.
// RUN: rm -rf %t && split-file %s %t && mkdir %t/kept
// RUN: %python %t/write.py %t && cp %t/program.mlir %t/program.safetensors %t/kept
// RUN: quern compile %t/kept/program.mlir --target x86-64 --quiet -o %t/kept/program.so
// RUN: quern compile %t/program.mlir --target x86-64 --quiet --consume-weights -o %t/program.so
// RUN: cmp %t/kept/program.so %t/program.so
// RUN: %python %t/used.py %t/kept/program.safetensors | FileCheck %s --check-prefix=KEPT
// RUN: %python %t/used.py %t/program.safetensors | FileCheck %s --check-prefix=CONSUMED
// KEPT: all of it
// CONSUMED: a small part

//--- program.mlir
func.func @main(%x: tensor<8x1024xf32> {graph.name = "x"}, %v: tensor<524288xf32> {graph.name = "v"})
    -> (tensor<8x512xf32> {graph.name = "y"}, tensor<524288xf32> {graph.name = "z"}, tensor<1024x512xf32> {graph.name = "u"}) {
  %w = graph.constant dense_resource<w> : tensor<1024x512xf32>
  %b = graph.constant dense_resource<b> : tensor<524288xf32>
  %c = graph.constant dense_resource<b> : tensor<1024x512xf32>
  %y = graph.matmul %x, %w : (tensor<8x1024xf32>, tensor<1024x512xf32>) -> tensor<8x512xf32>
  %z = graph.add %v, %b : (tensor<524288xf32>, tensor<524288xf32>) -> tensor<524288xf32>
  %r = graph.reshape %v {dims = ["1024", "512"]} : (tensor<524288xf32>) -> tensor<1024x512xf32>
  %u = graph.add %r, %c : (tensor<1024x512xf32>, tensor<1024x512xf32>) -> tensor<1024x512xf32>
  return %y, %z, %u : tensor<8x512xf32>, tensor<524288xf32>, tensor<1024x512xf32>
}

//--- write.py
import array, json, pathlib, struct, sys
count = 1024 * 512
head = json.dumps({name: {"data_offsets": [4 * count * i, 4 * count * (i + 1)]} for i, name in enumerate("wb")}).encode()
data = array.array("f", range(2 * count)).tobytes()
(pathlib.Path(sys.argv[1]) / "program.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + data)

//--- used.py
import os, sys
state = os.stat(sys.argv[1])
print("all of it" if state.st_blocks * 512 >= state.st_size else "a small part" if state.st_blocks * 512 < 1 << 16 else "much of it")
