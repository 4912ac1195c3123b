// CHECK: a programmer's error ends the program, in release builds too.
//
// For what can only be false when Rollcall itself is wrong. Bad input, lost peers and full disks
// are values of Result<T> (result.h), never a CHECK.
#pragma once

namespace rollcall {

/// Prints "FILE:LINE: check failed: CONDITION" on standard error and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace rollcall

#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::rollcall::check_failed(#condition, __FILE__, __LINE__))
