#include "common/cli/log.h"

#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "common/os/signals_blocked.h"

namespace rollcall {
namespace {

constexpr std::size_t kQueuedLines = 8'192;

std::shared_ptr<spdlog::details::thread_pool> log_thread;  // null: lines are written directly

LogFormat log_format = LogFormat::text;  ///< set before the first line

spdlog::level::level_enum level_of(Severity severity) {
  static constexpr std::array levels = {spdlog::level::debug, spdlog::level::info,
                                        spdlog::level::warn, spdlog::level::err};
  return levels.at(static_cast<std::size_t>(severity));
}

std::string pattern_of(const LogSettings& settings) {
  // %v is members_of(). A program's own name needs no escapes.
  if (settings.format == LogFormat::json) {
    return R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","program":"%n","pid":%P,%v)";
  }
  const bool is_watched =
      settings.file.empty() && (settings.to_terminal || ::isatty(STDERR_FILENO) != 0);
  return is_watched ? "%n: %l: %v" : "%Y-%m-%dT%H:%M:%S.%e%z %n[%P] %l: %v";
}

/// The message and the fields as the last members of a JSON object, and its end.
std::string members_of(const LogLine& line) {
  nlohmann::ordered_json object{{"message", line.message()}};
  for (const auto& [key, value] : line.fields()) {
    std::visit([&object, &name = key](const auto& v) { object[name] = v; }, value);
  }
  constexpr auto kReplace = nlohmann::ordered_json::error_handler_t::replace;  // malformed UTF-8
  return object.dump(-1, ' ', /*ensure_ascii=*/false, kReplace).substr(1);
}

/// Replaces the logger of the process by one with the same settings.
void replace_by(const std::shared_ptr<spdlog::logger>& logger) {
  logger->set_level(spdlog::default_logger()->level());
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(logger);
}

}  // namespace

Result<void> start_log(const std::string& program, const LogSettings& settings) {
  // spdlog would create the directories of a mistyped path.
  const std::string& file = settings.file;
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
    log_format = settings.format;
    logger->set_pattern(pattern_of(settings));
    logger->set_level(spdlog::level::from_str(settings.level));
    logger->flush_on(spdlog::level::debug);
    spdlog::set_default_logger(std::move(logger));
    return {};
  } catch (const spdlog::spdlog_ex& error) {
    return permanent("cannot open the log file: " + std::string(error.what()));
  }
}

bool is_logged(Severity severity) {
  return spdlog::should_log(level_of(severity));
}

void write_log(Severity severity, const LogLine& line) {
  if (!is_logged(severity)) return;
  spdlog::log(level_of(severity), "{}",
              log_format == LogFormat::json ? members_of(line) : line.text());
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
