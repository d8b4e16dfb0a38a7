// What bytes are told apart by: BLAKE3, which hashes several gigabytes a second.
#pragma once
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

namespace quern {

/// BLAKE3 of the bytes of contiguous buffers, one after the other, as 64 hexadecimal digits. Runs without the
/// interpreter's lock.
std::string digest(nanobind::args buffers);

} // namespace quern
