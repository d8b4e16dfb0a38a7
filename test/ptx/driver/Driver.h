// The driver's state. All work runs at once, on the calling thread, except what a stream captures: that becomes a
// graph's nodes and runs at cuGraphLaunch.
#pragma once
#include "test/ptx/PtxModule.h"
#include "test/ptx/driver/Cuda.h"
#include <functional>
#include <mutex>
#include <set>

/// The primary context of a device.
struct CUctx_st {
  int ordinal = 0;
  unsigned retains = 0;
};

struct CUfunc_st {
  CUmodule module;
  std::string name;
  const quern::ptx::Kernel *kernel;
  unsigned mostDynamicShared; ///< that a launch may ask for
};

struct CUmod_st {
  CUmod_st(std::string_view text, quern::ptx::DeviceMemory &memory) : module(text, memory) {}
  quern::ptx::PtxModule module;
  std::map<std::string, std::unique_ptr<CUfunc_st>> functions;
};

struct CUgraphNode_st {
  CUfunction function; ///< null: no kernel
  std::function<CUresult()> work;
};
struct CUgraph_st {
  std::vector<CUgraphNode_st> nodes;
};
struct CUgraphExec_st {
  std::vector<CUgraphNode_st> nodes;
};

/// What is being captured, by one stream or by several that events join.
struct Capture {
  CUstream origin;
  CUstreamCaptureMode mode;
  std::unique_ptr<CUgraph_st> graph;
  bool isInvalid = false;
};

struct CUstream_st {
  std::shared_ptr<Capture> capture; ///< null: not capturing
};

struct CUevent_st {
  double milliseconds = -1; ///< when it was recorded; negative: never
  std::shared_ptr<Capture> capture;
};

namespace quern::ptx {

/// A set of objects that handles point to.
template <class T> class Objects {
public:
  template <class... Args> T *create(Args &&...args) { return own(std::make_unique<T>(std::forward<Args>(args)...)); }
  T *own(std::unique_ptr<T> object) {
    T *handle = object.get();
    objects.emplace(handle, std::move(object));
    return handle;
  }
  bool has(const T *handle) const { return objects.contains(const_cast<T *>(handle)); }
  bool destroy(T *handle) { return objects.erase(handle) > 0; }
  void clear() { objects.clear(); }
  size_t size() const { return objects.size(); }
  template <class F> void forEach(F f) const {
    for (const auto &[handle, object] : objects)
      f(*object);
  }

private:
  std::map<T *, std::unique_ptr<T>> objects;
};

struct Driver {
  static Driver &get();

  /// What a call returns before it does anything: the driver is not initialised, no context is current, or an earlier
  /// kernel has failed (every call fails from then on, until the primary context is reset or released).
  CUresult check() const;
  /// As check, for calls that a capture forbids: they make it invalid. Only a relaxed capture allows them.
  CUresult checkNotCapturing();
  /// Resolves the handles of the default streams. Null when there is no such stream.
  CUstream stream(CUstream handle);
  /// Does the work, which is that of the kernel `function` if there is one, now, or adds it to what the stream captures.
  CUresult enqueue(CUstream handle, std::function<CUresult()> work, CUfunction function = nullptr);
  /// Ends everything that belongs to the primary contexts.
  void reset();

  std::recursive_mutex mutex;
  bool isInitialized = false;
  std::vector<CUctx_st> primaries{1}; ///< of each device; they share one memory
  CUresult failure = CUDA_SUCCESS; ///< of a kernel
  unsigned capability = 80;        ///< 10 * major + minor
  uint64_t mostInstructions = PtxModule::kMostInstructions; ///< of a warp, times lanes
  uint64_t kernels = 0, graphLaunches = 0, graphUpdates = 0; ///< so far
  DeviceMemory memory;
  std::map<void *, size_t> hostMemory; ///< pinned: allocated or registered
  std::set<void *> ownedHostMemory;    ///< allocated
  std::map<void *, uint64_t> mappedHostMemory; ///< of that: what the device sees too, at these addresses
  Objects<CUmod_st> modules;
  Objects<CUstream_st> streams;
  Objects<CUevent_st> events;
  Objects<CUgraph_st> graphs;
  Objects<CUgraphExec_st> executables;
  CUstream_st defaultStream;

  unsigned mostSharedBytes() const; ///< of a block, when asked for
  bool hasFunction(const CUfunc_st *function) const;

private:
  Driver();
};

/// The context stack of this thread.
std::vector<CUcontext> &contextStack();

using Lock = std::lock_guard<std::recursive_mutex>;

} // namespace quern::ptx

/// Starts a driver call: takes the lock, and returns when the driver can not serve it.
#define DRIVER_CALL()                                                                                                  \
  quern::ptx::Driver &driver = quern::ptx::Driver::get();                                                              \
  quern::ptx::Lock lock(driver.mutex);                                                                                 \
  if (CUresult status = driver.check(); status != CUDA_SUCCESS)                                                        \
  return status
