"""The inference systems that peers.py times.

To add a system, add a subclass of System to SYSTEMS.
"""
import importlib.util
import os
import subprocess


class System:
    compiled = False                # True if there is a compile() step; it runs once, for all thread counts
    unsupported = ()                # substrings of model names that this system has no way to take

    def compile(self, model, artifact):
        """Write to `artifact`, a path prefix, what load() needs."""

    def load(self, model, artifact, inputs, threads):
        """Prepare for run() on these inputs."""

    def run(self):
        """Execute once and return the outputs in graph order, as arrays or what to_numpy() turns into arrays."""


class OnnxRuntime(System):
    def load(self, model, artifact, inputs, threads):
        import onnxruntime as ort
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        self.session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.inputs, self.binding = inputs, self.session.io_binding()
        for name, value in inputs.items():
            self.binding.bind_cpu_input(name, value)
        for output in self.session.get_outputs():
            self.binding.bind_output(output.name, "cpu")

    def run(self):
        self.session.run_with_iobinding(self.binding)
        return self.binding.get_outputs()


class OpenVino(System):
    precision = "f32"               # on AMX machines OpenVINO would otherwise compute in bf16

    def load(self, model, artifact, inputs, threads):
        import openvino as ov
        core = ov.Core()
        config = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1,
                  "INFERENCE_PRECISION_HINT": self.precision}
        self.model = core.compile_model(core.read_model(model), "CPU", config)
        self.request = self.model.create_infer_request()
        for name, value in inputs.items():
            self.request.set_tensor(name, ov.Tensor(value, shared_memory=True))

    def run(self):
        self.request.infer()
        return [t.data for t in self.request.output_tensors]


class OpenVinoBf16(OpenVino):
    precision = "bf16"


class Inductor(System):
    """torch.export + AOTInductor with frozen (pre-packed) weights."""
    compiled = True
    unsupported = ("int8",)

    def compile(self, model, artifact):
        import torch
        program = torch.export.load(model.with_suffix(".pt2"))
        with torch.no_grad():
            torch._inductor.aoti_compile_and_package(program, package_path=str(artifact) + ".pt2",
                                                     inductor_configs={"freezing": True, "cpp.dynamic_threads": True})

    def load(self, model, artifact, inputs, threads):
        import torch
        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        self.function = torch._inductor.aoti_load_package(str(artifact) + ".pt2")
        self.inputs = [torch.from_numpy(x) for x in inputs.values()]

    def run(self):
        import torch
        return torch.utils._pytree.tree_leaves(self.function(*self.inputs))


class Iree(System):
    compiled = True
    options = ("--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=llvm-cpu",
               "--iree-llvmcpu-target-cpu=host")

    def compile(self, model, artifact):
        mlir = f"{artifact}.mlir"
        subprocess.run(["iree-import-onnx", model, "-o", mlir], check=True)
        subprocess.run(["iree-compile", mlir, *self.options, "-o", f"{artifact}.vmfb"], check=True)
        os.remove(mlir)

    def load(self, model, artifact, inputs, threads):
        from iree import runtime as rt
        rt.flags.parse_flags(f"--task_topology_group_count={threads}")
        config = rt.Config("local-task")
        module = rt.load_vm_module(rt.VmModule.mmap(config.vm_instance, f"{artifact}.vmfb"), config)
        names = [n for n in module.vm_module.function_names if not n.startswith("__") and not n.endswith("$async")]
        self.function = module[names[0]]
        self.inputs = [rt.asdevicearray(config.device, x) for x in inputs.values()]

    def run(self):
        outputs = self.function(*self.inputs)
        return outputs if isinstance(outputs, tuple) else (outputs,)


class IreeO3(Iree):
    """Faster on some convolutions; fails on transformers (stack allocation limit)."""
    options = (*Iree.options, "--iree-opt-level=O3", "--iree-opt-data-tiling")


class Quern(System):
    compiled = True

    def compile(self, model, artifact):
        import quern
        quern.compile(model, target="native").save(f"{artifact}.so")

    def load(self, model, artifact, inputs, threads):
        import quern
        self.function, self.inputs = quern.load(f"{artifact}.so", threads=threads), inputs

    def run(self):
        return self.function.run(None, self.inputs)


class QuernArtifact(System):
    """MODEL.so beside the model, compiled for this machine on another one (board.py)."""

    def load(self, model, artifact, inputs, threads):
        from artifact import Artifact
        self.model = Artifact(f"{os.path.splitext(model)[0]}.so", threads)
        self.model.bind(inputs)

    def run(self):
        return self.model.run()


SYSTEMS = {"ort": OnnxRuntime, "openvino": OpenVino, "openvino-bf16": OpenVinoBf16, "inductor": Inductor, "iree": Iree,
           "iree-o3": IreeO3, "artifact": QuernArtifact}
if importlib.util.find_spec("quern"):
    SYSTEMS["quern"] = Quern
