#include "worker/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <memory>
#include <utility>

namespace rollcall::worker {

Result<void> open_log(const std::string& level, const std::string& file) {
  std::shared_ptr<spdlog::sinks::sink> sink;
  try {
    if (file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_st>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_st>(file);
    }
  } catch (const spdlog::spdlog_ex& error) {
    return permanent("cannot open the log file: " + std::string(error.what()));
  }
  auto logger = std::make_shared<spdlog::logger>("rollcall-worker", std::move(sink));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %n[%P] %l: %v");
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
  return {};
}

void write_log(Severity severity, std::string_view text) {
  static constexpr std::array levels = {spdlog::level::debug, spdlog::level::info,
                                        spdlog::level::warn, spdlog::level::err};
  spdlog::log(levels.at(static_cast<std::size_t>(severity)), "{}", text);
}

}  // namespace rollcall::worker
