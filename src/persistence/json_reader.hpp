// SPDX-License-Identifier: Apache-2.0
// JSON text (RFC 8259) in two steps: first the whole of it is checked, then a cursor walks over it and hands out its pieces as
// they stand there, because what this version does not know must be written again byte for byte.
#pragma once

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>

namespace relume::core {

/// How deep a document nests at most: a JSON record may have 1,024 levels, and the document puts some around it.
inline constexpr std::size_t kMaxJsonDepth = 1032;

/// Whether the text is one JSON value in UTF-8, as a whole; if not, `why` says so in words.
bool check_json(std::string_view text, std::string& why);

bool valid_utf8(std::string_view text);

/// What a JSON string says; `raw` is the string in its quotes, from a text that was checked.
std::string unescape(std::string_view raw);

/// Walks over JSON that was checked. On any other text it stays inside it and ends, but what it hands out means nothing.
class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  /// Goes into the object or array that comes next; false, and stays, when something else comes.
  bool enter(char open);
  /// Goes to the value of the next member; `key` is raw, without its quotes. False at the end of the object.
  bool member(std::string_view& key);
  /// Goes to the next element; false at the end of the array.
  bool element();
  /// Skips a value and hands it out, without white space around it.
  std::string_view value();

 private:
  bool next();
  void skip_space();
  void skip_string();

  const char* at_;
  const char* end_;
};

/// A whole token as a number of that type; false when it is something else, has a fraction or is out of its range.
template <class T>
bool parse_number(std::string_view raw, T& out) {
  const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), out);
  return error == std::errc() && end == raw.data() + raw.size();
}

}  // namespace relume::core
