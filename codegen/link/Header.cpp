#include "codegen/link/Header.h"
#include "codegen/link/Embedded.h"
#include "codegen/link/ModelDescription.h"
#include "compiler/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace quern {
namespace {

/// One input or output as the manifest has it.
struct Value {
  std::string name;
  std::string shape; ///< "float32[1, 3, batch]"
  StringRef cType;   ///< empty: a dtype that is not known
  bool isStatic = true;
};

const Dtype *findDtype(StringRef name) {
  for (int32_t number = 0; number < 64; ++number)
    if (const Dtype *dtype = lookupDtype(number); dtype && dtype->name == name)
      return dtype;
  return nullptr;
}

/// A model's text inside a comment: it may not end the comment or the line.
std::string commentText(StringRef text) {
  std::string result;
  for (unsigned char c : text)
    result += c < 0x20 || c == 0x7f || c == '*' || c == '/' || c == '\\' ? '_' : char(c);
  return result;
}

Error malformed(StringRef field) {
  return makeError(ErrorKind::Model, "the manifest's field '{0}' is missing or of the wrong kind", field);
}

Expected<Value> readValue(const json::Object &object) {
  std::optional<StringRef> name = object.getString("name"), dtype = object.getString("dtype");
  const json::Array *shape = object.getArray("shape");
  if (!name || !dtype || !shape)
    return malformed("inputs/outputs");
  Value value;
  value.name = name->str();
  if (const Dtype *found = findDtype(*dtype))
    value.cType = found->cType;
  std::vector<std::string> dims;
  for (const json::Value &dim : *shape) {
    std::optional<int64_t> number = dim.getAsInteger();
    value.isStatic &= number.has_value();
    dims.push_back(number ? std::to_string(*number) : commentText(dim.getAsString().value_or("?")));
  }
  value.isStatic &= !value.cType.empty();
  value.shape = (commentText(*dtype) + "[" + join(dims, ", ") + "]");
  return value;
}

Expected<std::vector<Value>> readValues(const json::Object &manifest, StringRef field) {
  const json::Array *array = manifest.getArray(field);
  if (!array)
    return malformed(field);
  std::vector<Value> values;
  for (const json::Value &element : *array) {
    if (!element.getAsObject())
      return malformed(field);
    Expected<Value> value = readValue(*element.getAsObject());
    if (!value)
      return value.takeError();
    values.push_back(std::move(*value));
  }
  return values;
}

void writeValues(raw_ostream &os, StringRef title, ArrayRef<Value> values) {
  os << " * " << title << ":\n";
  for (auto [index, value] : enumerate(values))
    os << " *   " << index << "  " << commentText(value.name) << "  " << value.shape << "\n";
}

/// The declaration of the function that needs no tensors, only data.
void writePlainFunction(raw_ostream &os, StringRef identifier, ArrayRef<Value> inputs, ArrayRef<Value> outputs) {
  std::vector<std::string> names;
  for (const Value &value : concat<const Value>(inputs, outputs))
    names.push_back(value.name);
  names = cIdentifiers(names);
  os << "/* Runs the model once. Every buffer is dense, row-major and of the shape above; an output may not overlap\n"
     << " * anything else. The context comes from quern_context_create. */\n"
     << "quern_status " << identifier << "(";
  for (auto [index, value] : enumerate(inputs))
    os << "const " << value.cType << " *" << names[index] << ", ";
  for (auto [index, value] : enumerate(outputs))
    os << value.cType << " *" << names[inputs.size() + index] << ", ";
  os << "quern_context *context);\n\n";
}

} // namespace

Expected<std::string> formatHeader(const json::Object &manifest) {
  std::optional<StringRef> name = manifest.getString("name"), identifier = manifest.getString("identifier");
  if (!name || !identifier || cIdentifier(*identifier) != *identifier)
    return malformed(!name ? "name" : "identifier");
  Expected<std::vector<Value>> inputs = readValues(manifest, "inputs");
  if (!inputs)
    return inputs.takeError();
  Expected<std::vector<Value>> outputs = readValues(manifest, "outputs");
  if (!outputs)
    return outputs.takeError();

  std::string text, guard = "QUERN_MODEL_" + StringRef(*identifier).upper() + "_H";
  raw_string_ostream os(text);
  os << "/* " << commentText(*name)
     << ", compiled by Quern. This file is complete: no other header of Quern's is needed.\n"
     << " *\n";
  writeValues(os, "Inputs", *inputs);
  writeValues(os, "Outputs", *outputs);
  os << " */\n#ifndef " << guard << "\n#define " << guard << "\n\n"
     << runtimeHeader() << "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
     << "/* The model's tables, for quern_model_open. */\n"
     << "extern const quern_model_descriptor " << *identifier << "_model_descriptor;\n\n";
  if (all_of(concat<Value>(*inputs, *outputs), [](const Value &value) { return value.isStatic; }))
    writePlainFunction(os, *identifier, *inputs, *outputs);
  os << "#ifdef __cplusplus\n}\n#endif\n#endif\n";
  return text;
}

} // namespace quern
