#include "compiler/tools/quern/Npy.h"
#include "codegen/link/OutputFile.h"
#include "compiler/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;

namespace quern {
namespace {

struct Descr {
  quern_dtype dtype;
  StringLiteral text; ///< the kind and size of the header's 'descr', without the byte order
};

constexpr Descr descrs[] = {
    {QUERN_F32, "f4"}, {QUERN_F64, "f8"}, {QUERN_F16, "f2"}, {QUERN_BOOL, "b1"}, {QUERN_I8, "i1"},
    {QUERN_I16, "i2"}, {QUERN_I32, "i4"}, {QUERN_I64, "i8"}, {QUERN_U8, "u1"},   {QUERN_U16, "u2"},
    {QUERN_U32, "u4"}, {QUERN_U64, "u8"}, {QUERN_C64, "c8"}, {QUERN_C128, "c16"},
};

constexpr StringLiteral magic = "\x93NUMPY";

/// The text after `'key':` in the header's dict.
StringRef field(StringRef header, StringRef key) {
  size_t at = header.find(("'" + key + "':").str());
  return at == StringRef::npos ? StringRef() : header.drop_front(at + key.size() + 3).ltrim();
}

Error parseHeader(StringRef header, HostArray &array) {
  StringRef descr = field(header, "descr"), shape = field(header, "shape");
  if (!descr.consume_front("'") || !shape.consume_front("("))
    return makeError(ErrorKind::Usage, "its header is damaged, or it has fields");
  descr = descr.take_until([](char c) { return c == '\''; });
  if (descr.starts_with(">"))
    return makeError(ErrorKind::Usage, "it is big-endian; save x.astype(x.dtype.newbyteorder('<'))");
  if (field(header, "fortran_order").starts_with("True"))
    return makeError(ErrorKind::Usage, "it is in column-major order; save np.ascontiguousarray(x)");
  const Descr *found =
      find_if(descrs, [&](const Descr &known) { return known.text == descr.drop_front(!descr.empty()); });
  if (found == std::end(descrs))
    return makeError(ErrorKind::Usage, "its dtype is {0}, which no input can have", quoted(descr));
  array.dtype = found->dtype;
  SmallVector<StringRef> dims;
  shape.take_until([](char c) { return c == ')'; }).split(dims, ',', -1, /*KeepEmpty=*/false);
  for (StringRef text : dims) {
    int64_t dim;
    if (text = text.trim(); text.empty())
      continue;
    if (text.getAsInteger(10, dim))
      return makeError(ErrorKind::Usage, "its shape is damaged");
    array.dims.push_back(dim);
  }
  return Error::success();
}

} // namespace

quern_tensor HostArray::tensor() {
  quern_tensor result = {data.data(), data.size(), dtype, int32_t(dims.size()), {}};
  copy(dims, result.dims);
  return result;
}

std::optional<uint64_t> arrayBytes(quern_dtype dtype, ArrayRef<int64_t> dims) {
  uint64_t bytes = quern_dtype_size(dtype);
  for (int64_t dim : dims)
    if (dim < 0 || __builtin_mul_overflow(bytes, uint64_t(dim), &bytes))
      return std::nullopt;
  return bytes;
}

Expected<HostArray> readNpy(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return makeError(ErrorKind::File, "cannot read {0}: {1}", quoted(path), buffer.getError().message());
  StringRef bytes = (*buffer)->getBuffer();
  if (!bytes.consume_front(magic) || bytes.size() < 6)
    return makeError(ErrorKind::Usage, "{0} is no .npy file", quoted(path));
  bool wide = bytes[0] > 1; // versions 2 and 3 have four bytes for the header's length
  size_t length = wide ? support::endian::read32le(bytes.data() + 2) : support::endian::read16le(bytes.data() + 2);
  bytes = bytes.drop_front(wide ? 6 : 4);
  if (length > bytes.size())
    return makeError(ErrorKind::Usage, "{0} is truncated", quoted(path));
  HostArray array;
  if (Error error = parseHeader(bytes.take_front(length), array))
    return withContext(quoted(path), std::move(error));
  bytes = bytes.drop_front(length);
  auto size = arrayBytes(array.dtype, array.dims);
  if (array.dims.size() > QUERN_MAX_RANK)
    return makeError(ErrorKind::Usage, "{0} has {1} dims, at most {2} are possible", quoted(path), array.dims.size(),
                     QUERN_MAX_RANK);
  if (!size || *size > bytes.size())
    return makeError(ErrorKind::Usage, "{0} is truncated: its shape needs more than its {1} bytes of data",
                     quoted(path), bytes.size());
  array.data.assign(bytes.begin(), bytes.begin() + *size);
  return array;
}

Error writeNpy(StringRef path, const quern_tensor &tensor) {
  quern_dtype dtype = tensor.dtype == QUERN_BF16 ? quern_dtype(QUERN_U16) : tensor.dtype;
  const Descr *descr = find_if(descrs, [&](const Descr &known) { return known.dtype == dtype; });
  if (descr == std::end(descrs))
    return makeError(ErrorKind::Unsupported, "{0}: an array of {1} cannot be written as .npy", quoted(path),
                     quern_dtype_name(dtype));
  std::string shape;
  for (int64_t dim : ArrayRef(tensor.dims, tensor.rank))
    shape += std::to_string(dim) + ", ";
  std::string header = formatv("{{'descr': '{0}{1}', 'fortran_order': False, 'shape': ({2}), }",
                               quern_dtype_size(dtype) == 1 ? "|" : "<", descr->text, StringRef(shape).rtrim());
  header.append(63 - (header.size() + 10) % 64, ' '); // data begins at a multiple of 64
  header += '\n';
  std::string text = (magic + StringRef("\1\0", 2)).str();
  char length[2];
  support::endian::write16le(length, uint16_t(header.size()));
  text.append(length, 2);
  text += header;
  if (auto bytes = arrayBytes(tensor.dtype, ArrayRef(tensor.dims, tensor.rank)); bytes && *bytes)
    text.append(static_cast<const char *>(tensor.data), *bytes);
  return writeOutput(path, text);
}

} // namespace quern
