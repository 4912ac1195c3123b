// Linked into every test program: gives it a temporary directory of its own, and fails if something
// is left there at the end.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace rollcall {
namespace {

namespace fs = std::filesystem;

class TemporaryDirectory final : public testing::Environment {
 public:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "rollcall-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr) << name;
    directory_ = name;
    ::setenv("TMPDIR", name.c_str(), 1);
    ::setenv("TEST_TMPDIR", (name + "/").c_str(), 1);  // for testing::TempDir()
    ::setenv("XDG_RUNTIME_DIR", name.c_str(), 1);      // for control sockets
  }
  void TearDown() override {
    std::error_code error;
    fs::remove(directory_ / "rollcall", error);  // of the control sockets; must be empty
    for (const auto& entry : fs::directory_iterator(directory_, error)) {
      ADD_FAILURE() << "left in the temporary directory: " << entry.path();
    }
    fs::remove_all(directory_, error);
  }

 private:
  fs::path directory_;
};

[[maybe_unused]] const testing::Environment* const kTemporaryDirectory =
    testing::AddGlobalTestEnvironment(new TemporaryDirectory);

}  // namespace
}  // namespace rollcall
