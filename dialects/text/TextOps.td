// Strings, and what makes numbers of them.

#ifndef QUERN_TEXT_OPS
#define QUERN_TEXT_OPS

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Text_Dialect : Dialect {
  let name = "text";
  let cppNamespace = "::quern::text";
  let summary = "Strings, and what makes numbers of them";
  let description = [{
    Strings lie in tensors of `!text.string`, whose elements are the runtime's quern_string; no op of another dialect reads
    or writes any but graph.reshape, which is a view. Extents are those of the graph dialect. See Rationale.md.
  }];
  let useDefaultTypePrinterParser = 1;
}

def Text_StringType : TypeDef<Text_Dialect, "String"> {
  let mnemonic = "string";
  let summary = "An element of a tensor: the address and size of some UTF-8";
}

class Text_Op<string mnemonic, list<Trait> traits = []> : Op<Text_Dialect, mnemonic, [Pure, InferTypeOpAdaptor] # traits> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  // Dims may be renamed, as in the graph dialect.
  let extraClassDeclaration = [{
    static bool isCompatibleReturnTypes(::mlir::TypeRange inferred, ::mlir::TypeRange actual) {
      return ::quern::graph::agree(inferred, actual);
    }
  }];
}

def Text_HashTableOp : Text_Op<"hash_table"> {
  let summary = "constant keys as a table in which runs look them up";
  let description = [{
    Key i is bytes[offsets[i]:offsets[i + 1]]; group g is keys[starts[g]:starts[g + 1]], numbered from 0, and knows nothing
    of the others. Of equal keys in a group the first counts. Numbers are keys of 8 bytes, -0 as 0 and every NaN as
    0x7ff8000000000000. The table is made at compile time, as runtime/text/table.h says.

    ```mlir
    %bytes = graph.constant dense<[114, 101, 100, 98, 108, 117, 101]> : tensor<7xui8>
    %offsets = graph.constant dense<[0, 3, 7]> : tensor<3xi64>
    %starts = graph.constant dense<[0, 2]> : tensor<2xi64>
    %t = text.hash_table %bytes, %offsets, %starts : (tensor<7xui8>, tensor<3xi64>, tensor<2xi64>) -> tensor<143xui8>
    ```
  }];
  let arguments = (ins AnyTensor:$bytes, AnyTensor:$offsets, AnyTensor:$starts);
  let results = (outs AnyTensor:$result);
}

def Text_LookupOp : Text_Op<"lookup"> {
  let summary = "the i64 number of each key in its group of a table, -1 for a key that is not there";
  let description = [{
    Keys are strings, f64 or i64. The last axis of `keys` is as long as the table has groups, one for each column; with one
    group, all keys are looked up there. Where `required` a key that is not there is a data error of the run.

    ```mlir
    %i = text.lookup %x, %t {groups = 1 : i64, required} : (tensor<?x!text.string, #graph.dims<["N"]>>, tensor<143xui8>) -> tensor<?xi64, #graph.dims<["N"]>>
    ```
  }];
  let arguments = (ins AnyTensor:$keys, AnyTensor:$table, I64Attr:$groups, UnitAttr:$required);
  let results = (outs AnyTensor:$result);
  let hasVerifier = 1;
}

def Text_PickStringsOp : Text_Op<"pick_strings"> {
  let summary = "the keys of a table by their numbers, counted through all groups";
  let description = [{
    A number that no key has is a data error of the run, or where there are `others`, the string at its place there.

    ```mlir
    %s = text.pick_strings %i, %t : (tensor<4xi64>, tensor<143xui8>) -> tensor<4x!text.string>
    ```
  }];
  let arguments = (ins AnyTensor:$numbers, AnyTensor:$table, Optional<AnyTensor>:$others);
  let results = (outs AnyTensor:$result);
  let hasVerifier = 1;
}

// What the two ops on the terms of texts are told. `analyzer`: "word" takes runs of at least `least_letters` word
// characters (\w of Python's re), "char" all characters, "char_wb" those of each word with a blank before and behind it, as
// scikit-learn's vectorizers do. Terms are n-grams of least_n to most_n of these, those of words with blanks between; group
// 0 of the table has the `terms`, group 1, if there is one, words that are left out. `longest`: bytes of the longest key.
// The value of a term is how often it occurs (1 where `binary`; 1 + ln of it where `sublinear`), times its one of the f64
// `factors` where there are some; then `norm` "l1" or "l2" divides a row by its norm where that is not 0.
class Text_TermsOfTextsOp<string mnemonic, dag operands> : Text_Op<mnemonic> {
  let arguments = !con(operands, (ins Optional<AnyTensor>:$factors, I64Attr:$terms, StrAttr:$analyzer, I64Attr:$least_n,
                                      I64Attr:$most_n, I64Attr:$least_letters, I64Attr:$longest, BoolAttr:$lowercase,
                                      BoolAttr:$binary, BoolAttr:$sublinear, StrAttr:$norm));
  let results = (outs AnyTensor:$result);
  let hasVerifier = 1;
}

def Text_TermsOp : Text_TermsOfTextsOp<"terms", (ins AnyTensor:$texts, AnyTensor:$table)> {
  let summary = "the terms of texts [N], weighed, as a matrix [N, terms] of f64";
  let description = [{
    ```mlir
    %y = text.terms %x, %t, %f {analyzer = "word", binary = false, least_letters = 2 : i64, least_n = 1 : i64, longest = 4 : i64, lowercase = true, most_n = 1 : i64, norm = "l2", sublinear = false, terms = 2 : i64}
        : (tensor<?x!text.string, #graph.dims<["N"]>>, tensor<143xui8>, tensor<2xf64>) -> tensor<?x2xf64, #graph.dims<["N", ""]>>
    ```
  }];
}

def Text_TermProductOp : Text_TermsOfTextsOp<"term_product", (ins AnyTensor:$texts, AnyTensor:$table, AnyTensor:$weight)> {
  let summary = "the product of text.terms with a weight [terms, M] of f64, without the matrix";
  let description = [{
    Reads the rows of the weight whose terms a text has.

    ```mlir
    %y = text.term_product %x, %t, %w, %f {analyzer = "word", binary = false, least_letters = 2 : i64, least_n = 1 : i64, longest = 4 : i64, lowercase = true, most_n = 1 : i64, norm = "l2", sublinear = false, terms = 2 : i64}
        : (tensor<?x!text.string, #graph.dims<["N"]>>, tensor<143xui8>, tensor<2x5xf64>, tensor<2xf64>) -> tensor<?x5xf64, #graph.dims<["N", ""]>>
    ```
  }];
}

#endif
