// Result<T>: a value, or an operating error. The kind of the error determines how to handle it.
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <utility>

namespace rollcall {

/// How to handle an error.
enum class ErrorKind {
  retryable,  ///< the same call may succeed later: a peer that has not started yet
  permanent,  ///< a retry fails too: a file that cannot be opened
  protocol,   ///< the peer violated the protocol
};

/// An operating error: its kind, and one line for the user.
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
