#include "test/codegen/Fixture.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace quern::test {

std::string messageOf(Error error, ErrorKind kind) {
  if (!error)
    return "";
  Failure failure = takeFailure(std::move(error));
  EXPECT_EQ(failure.kind, kind) << failure.message;
  EXPECT_EQ(failure.message.find('\n'), std::string::npos) << "an error is one line: " << failure.message;
  return failure.message;
}

const Target &target(StringRef name) { return *unwrap(lookupTarget(name)); }

StringRef bytesOf(const EmittedObject &object) { return StringRef(object.object.data(), object.object.size()); }

CodegenTest::CodegenTest() {
  loadCodegenDialects(context);
  SmallString<64> path;
  if (sys::fs::createUniqueDirectory("quern-codegen", path))
    std::abort();
  folder = path.str().str();
}

CodegenTest::~CodegenTest() { sys::fs::remove_directories(folder); }

mlir::OwningOpRef<mlir::ModuleOp> CodegenTest::parse(StringRef text) {
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  EXPECT_TRUE(module) << text.str();
  return module;
}

EmittedObject CodegenTest::emit(StringRef text, const Target &target, const Level &level) {
  auto module = parse(text);
  EXPECT_TRUE(succeeded(lowerToLLVMDialect(*module)));
  return unwrap(emitObject(*module, target, level));
}

std::vector<std::string> CodegenTest::filesInFolder() const {
  std::vector<std::string> names;
  std::error_code code;
  for (sys::fs::directory_iterator i(folder, code), end; i != end && !code; i.increment(code))
    names.push_back(sys::path::filename(i->path()).str());
  sort(names);
  return names;
}

static constexpr char kernelStart[] = R"(
  func.func @{0}(%launch: !llvm.ptr) -> i32 {{
    %ok = arith.constant 0 : i32
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c64 = arith.constant 64 : index
    %buffers = llvm.load %launch : !llvm.ptr -> !llvm.ptr
    %slot1 = llvm.getelementptr %buffers[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
    %a = llvm.load %buffers : !llvm.ptr -> !llvm.ptr
    %b = llvm.load %slot1 : !llvm.ptr -> !llvm.ptr
)";

std::string tileKernel(StringRef name, unsigned rows, unsigned vectors, unsigned lanes) {
  std::string text = formatv(kernelStart, name).str(), vector = formatv("vector<{0}xf32>", lanes).str();
  raw_string_ostream os(text);
  unsigned count = rows * vectors;
  auto each = [&](auto print) {
    for (unsigned i = 0; i < count; ++i)
      os << (i ? ", " : ""), print(i);
  };
  os << "%zero = arith.constant dense<0.0> : " << vector << "\n%r:" << count
     << " = scf.for %k = %c0 to %c64 step %c1 iter_args(";
  each([&](unsigned i) { os << "%acc" << i << " = %zero"; });
  os << ") -> (";
  each([&](unsigned) { os << vector; });
  os << ") {\n%k64 = arith.index_cast %k : index to i64\n"
     << formatv("%ra = llvm.getelementptr %a[%k64] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.array<{0} x f32>\n", rows)
     << formatv("%rb = llvm.getelementptr %b[%k64] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.array<{0} x f32>\n",
                vectors * lanes);
  for (unsigned j = 0; j < vectors; ++j)
    os << formatv("%pb{0} = llvm.getelementptr %rb[{1}] : (!llvm.ptr) -> !llvm.ptr, f32\n", j, j * lanes)
       << formatv("%b{0} = llvm.load %pb{0} {{alignment = 4 : i64} : !llvm.ptr -> {1}\n", j, vector);
  for (unsigned i = 0; i < rows; ++i) {
    os << formatv("%pa{0} = llvm.getelementptr %ra[{0}] : (!llvm.ptr) -> !llvm.ptr, f32\n", i)
       << formatv("%a{0} = llvm.load %pa{0} : !llvm.ptr -> f32\n%v{0} = vector.broadcast %a{0} : f32 to {1}\n", i,
                  vector);
    for (unsigned j = 0; j < vectors; ++j)
      os << formatv("%f{0} = vector.fma %v{1}, %b{2}, %acc{0} : {3}\n", i * vectors + j, i, j, vector);
  }
  os << "scf.yield ";
  each([&](unsigned i) { os << "%f" << i; });
  os << " : ";
  each([&](unsigned) { os << vector; });
  os << "\n}\n%slot2 = llvm.getelementptr %buffers[2] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr\n"
        "%c = llvm.load %slot2 : !llvm.ptr -> !llvm.ptr\n";
  for (unsigned i = 0; i < count; ++i)
    os << formatv("%pc{0} = llvm.getelementptr %c[{1}] : (!llvm.ptr) -> !llvm.ptr, f32\n", i, i * lanes)
       << formatv("llvm.store %r#{0}, %pc{0} {{alignment = 4 : i64} : {1}, !llvm.ptr\n", i, vector);
  os << "return %ok : i32\n}\n";
  return text;
}

std::string mapKernel(StringRef name, StringRef body) {
  std::string text = formatv(kernelStart, name).str();
  raw_string_ostream os(text);
  os << R"(
    scf.for %i = %c0 to %c64 step %c1 {
      %n = arith.index_cast %i : index to i64
      %from = llvm.getelementptr %a[%n] : (!llvm.ptr, i64) -> !llvm.ptr, f32
      %to = llvm.getelementptr %b[%n] : (!llvm.ptr, i64) -> !llvm.ptr, f32
      %x = llvm.load %from : !llvm.ptr -> f32
      )"
     << body << R"(
      llvm.store %y, %to : f32, !llvm.ptr
    }
    return %ok : i32
  })";
  return text;
}

std::string scaleKernel(StringRef name, float factor) {
  static constexpr char body[] = "%factor = arith.constant {0:F6} : f32\n%y = arith.mulf %x, %factor : f32";
  return mapKernel(name, formatv(body, factor).str());
}

} // namespace quern::test
