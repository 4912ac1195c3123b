// JSON documents with the keys of a run: access files, keys directories, keys files of journals.
#pragma once

#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

namespace rollcall {

/// Checks that `document` is an object with this "schema", with a string under each of `strings`
/// and, unless `number` is empty, a 32-bit number under `number`, and with no other member.
/// Returns an empty string, or the error.
[[nodiscard]] std::string document_error(const nlohmann::json& document, std::string_view schema,
                                         std::span<const char* const> strings,
                                         std::string_view number = {});

/// Starts with tcp:// or ipc://.
[[nodiscard]] bool is_endpoint(std::string_view text);

/// Whether each is a CURVE key: 40 characters of Z85.
[[nodiscard]] bool are_curve_keys(std::initializer_list<std::string_view> keys);

/// Whether all are empty (no CURVE).
[[nodiscard]] bool are_empty(std::initializer_list<std::string_view> keys);

}  // namespace rollcall
