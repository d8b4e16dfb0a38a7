# The two commands:
#   make quickstart   compile three real models, read text off an image with them, compare with ONNX Runtime
#   make check        build everything and run every test
# and for work on Quern:
#   make build        what the others start with
#   make tiny         one small model through every phase, in seconds
#   make check-math   the math functions of f32 on all 2^32 inputs, an hour
#   make check-arm    every operator, the ONNX suite and all models of bench/ on an emulated Arm machine, an hour and a half
#                     on two cores; its parts are check-arm-operators, check-arm-onnx and check-arm-models
#   make report-arm   the hot loops for Arm by LLVM's models of its cores, and instructions per inference: out/arm.md, an hour
#   make board        an archive that times the models of bench/ on an Arm board: out/quern-board.tar.gz
#   make check-large  models of more than 2 and 4 GB, compiled and run here and on an emulated Arm machine; needs 8 GB of disk
#   make report-nvptx what ptxas says of the kernels for NVIDIA's devices: out/nvptx-sm_80.md, out/nvptx-sm_90a.md
#   make wheel        a wheel that needs no LLVM where it is installed: out/wheels, ten minutes the first time
#   make check-wheel  the same, installed and used where no LLVM is seen
#   make bench        the models of bench/ beside ONNX Runtime
# Each installs what it needs first; a second run finds it in place.

PYTHON := .venv/bin/python
SETUP := compiler/setup/setup.sh
# The precompiled header carries time stamps that ccache would otherwise refuse.
export CCACHE_SLOPPINESS := pch_defines,time_macros
export PYTHONPATH := $(CURDIR)/build/python$(if $(PYTHONPATH),:$(PYTHONPATH))

.PHONY: zoo zoo-dynamic real quickstart check build tiny check-math check-arm check-arm-operators check-arm-onnx check-arm-models \
  report-arm report-nvptx board check-large wheel check-wheel bench
.DEFAULT_GOAL := build

build:
	@$(SETUP) check
	cmake --build build

quickstart: build
	@$(SETUP) quickstart
	@$(PYTHON) bench/quickstart.py

check: build
	@$(SETUP) ecosystem
	@$(PYTHON) test/run.py

tiny: build
	@$(PYTHON) test/tiny.py

check-math: build
	@cmake --build build --target check-math

zoo: build
	@$(SETUP) bench bench-nodeps
	@$(PYTHON) bench/zoo.py --out out/models --missing

zoo-dynamic: zoo
	@$(PYTHON) bench/zoo.py --out out/dynamic --missing --dynamic

real: build
	@$(SETUP) quickstart bench-nodeps
	@$(PYTHON) bench/real.py --out out/real

check-arm: check-arm-operators check-arm-onnx check-arm-models

check-arm-operators: build
	@$(PYTHON) -m pytest -q -n auto --machine aarch64 test/e2e
	@$(PYTHON) -m pytest -q -n auto test/codegen/test_aarch64.py

check-arm-onnx: build
	@$(PYTHON) -m pytest -q -n auto --machine aarch64 test/onnx

check-arm-models: zoo zoo-dynamic real
	@$(PYTHON) -m pytest -q -s test/large/models.py --machine aarch64 --models out/real out/models out/dynamic

report-arm: zoo
	@$(PYTHON) bench/report_arm.py --models out/models --page out/arm.md
	@$(PYTHON) bench/arm_instructions.py --models out/models --keep out/arm-instructions.json --page out/arm.md

board: zoo
	@$(PYTHON) bench/board.py pack --models out/models --out out/quern-board.tar.gz

report-nvptx: zoo
	@for target in sm_80 sm_90a; do $(PYTHON) bench/report_nvptx.py --models out/models --target $$target --page out/nvptx-$$target.md || exit 1; done

check-large: build
	@$(PYTHON) -m pytest -q -s test/large/large.py

wheel:
	@$(SETUP) check
	@$(PYTHON) -m pip wheel --disable-pip-version-check --no-deps --wheel-dir out/wheels -C build-dir=out/wheel-build \
	  -C cmake.define.CMAKE_C_COMPILER_LAUNCHER=ccache -C cmake.define.CMAKE_CXX_COMPILER_LAUNCHER=ccache .
	@ls -l out/wheels/*.whl | awk '{printf "%s: %.1f MB\n", $$NF, $$5 / 1e6}'

check-wheel:
	@$(SETUP) check
	@$(PYTHON) -m pytest -q -s test/large/wheel.py

bench: zoo
	@$(PYTHON) bench/peers.py --models out/models --systems ort,quern --json out/peers.json
