// Blocks signals temporarily.
#pragma once

#include <pthread.h>

#include <csignal>

namespace rollcall::os {

/// Blocks all signals for this thread and the threads it starts, until destroyed; pending signals
/// are delivered then. For ZeroMQ calls that fail with EINTR and cannot simply be repeated.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace rollcall::os
