// SPDX-License-Identifier: Apache-2.0
#include "persistence/json_reader.hpp"

#include <simdjson.h>

#include <new>

namespace relume::core {
namespace {

constexpr std::string_view kAfterScalar = ",]} \t\r\n";

simdjson::error_code parse(simdjson::dom::parser& parser, std::string_view text, simdjson::dom::element& out) {
  simdjson::error_code error = parser.allocate(text.size(), kMaxJsonDepth);
  if (error == simdjson::SUCCESS) error = parser.parse(text.data(), text.size()).get(out);
  // No memory says nothing about the text.
  if (error == simdjson::MEMALLOC) throw std::bad_alloc();
  return error;
}

}  // namespace

bool check_json(std::string_view text, std::string& why) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const simdjson::error_code error = parse(parser, text, root);
  if (error != simdjson::SUCCESS) why = simdjson::error_message(error);
  return error == simdjson::SUCCESS;
}

bool valid_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

std::string unescape(std::string_view raw) {
  const std::string_view inner = raw.size() < 2 ? std::string_view() : raw.substr(1, raw.size() - 2);
  if (inner.find('\\') == std::string_view::npos) return std::string(inner);
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::string_view text;
  if (parse(parser, raw, root) != simdjson::SUCCESS || root.get(text) != simdjson::SUCCESS) return {};
  return std::string(text);
}

bool JsonCursor::enter(char open) {
  skip_space();
  if (at_ == end_ || *at_ != open) return false;
  ++at_;
  return true;
}

bool JsonCursor::member(std::string_view& key) {
  if (!next() || *at_ != '"') return false;
  const char* const begin = at_ + 1;
  skip_string();
  if (at_ - begin < 1) return false;
  key = {begin, static_cast<std::size_t>(at_ - begin - 1)};
  return enter(':');
}

bool JsonCursor::element() { return next(); }

bool JsonCursor::next() {
  skip_space();
  if (at_ != end_ && *at_ == ',') {
    ++at_;
    skip_space();
  }
  if (at_ == end_) return false;
  if (*at_ != '}' && *at_ != ']') return true;
  ++at_;
  return false;
}

std::string_view JsonCursor::value() {
  skip_space();
  const char* const begin = at_;
  std::size_t depth = 0;
  do {
    if (at_ == end_) break;
    if (*at_ == '"') {
      skip_string();
    } else if (*at_ == '{' || *at_ == '[') {
      ++depth;
      ++at_;
    } else if (*at_ == '}' || *at_ == ']') {
      if (depth == 0) break;
      --depth;
      ++at_;
    } else if (depth > 0) {
      ++at_;
    } else {
      while (at_ != end_ && kAfterScalar.find(*at_) == std::string_view::npos) ++at_;
      break;
    }
  } while (depth > 0);
  return {begin, static_cast<std::size_t>(at_ - begin)};
}

void JsonCursor::skip_space() {
  while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
}

void JsonCursor::skip_string() {
  for (++at_; at_ != end_ && *at_ != '"'; ++at_) {
    if (*at_ == '\\' && at_ + 1 != end_) ++at_;
  }
  if (at_ != end_) ++at_;
}

}  // namespace relume::core
