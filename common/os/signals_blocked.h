// Signals held back for a while.
#pragma once

#include <pthread.h>

#include <csignal>

namespace rollcall::os {

/// Blocks every signal for this thread, and for those it starts, while it lives; what came
/// meanwhile is delivered afterwards. For calls of ZeroMQ that fail with EINTR and cannot simply be
/// repeated.
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
