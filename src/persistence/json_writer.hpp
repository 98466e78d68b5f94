// SPDX-License-Identifier: Apache-2.0
// Pieces of JSON text, appended to a string.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include "persistence/json_reader.hpp"

namespace relume::core {

/// The shortest text that reads back as the same number. Not for NaN and infinity, which JSON does not have.
template <class T>
void append_number(std::string& out, T value) {
  constexpr std::size_t room = 32;
  const std::size_t before = out.size();
  out.resize(before + room);
  char* const begin = out.data() + before;
  out.resize(before + static_cast<std::size_t>(std::to_chars(begin, begin + room, value).ptr - begin));
}

inline void append_bool(std::string& out, bool value) { out += value ? "true" : "false"; }

/// A string in its quotes. One that is no UTF-8 is taken for Latin-1: a label may come from a host that does not know better,
/// and must not cost the whole document.
inline void append_string(std::string& out, std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  const bool whole = valid_utf8(text);
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || (byte > 0x7f && !whole)) {
      out += "\\u00";
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
    } else {
      out += c;
    }
  }
  out += '"';
}

/// The inside of an object or array with every item on a line of its own.
class JsonLines {
 public:
  JsonLines(std::string& out, char open, unsigned indent) : out_(out), indent_(indent), open_(open) { out_ += open; }
  /// Goes on with an object that has members already.
  JsonLines(std::string& out, unsigned indent) : out_(out), indent_(indent), open_('{'), empty_(false) {}
  void item() {
    out_.append(kLine, empty_ ? 1 : 0, (empty_ ? 1 : 2) + indent_ + 2);
    empty_ = false;
  }
  void member(std::string_view key) {
    item();
    out_.append("\"").append(key).append("\": ");
  }
  void close() {
    if (!empty_) {
      out_ += '\n';
      out_.append(indent_, ' ');
    }
    out_ += open_ == '{' ? '}' : ']';
  }

 private:
  static constexpr std::string_view kLine = ",\n                ";
  std::string& out_;
  unsigned indent_;
  char open_;
  bool empty_ = true;
};

}  // namespace relume::core
