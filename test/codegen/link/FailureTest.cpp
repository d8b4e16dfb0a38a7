// Links that fail: what is said, and what is left behind.
#include "test/codegen/link/Artifact.h"
#include "llvm/Support/FileSystem.h"
#include <csignal>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace quern;
using namespace quern::test;

namespace {

class LinkFailure : public LinkTest {
protected:
  std::string failToLink(const LinkRequest &request, ErrorKind kind) {
    std::string message = messageOf(linkSharedLibrary(request), kind);
    EXPECT_NE(message, "");
    return message;
  }
};

/// Files of this process may not grow beyond `bytes` while this stands: the nearest thing to a full disk.
class FileSizeLimit {
public:
  explicit FileSizeLimit(rlim_t bytes) : handler(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before);
    rlimit limit = {bytes, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
  }

private:
  rlimit before;
  void (*handler)(int);
};

TEST_F(LinkFailure, MissingFolder) {
  std::string path = inFolder("missing") + "/model.so";
  EXPECT_EQ(failToLink(makeModel("scale", 3).request(x86, path), ErrorKind::File),
            "cannot write '" + path + "': No such file or directory");
}

TEST_F(LinkFailure, OutputIsAFolderOrADevice) {
  Model model = makeModel("scale", 3);
  EXPECT_EQ(failToLink(model.request(x86, folder), ErrorKind::File),
            "cannot write '" + folder + "': it exists and is not a regular file");
  EXPECT_EQ(failToLink(model.request(x86, "/dev/full"), ErrorKind::File),
            "cannot write '/dev/full': it exists and is not a regular file");
}

TEST_F(LinkFailure, UnwritableFolder) {
  Model model = makeModel("scale", 3);
  std::string path = inFolder("model.so"), message;
  ASSERT_EQ(chmod(folder.c_str(), 0555), 0);
  {
    // Root writes everywhere: become somebody else for files.
    int user = setfsuid(geteuid() == 0 ? 65534 : geteuid());
    message = failToLink(model.request(x86, path), ErrorKind::File);
    setfsuid(user);
  }
  chmod(folder.c_str(), 0700);
  EXPECT_EQ(message, "cannot write '" + path + "': Permission denied");
}

TEST_F(LinkFailure, FullDiskKeepsTheOldFile) {
  std::string path = linkModel("scale", 3), before = readFile(path);
  // Neither half is too large for the limit, but their sum is: lld meets it.
  std::vector<char> weights(48 << 10, 1);
  LinkRequest request;
  Model model = makeModel("scale", 4, /*weightsOffset=*/0);
  request = model.request(x86, path);
  request.weights = {weights};
  std::string message;
  {
    FileSizeLimit limit(64 << 10);
    message = failToLink(request, ErrorKind::File);
  }
  EXPECT_EQ(message, "cannot write '" + path + "': File too large");
  EXPECT_TRUE(readFile(path) == before);
  EXPECT_EQ(filesInFolder(), std::vector<std::string>{"scale.so"});
  // The process can still link.
  EXPECT_EQ(messageOf(linkSharedLibrary(request), ErrorKind::File), "");
}

TEST_F(LinkFailure, DiskFullOfWeights) {
  std::vector<char> weights(128 << 10, 1);
  LinkRequest request;
  Model model = makeModel("scale", 4);
  request = model.request(x86, inFolder("model.so"));
  request.weights = {weights};
  FileSizeLimit limit(100 << 10);
  EXPECT_EQ(failToLink(request, ErrorKind::File), "cannot write '" + request.output + "': File too large");
  EXPECT_TRUE(filesInFolder().empty());
}

TEST_F(LinkFailure, MissingKernelIsOurFault) {
  Model model = makeModel("scale", 3);
  model.objects.erase(model.objects.begin());
  std::string path = inFolder("model.so");
  EXPECT_EQ(failToLink(model.request(x86, path), ErrorKind::Internal),
            "link of '" + path + "': undefined hidden symbol: k0_v4");
  EXPECT_TRUE(filesInFolder().empty());
}

TEST_F(LinkFailure, ImportOutsideTheListIsOurFault) {
  Model model = makeModel("scale", 3);
  model.objects[0] = bytesOf(emit(R"(llvm.func @system(!llvm.ptr) -> i32
    llvm.func @k0_v4(%launch: !llvm.ptr) -> i32 {
      %r = llvm.call @system(%launch) : (!llvm.ptr) -> i32
      llvm.return %r : i32
    })", x86, x86.baseLevel())).str();
  std::string path = inFolder("model.so");
  EXPECT_EQ(failToLink(model.request(x86, path), ErrorKind::Internal),
            "link of '" + path + "': undefined symbol: system");
}

TEST_F(LinkFailure, DamagedObjectIsOurFault) {
  Model model = makeModel("scale", 3);
  model.objects[0] = "no object";
  std::string message = failToLink(model.request(x86, inFolder("model.so")), ErrorKind::Internal);
  EXPECT_EQ(message.find("link of '"), 0u) << message;
  EXPECT_TRUE(filesInFolder().empty());
}

} // namespace
