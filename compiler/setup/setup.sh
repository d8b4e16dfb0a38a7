#!/usr/bin/env bash
# Makes this machine ready to build and test Quern; costs nothing when it already is.
#
#   compiler/setup/setup.sh GROUP...      GROUP: check, ecosystem, quickstart, bench, bench-nodeps
#
# Installs the Debian packages of packages.txt (as root, or through sudo), makes the Python environment .venv, adds the
# Python packages of each GROUP, and configures build/.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=compiler/setup
venv=.venv

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

missing_packages() {
  local wanted
  wanted=$(grep -v '^#' $here/packages.txt)
  # A Python of one's own brings venv and headers along; the distribution's has them in packages.
  if ! python3 -c 'import ensurepip, os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null; then
    wanted+=$'\npython3-venv\npython3-dev'
  fi
  comm -23 <(sort <<<"$wanted") <(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' | sed -n 's/^ii *//p' | sort)
}

install_packages() {
  command -v apt-get >/dev/null || die "no apt-get: install LLVM, MLIR, clang and lld 19 and what $here/packages.txt names by hand"
  local missing
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
    die "neither root nor sudo here; have an administrator run: apt-get install --no-install-recommends" $missing
  say "installing" $missing
  as_root apt-get update || say "apt-get update failed in part; going on with what there is"
  apt-cache show clang-19 libmlir-19-dev >/dev/null 2>&1 ||
    die "no clang-19 or libmlir-19-dev in this machine's package sources: use Debian 12 or later, or add https://apt.llvm.org"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
}

# A group is installed when the stamp holds its very file.
install_python() {
  local group=$1 list=$here/$1.txt flags=()
  case $group in
    quickstart) flags=(--no-deps) ;;
    bench) list=bench/requirements.txt ;;
    bench-nodeps) list=bench/requirements-nodeps.txt flags=(--no-deps) ;;
  esac
  cmp -s "$list" "$venv/$group.installed" && return 0
  if [ ! -x $venv/bin/python ]; then
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || die "python3 is older than 3.10"
    say "making $venv"
    python3 -m venv $venv
  fi
  say "installing the Python packages of $list"
  $venv/bin/python -m pip install --disable-pip-version-check --progress-bar off "${flags[@]}" -r "$list"
  cp "$list" "$venv/$group.installed"
}

configure() {
  [ -f build/build.ninja ] && return 0
  say "configuring build/"
  cmake -G Ninja -B build -DCMAKE_C_COMPILER=clang-19 -DCMAKE_CXX_COMPILER=clang++-19 \
    -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
    -DPython_EXECUTABLE="$PWD/$venv/bin/python" -DPython3_EXECUTABLE="$PWD/$venv/bin/python"
}

install_packages
for group in "$@"; do install_python "$group"; done
configure
