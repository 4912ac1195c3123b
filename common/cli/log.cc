#include "common/cli/log.h"

#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "common/os/signals_blocked.h"

namespace rollcall {
namespace {

constexpr std::size_t kQueuedLines = 8'192;

std::shared_ptr<spdlog::details::thread_pool> log_thread;  // null: lines are written directly

/// Replaces the logger of the process by one with the same settings.
void replace_by(const std::shared_ptr<spdlog::logger>& logger) {
  logger->set_level(spdlog::default_logger()->level());
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(logger);
}

}  // namespace

Result<void> start_log(const std::string& program, const std::string& level,
                       const std::string& file, bool to_terminal) {
  // spdlog would create the directories of a mistyped path.
  const std::filesystem::path directory = std::filesystem::path(file).parent_path();
  if (std::error_code none; !directory.empty() && !std::filesystem::is_directory(directory, none)) {
    return permanent("cannot open the log file " + file +
                     ": no such directory: " + directory.string());
  }
  try {
    std::shared_ptr<spdlog::sinks::sink> sink;
    if (file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
    }
    auto logger = std::make_shared<spdlog::logger>(program, std::move(sink));
    const bool is_watched = file.empty() && (to_terminal || ::isatty(STDERR_FILENO) != 0);
    logger->set_pattern(is_watched ? "%n[%P] %l: %v" : "%Y-%m-%dT%H:%M:%S.%e%z %n[%P] %l: %v");
    logger->set_level(spdlog::level::from_str(level));
    logger->flush_on(spdlog::level::debug);
    spdlog::set_default_logger(std::move(logger));
    return {};
  } catch (const spdlog::spdlog_ex& error) {
    return permanent("cannot open the log file: " + std::string(error.what()));
  }
}

void log_on_a_thread() {
  const os::SignalsBlocked blocked;  // signals are not for that thread
  log_thread = std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1);
  const auto logger = spdlog::default_logger();
  replace_by(std::make_shared<spdlog::async_logger>(logger->name(), logger->sinks().front(),
                                                    log_thread,
                                                    spdlog::async_overflow_policy::overrun_oldest));
}

void log_directly() {
  if (log_thread == nullptr) return;
  const auto logger = spdlog::default_logger();
  replace_by(std::make_shared<spdlog::logger>(logger->name(), logger->sinks().front()));
  log_thread.reset();  // writes what is queued
}

}  // namespace rollcall
