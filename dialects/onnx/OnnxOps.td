// The `onnx` dialect: a model file, one op per node, before anything is known about it.

#ifndef QUERN_DIALECTS_ONNX_ONNXOPS
#define QUERN_DIALECTS_ONNX_ONNXOPS

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Onnx_Dialect : Dialect {
  let name = "onnx";
  let cppNamespace = "::quern::onnx";
  let summary = "A model file, node by node";
  let description = [{
    1:1 with the file: what the importer makes and what the lowering to `graph` reads. Nothing here is inferred; the
    operators are strings, so a new one costs no op. `Rationale.md` beside this file argues what is left out.

    The module carries

    - `quern.name`: the graph's name;
    - `onnx.ir_version`, `onnx.producer`, `onnx.producer_version`, `onnx.model_version`, `onnx.domain`, `onnx.doc`;
    - `onnx.opset`: a dictionary from domain to imported version; the default domain is written "ai.onnx";
    - `onnx.metadata`: the file's metadata as an array of [key, value] pairs.

    The graph is `func.func @main`. Arguments and results carry

    - `onnx.name`: the name of the graph's input or output;
    - `onnx.dims`: for tensors of known rank, one string for each dimension: the name of its symbol, or "" where the
      dimension is static. Equal names are equal sizes. Dimensions without a name in the file have one of their own;
    - `onnx.type` (results only): the declared type, when the file declares one.

    ```mlir
    module attributes {onnx.opset = {ai.onnx = 17 : i64}, quern.name = "mlp", ...} {
      func.func @main(%x: tensor<?x4xf32> {onnx.dims = ["batch", ""], onnx.name = "x"})
          -> (!onnx.value {onnx.dims = ["batch", ""], onnx.name = "y", onnx.type = tensor<?x2xf32>}) {
        %w = onnx.initializer "w" dense_resource<w> : tensor<4x2xf32>
        %none = onnx.none
        %y = onnx.node "Gemm"(%x, %w, %none) {attributes = {alpha = 1.0 : f32}, name = "fc", opset = 17 : i64}
            : (tensor<?x4xf32>, tensor<4x2xf32>, none) -> !onnx.value
        return %y : !onnx.value
      }
    }
    ```
  }];
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = ["::mlir::func::FuncDialect"];
}

//===-- Types -------------------------------------------------------------------------------------------------===//

class Onnx_Type<string name, string typeMnemonic> : TypeDef<Onnx_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def Onnx_ValueType : Onnx_Type<"Value", "value"> {
  let summary = "A node's result: a tensor, sequence, optional or map whose type nobody has worked out yet";
}
def Onnx_StringType : Onnx_Type<"String", "string"> {
  let summary = "An element of a tensor of strings: bytes, UTF-8 by convention";
}
def Onnx_Float4E2M1Type : Onnx_Type<"Float4E2M1", "f4e2m1"> {
  let summary = "The 4-bit float of ONNX's FLOAT4E2M1, which the builtin types lack";
}
def Onnx_Float8E8M0Type : Onnx_Type<"Float8E8M0", "f8e8m0"> {
  let summary = "The power-of-two scale of ONNX's FLOAT8E8M0, which the builtin types lack";
}
def Onnx_SequenceType : Onnx_Type<"Sequence", "seq"> {
  let summary = "A sequence of values of one type";
  let parameters = (ins "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $elementType `>`";
}
def Onnx_OptionalType : Onnx_Type<"Optional", "optional"> {
  let summary = "A value that may be absent at run time";
  let parameters = (ins "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $elementType `>`";
}
def Onnx_MapType : Onnx_Type<"Map", "map"> {
  let summary = "A map from integers or strings to values of one type";
  let parameters = (ins "::mlir::Type":$keyType, "::mlir::Type":$valueType);
  let assemblyFormat = "`<` $keyType `,` $valueType `>`";
}

//===-- Ops ---------------------------------------------------------------------------------------------------===//

class Onnx_Op<string mnemonic, list<Trait> traits = []> : Op<Onnx_Dialect, mnemonic, traits>;

def Onnx_NodeOp : Onnx_Op<"node", []> {
  let summary = "One node of the file";
  let description = [{
    `op_type`, `domain` ("" is ai.onnx) and `opset`, the version of the domain that is in force at the node, say what it
    computes. An input that the file leaves out is an `onnx.none`; an output that it leaves out is a result of type
    `none` without uses; every other result is `!onnx.value`.

    `attributes` holds the node's own attributes under their names:

    | ONNX | here |
    |---|---|
    | FLOAT, INT, STRING | `f32`, `i64`, string |
    | FLOATS, INTS | `array<f32: ...>`, `array<i64: ...>` |
    | STRINGS, TENSORS, TYPE_PROTOS | array |
    | TENSOR, SPARSE_TENSOR | elements, as in `onnx.initializer` |
    | TYPE_PROTO | type |

    Attributes that are graphs are the op's regions, named in order by `region_names`. Regions see every value above
    them (they capture as ONNX subgraphs do), have their graph's inputs as block arguments and end with `onnx.yield`.

    ```mlir
    %y = onnx.node "If"(%condition) {name = "choose", opset = 16 : i64, region_names = ["then_branch", "else_branch"]}
        : (tensor<i1>) -> !onnx.value {
      onnx.yield %a : tensor<2xf32>
    }, {
      onnx.yield %b : tensor<2xf32>
    }
    ```
  }];
  let arguments = (ins StrAttr:$op_type, DefaultValuedStrAttr<StrAttr, "">:$domain, I64Attr:$opset,
                       DefaultValuedStrAttr<StrAttr, "">:$name,
                       OptionalAttr<StrArrayAttr>:$output_names, OptionalAttr<StrArrayAttr>:$region_names,
                       Variadic<AnyType>:$inputs);
  let results = (outs Variadic<AnyType>:$outputs);
  let regions = (region VariadicRegion<SizedRegion<1>>:$bodies);
  let assemblyFormat = "$op_type `` `(` $inputs `)` attr-dict `:` functional-type($inputs, $outputs) ($bodies^)?";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    // The dictionary `attributes`, null when the node has none. It is kept as a discardable attribute: ODS reserves the
    // accessor's name for its adaptors.
    static constexpr ::llvm::StringLiteral kNodeAttrs = "attributes";
    ::mlir::DictionaryAttr getNodeAttrs() { return (*this)->getAttrOfType<::mlir::DictionaryAttr>(kNodeAttrs); }
    // The attribute of the node with this name, null when the file does not give it.
    ::mlir::Attribute getNodeAttr(::llvm::StringRef name) {
      ::mlir::DictionaryAttr all = getNodeAttrs();
      return all ? all.get(name) : ::mlir::Attribute();
    }
    // The same as a given kind of attribute, null when it is absent or of another kind.
    template <typename T> T getNodeAttrOfType(::llvm::StringRef name) {
      return ::llvm::dyn_cast_or_null<T>(getNodeAttr(name));
    }
    // The region of the graph attribute with this name, null when there is none.
    ::mlir::Region *getNamedRegion(::llvm::StringRef name);
  }];
}

def Onnx_InitializerOp : Onnx_Op<"initializer", [Pure, ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let summary = "A constant of the file";
  let description = [{
    At most 64 elements are a `dense` attribute; more are a blob (`dense_resource`) that refers to the file's bytes.
    A blob holds the elements as ONNX's raw_data does: little-endian, row-major, a byte of 0 or 1 for each bool (`i1`),
    2-bit and 4-bit elements packed with the first in the low bits. Strings are always `dense`.

    ```mlir
    %w = onnx.initializer "fc.bias" dense<[1.0, 2.0]> : tensor<2xf32>
    ```
  }];
  let arguments = (ins StrAttr:$name, ElementsAttr:$value);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$name $value attr-dict";
  let hasFolder = 1;
}

def Onnx_NoneOp : Onnx_Op<"none", [Pure]> {
  let summary = "The input that a node leaves out";
  let description = [{
    ```mlir
    %none = onnx.none
    %y = onnx.node "Clip"(%x, %none, %high) {opset = 13 : i64} : (tensor<4xf32>, none, tensor<f32>) -> !onnx.value
    ```
  }];
  let results = (outs NoneType:$result);
  let assemblyFormat = "attr-dict";
}

def Onnx_YieldOp : Onnx_Op<"yield", [Pure, Terminator, ReturnLike, HasParent<"NodeOp">]> {
  let summary = "The outputs of a subgraph";
  let description = [{
    ```mlir
    %y = onnx.node "If"(%condition) {opset = 16 : i64, region_names = ["then_branch", "else_branch"]} : (tensor<i1>) -> !onnx.value {
      onnx.yield %a : tensor<2xf32>
    }, {
      onnx.yield %b : tensor<2xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

#endif // QUERN_DIALECTS_ONNX_ONNXOPS
