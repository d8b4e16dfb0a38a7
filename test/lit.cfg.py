"""lit's view of test/: IR and command-line cases. The tools come from the PATH: ours from build/bin, FileCheck,
split-file, not, llvm-readelf and llvm-objdump from LLVM's own folder."""
import os
import sys

import lit.formats

config.name = "quern"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.join(config.source_root, "test")
config.test_exec_root = os.path.join(config.build_root, "test")

tools = [os.path.join(config.build_root, "bin"), config.llvm_tools]
config.environment["PATH"] = os.pathsep.join(tools + [config.environment["PATH"]])
config.environment["PYTHONPATH"] = os.path.join(config.build_root, "python")
config.environment["XDG_CACHE_HOME"] = os.path.join(config.test_exec_root, "cache")

config.substitutions += [
    ("%python", sys.executable),
    ("%source", config.source_root),
    ("%include", os.path.join(config.source_root, "runtime", "include")),
]
