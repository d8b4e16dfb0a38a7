// Streams, events, captures, graphs.
#include "test/ptx/driver/Driver.h"
#include <algorithm>
#include <chrono>

using namespace quern::ptx;

namespace {

double milliseconds() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Waiting for a stream that captures is an error, and spoils the capture.
CUresult synchronize(Driver &driver, CUstream handle) {
  CUstream stream = driver.stream(handle);
  if (!stream)
    return CUDA_ERROR_INVALID_HANDLE;
  if (!stream->capture)
    return driver.failure;
  stream->capture->isInvalid = true;
  return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
}

CUresult instantiate(CUgraphExec *executable, CUgraph graph) {
  DRIVER_CALL();
  if (!driver.graphs.has(graph))
    return CUDA_ERROR_INVALID_HANDLE;
  *executable = driver.executables.create(CUgraphExec_st{graph->nodes});
  return CUDA_SUCCESS;
}

} // namespace

CUDA_EXPORT CUresult cuStreamCreate(CUstream *stream, unsigned) {
  DRIVER_CALL();
  *stream = driver.streams.create();
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuStreamCreateWithPriority(CUstream *stream, unsigned flags, int) {
  return cuStreamCreate(stream, flags);
}

CUDA_EXPORT CUresult cuStreamDestroy_v2(CUstream stream) {
  DRIVER_CALL();
  return driver.streams.destroy(stream) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUDA_EXPORT CUresult cuStreamSynchronize(CUstream stream) {
  DRIVER_CALL();
  return synchronize(driver, stream);
}

CUDA_EXPORT CUresult cuStreamQuery(CUstream stream) {
  DRIVER_CALL();
  return synchronize(driver, stream);
}

/// The stream continues after what the event has recorded; of a capture, it becomes a part.
CUDA_EXPORT CUresult cuStreamWaitEvent(CUstream handle, CUevent event, unsigned) {
  DRIVER_CALL();
  CUstream stream = driver.stream(handle);
  if (!stream || !driver.events.has(event))
    return CUDA_ERROR_INVALID_HANDLE;
  if (event->capture && event->capture->graph)
    stream->capture = event->capture;
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode) {
  DRIVER_CALL();
  if (!driver.streams.has(stream)) // the default stream can not capture
    return driver.stream(stream) ? CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED : CUDA_ERROR_INVALID_HANDLE;
  if (stream->capture)
    return CUDA_ERROR_INVALID_VALUE;
  stream->capture.reset(new Capture{stream, mode, std::make_unique<CUgraph_st>()});
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuStreamEndCapture(CUstream stream, CUgraph *graph) {
  DRIVER_CALL();
  if (!driver.streams.has(stream))
    return CUDA_ERROR_INVALID_HANDLE;
  std::shared_ptr<Capture> capture = stream->capture;
  *graph = nullptr;
  if (!capture)
    return CUDA_ERROR_INVALID_VALUE;
  if (capture->origin != stream)
    return CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
  driver.streams.forEach([&](CUstream_st &other) {
    if (other.capture == capture)
      other.capture = nullptr;
  });
  if (capture->isInvalid)
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  *graph = driver.graphs.own(std::move(capture->graph));
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuStreamIsCapturing(CUstream handle, CUstreamCaptureStatus *status) {
  DRIVER_CALL();
  CUstream stream = driver.stream(handle);
  if (!stream)
    return CUDA_ERROR_INVALID_HANDLE;
  *status = !stream->capture             ? CU_STREAM_CAPTURE_STATUS_NONE
            : stream->capture->isInvalid ? CU_STREAM_CAPTURE_STATUS_INVALIDATED
                                         : CU_STREAM_CAPTURE_STATUS_ACTIVE;
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuEventCreate(CUevent *event, unsigned) {
  DRIVER_CALL();
  *event = driver.events.create();
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuEventDestroy_v2(CUevent event) {
  DRIVER_CALL();
  return driver.events.destroy(event) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUDA_EXPORT CUresult cuEventRecord(CUevent event, CUstream handle) {
  DRIVER_CALL();
  CUstream stream = driver.stream(handle);
  if (!stream || !driver.events.has(event))
    return CUDA_ERROR_INVALID_HANDLE;
  event->capture = stream->capture;
  if (!stream->capture)
    event->milliseconds = milliseconds();
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuEventSynchronize(CUevent event) {
  DRIVER_CALL();
  if (!driver.events.has(event))
    return CUDA_ERROR_INVALID_HANDLE;
  return event->capture ? CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED : CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuEventQuery(CUevent event) {
  return cuEventSynchronize(event);
}

CUDA_EXPORT CUresult cuEventElapsedTime(float *elapsed, CUevent start, CUevent end) {
  DRIVER_CALL();
  if (!driver.events.has(start) || !driver.events.has(end) || start->milliseconds < 0 || end->milliseconds < 0)
    return CUDA_ERROR_INVALID_HANDLE;
  *elapsed = static_cast<float>(end->milliseconds - start->milliseconds);
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuGraphInstantiateWithFlags(CUgraphExec *executable, CUgraph graph, unsigned long long) {
  return instantiate(executable, graph);
}

CUDA_EXPORT CUresult cuGraphInstantiate_v2(CUgraphExec *executable, CUgraph graph, CUgraphNode *, char *, size_t) {
  return instantiate(executable, graph);
}

CUDA_EXPORT CUresult cuGraphGetNodes(CUgraph graph, CUgraphNode *nodes, size_t *count) {
  DRIVER_CALL();
  if (!driver.graphs.has(graph) || nodes) // nodes have no handles here
    return driver.graphs.has(graph) ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE;
  *count = graph->nodes.size();
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream) {
  DRIVER_CALL();
  if (!driver.executables.has(executable))
    return CUDA_ERROR_INVALID_HANDLE;
  return driver.enqueue(stream, [&driver, nodes = executable->nodes]() -> CUresult {
    ++driver.graphLaunches;
    for (const auto &node : nodes)
      if (CUresult status = node.work(); status != CUDA_SUCCESS)
        return status;
    return CUDA_SUCCESS;
  });
}

/// Nodes may differ in everything but their number, their order and, here, the kernel.
CUDA_EXPORT CUresult cuGraphExecUpdate_v2(CUgraphExec executable, CUgraph graph, CUgraphExecUpdateResultInfo *info) {
  DRIVER_CALL();
  if (!driver.executables.has(executable) || !driver.graphs.has(graph))
    return CUDA_ERROR_INVALID_HANDLE;
  *info = {CU_GRAPH_EXEC_UPDATE_SUCCESS, nullptr, nullptr};
  if (executable->nodes.size() != graph->nodes.size())
    info->result = CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
  else if (!std::ranges::equal(executable->nodes, graph->nodes, {}, &CUgraphNode_st::function, &CUgraphNode_st::function))
    info->result = CU_GRAPH_EXEC_UPDATE_ERROR_FUNCTION_CHANGED;
  if (info->result != CU_GRAPH_EXEC_UPDATE_SUCCESS)
    return CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
  executable->nodes = graph->nodes;
  ++driver.graphUpdates;
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuGraphExecDestroy(CUgraphExec executable) {
  DRIVER_CALL();
  return driver.executables.destroy(executable) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUDA_EXPORT CUresult cuGraphDestroy(CUgraph graph) {
  DRIVER_CALL();
  return driver.graphs.destroy(graph) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUDA_ALIAS(cuStreamDestroy, cuStreamDestroy_v2, CUstream);
CUDA_ALIAS(cuEventDestroy, cuEventDestroy_v2, CUevent);
CUDA_ALIAS(cuGraphInstantiate, cuGraphInstantiate_v2, CUgraphExec *, CUgraph, CUgraphNode *, char *, size_t);
