// Output that travels while its command runs, and what became of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/model/ids.h"
#include "common/model/output_stream.h"

namespace rollcall {

/// How much output a session may have sent that was not taken.
struct OutputWindow {
  std::uint64_t bytes = 0;   ///< cost of rows: their bytes, and limits::output_row_cost each
  std::uint64_t number = 0;  ///< grows with each change in the session and epoch; 0: none was set
  TaskId only_task{};
  Attempt only_attempt = 0;  ///< if it is not 0, only output of this attempt may be sent

  friend bool operator==(const OutputWindow&, const OutputWindow&) = default;
};

/// Parts of streams, as columns. The bytes of all rows follow each other in one text.
struct Output {
  std::vector<TaskId> task{};
  std::vector<Attempt> attempt{};
  std::vector<OutputStream> stream{};
  std::vector<std::uint64_t> offset{};  ///< bytes of the stream before these
  std::vector<std::uint32_t> size{};    ///< above 0
  std::string bytes{};

  std::size_t rows() const { return task.size(); }
};

/// How much of each stream was taken and is durable, as columns. Bytes from the first one.
struct OutputAck {
  std::vector<TaskId> task{};
  std::vector<Attempt> attempt{};
  std::vector<OutputStream> stream{};
  std::vector<std::uint64_t> taken{};    ///< not to be sent again in this epoch
  std::vector<std::uint64_t> durable{};  ///< at most `taken`, or kNotWanted
  OutputWindow window{};

  std::size_t rows() const { return task.size(); }
};

/// A part of an Inventory: streams of listed attempts of which a byte was ever sent, as columns.
struct ListedOutput {
  std::vector<std::uint32_t> row{};  ///< of the attempt in this part
  std::vector<OutputStream> stream{};
  std::vector<std::uint64_t> from{};  ///< bytes that are durable; or kNotWanted

  std::size_t rows() const { return row.size(); }
};

}  // namespace rollcall
