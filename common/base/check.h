// CHECK aborts the program after a programming error, in release builds too.
//
// Use it for conditions that are false only because of a bug in Rollcall. Bad input, lost peers and
// full disks are errors of a Result<T> (result.h).
#pragma once

namespace rollcall {

/// Prints "FILE:LINE: check failed: CONDITION" to standard error and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace rollcall

#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::rollcall::check_failed(#condition, __FILE__, __LINE__))
