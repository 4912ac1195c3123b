// Runs tasks that do nothing: they succeed when they start.
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "worker/executors/executor.h"

namespace rollcall::worker {
namespace {

class NoopExecutor final : public Executor {
 public:
  explicit NoopExecutor(const ExecutorContext& context)
      : loop_(context.loop), on_ended_(context.on_ended) {}

  Result<void> prepare(const Prepare&) override { return {}; }

  void start(Instant now, StartAttempts batch) override {
    const AttemptColumns& attempts = batch.attempts;
    if (ended_.size() == 0) boost::asio::post(loop_, on_ended_);
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      ended_.push_back(attempts.task[i], attempts.attempt[i], Outcome::succeeded, now,
                       Duration::zero(), Duration::zero());
    }
  }

  bool take_ended(Instant, OutcomeColumns& out) override {
    out.clear();
    std::swap(out, ended_);
    return out.size() > 0;
  }

  // Too late: each attempt has succeeded.
  void cancel(Instant, std::uint64_t) override {}
  void cancel_listed(Instant, const AttemptSet&) override {}
  void drop() override { ended_.clear(); }

  void list(HeldColumns& out) const override { out = {ended_.task, ended_.attempt}; }

 private:
  boost::asio::io_context& loop_;
  std::function<void()> on_ended_;
  OutcomeColumns ended_;  ///< not taken yet
};

}  // namespace

std::unique_ptr<Executor> make_noop_executor(const ExecutorContext& context) {
  return std::make_unique<NoopExecutor>(context);
}

}  // namespace rollcall::worker
