#include "coordinator/commands/keys.h"

#include <cstdio>
#include <filesystem>

#include "coordinator/access/run_keys.h"

namespace rollcall::coordinator {

int make_keys(const KeysOptions& options) {
  const std::filesystem::path directory = options.directory;
  if (auto written = write_run_keys(directory, make_run_keys(options.endpoint)); !written) {
    std::fprintf(stderr, "rollcall keys: %s\n", written.error().message.c_str());
    return cli::kUsageStatus;
  }
  std::printf("%s  for the coordinator: rollcall sleep --keys %s\n",
              (directory / kCoordinatorKeysFile).c_str(), directory.c_str());
  std::printf("%s  for its workers: rollcall-worker --access-file %s\n",
              (directory / kWorkersAccessFile).c_str(), (directory / kWorkersAccessFile).c_str());
  return std::fflush(stdout) == 0 ? 0 : 6;
}

}  // namespace rollcall::coordinator
