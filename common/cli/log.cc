#include "common/cli/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <memory>

namespace rollcall {

Result<void> start_log(const std::string& program, const std::string& level,
                       const std::string& file) {
  // spdlog would create the directories of a mistyped path.
  const std::filesystem::path directory = std::filesystem::path(file).parent_path();
  if (std::error_code none; !directory.empty() && !std::filesystem::is_directory(directory, none)) {
    return permanent("cannot open the log file " + file +
                     ": no such directory: " + directory.string());
  }
  try {
    std::shared_ptr<spdlog::sinks::sink> sink;
    if (file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_st>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_st>(file);
    }
    auto logger = std::make_shared<spdlog::logger>(program, std::move(sink));
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %n[%P] %l: %v");
    logger->set_level(spdlog::level::from_str(level));
    logger->flush_on(spdlog::level::debug);
    spdlog::set_default_logger(std::move(logger));
    return {};
  } catch (const spdlog::spdlog_ex& error) {
    return permanent("cannot open the log file: " + std::string(error.what()));
  }
}

}  // namespace rollcall
