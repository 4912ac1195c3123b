// Result<T>: a value, or an operating error whose kind says what to do about it.
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <utility>

namespace rollcall {

/// What to do about an error.
enum class ErrorKind {
  retryable,  ///< the same call may succeed later: a peer that is not there yet
  permanent,  ///< trying again changes nothing: a file that cannot be opened
  protocol,   ///< the peer sent what it must not send
};

/// An operating error: its kind, and one line that a user understands.
struct Error {
  ErrorKind kind = ErrorKind::permanent;
  std::string message;
};

/// Thrown by Result::value() on an error. Only main() catches it.
[[noreturn]] inline void throw_exception_from_error(const Error& error,
                                                    const boost::source_location& location) {
  boost::throw_with_location(std::runtime_error(error.message), location);
}

template <class T>
using Result = boost::system::result<T, Error>;

inline Error permanent(std::string message) {
  return {ErrorKind::permanent, std::move(message)};
}
inline Error retryable(std::string message) {
  return {ErrorKind::retryable, std::move(message)};
}
inline Error protocol_error(std::string message) {
  return {ErrorKind::protocol, std::move(message)};
}

}  // namespace rollcall
