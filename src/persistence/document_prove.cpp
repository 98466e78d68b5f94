// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <string>
#include <utility>

#include "persistence/document_codec.hpp"
#include "persistence/document_format.hpp"
#include "platform/hex.hpp"

namespace relume::core {

using namespace document;

namespace {

constexpr std::uint64_t kMaxRevision = std::uint64_t{1} << 53U;

template <class T>
bool parse_hex(std::string_view raw, T& out) {
  std::array<std::uint8_t, sizeof(T)> bytes{};
  if (!platform::from_hex(plain(raw), bytes.data(), bytes.size())) return false;
  out = 0;
  for (const std::uint8_t byte : bytes) out = static_cast<T>(out << 8U | byte);
  return true;
}

}  // namespace

Fault document::read_header(std::string_view raw, DocumentHeader& out, std::string& extra) {
  Members<kHeaderMembers.size()> m;
  const std::string where = "relume";
  if (Fault fault = split(raw, kHeaderMembers, kHeaderOptional, where, m)) return fault;
  const auto wrong = [&](HeaderMember i) {
    return broken(where, fmt::format("\"{}\" cannot be {}", kHeaderMembers[i], shown(m[i])));
  };
  if (!parse_number(m[kFormatNumber], out.format) || out.format == 0) return wrong(kFormatNumber);
  if (!platform::from_hex(plain(m[kShowId]), out.show_id.data(), out.show_id.size())) return wrong(kShowId);
  if (!parse_hex(m[kHistory], out.head.history)) return wrong(kHistory);
  if (!parse_number(m[kRevision], out.head.revision) || out.head.revision >= kMaxRevision) return wrong(kRevision);
  if (!parse_number(m[kEpoch], out.head.epoch)) return wrong(kEpoch);
  if (!parse_number(m[kAcceptedNs], out.head.accepted_ns)) return wrong(kAcceptedNs);
  if (!parse_number(m[kSavedNs], out.saved_ns)) return wrong(kSavedNs);
  out.head.document_wanted = out.head.revision;
  out.by_hand = plain(m[kChecksum]) == "none";
  extra = std::move(m.extra);
  return {};
}

namespace {

/// What the file begins with, as far as it is as we write it.
struct Beginning {
  std::uint32_t format = 0;
  std::uint32_t minor = 0;
  std::uint64_t length = 0;
  std::uint32_t checksum = 0;
  std::size_t checksum_at = 0;
};

bool read_beginning(std::string_view bytes, Beginning& out) {
  std::size_t at = 0;
  const auto text = [&](std::string_view expected) {
    if (bytes.substr(at, expected.size()) != expected) return false;
    at += expected.size();
    return true;
  };
  const auto number = [&](auto& value) {
    while (at < bytes.size() && bytes[at] == ' ') ++at;
    const char* const begin = bytes.data() + at;
    const auto [end, error] = std::from_chars(begin, bytes.data() + bytes.size(), value);
    at += static_cast<std::size_t>(end - begin);
    return error == std::errc();
  };
  if (!text(kBegin) || !number(out.format) || !text(kThenMinor) || !number(out.minor) || !text(kThenLength) ||
      !number(out.length) || !text(kThenChecksum)) {
    return false;
  }
  out.checksum_at = at;
  // In its quotes, the way parse_hex likes it.
  return bytes.size() > at + kNoChecksum.size() &&
         parse_hex(bytes.substr(at - 1, kNoChecksum.size() + 2), out.checksum);
}

/// The raw header, empty when there is none.
std::string_view header_of(std::string_view bytes) {
  JsonCursor cursor(bytes);
  if (!cursor.enter('{')) return {};
  for (std::string_view key; cursor.member(key);) {
    const std::string_view value = cursor.value();
    if (key == kTopMembers[kHeader]) return value;
  }
  return {};
}

DocumentVerdict newer(std::uint32_t format, DocumentHeader& out, std::string& reason) {
  out.format = format;
  reason = fmt::format("its format is {}, this version of relume reads {}; use a newer one", format, kFormat);
  return DocumentVerdict::newer_format;
}

/// A document that is not as it was written, or not by us: taken when its JSON is whole and somebody says that he did it. What
/// a newer format proves itself by is not known here: its number is enough to leave it alone.
DocumentVerdict prove_changed(std::string_view bytes, const std::string& damage, DocumentHeader& out,
                              std::string& reason) {
  std::string why;
  if (!check_json(bytes, why)) {
    reason = fmt::format("{}; nor is it JSON ({}), `python3 -m json.tool` says where", damage, why);
    return DocumentVerdict::damaged;
  }
  const std::string_view header = header_of(bytes);
  Members<kHeaderMembers.size()> m;
  if (const Fault fault = split(header, kHeaderMembers, kHeaderMembers.size(), "relume", m)) {
    reason = fmt::format("it is JSON, but no show document: {}", fault.message);
    return DocumentVerdict::damaged;
  }
  const bool by_hand = plain(m[kChecksum]) == "none";
  std::uint32_t format = 0;
  const bool has_format = parse_number(m[kFormatNumber], format);
  if (has_format && format > kFormat) return newer(format, out, reason);
  if (!by_hand) {
    reason = fmt::format("{}; if it was changed by hand, set \"checksum\": \"none\" in its first lines", damage);
    return DocumentVerdict::damaged;
  }
  std::string extra;
  const Fault fault = read_header(header, out, extra);
  reason = fault.message;
  return fault ? DocumentVerdict::damaged : DocumentVerdict::ok;
}

}  // namespace

DocumentVerdict prove_document(std::string_view bytes, DocumentHeader& out, std::string& reason) {
  out = {};
  reason.clear();
  if (bytes.empty()) {
    reason = "the file is empty";
    return DocumentVerdict::damaged;
  }
  Beginning begin;
  if (!read_beginning(bytes, begin)) {
    return prove_changed(bytes, "it does not begin like a show document", out, reason);
  }
  if (begin.length != bytes.size()) {
    const std::string damage = fmt::format("it has {} bytes, and should have {}", bytes.size(), begin.length);
    return prove_changed(bytes, damage, out, reason);
  }
  if (const std::uint32_t found = checksum(bytes, begin.checksum_at); found != begin.checksum) {
    const std::string damage = fmt::format("its checksum is {:08x}, and should be {:08x}", found, begin.checksum);
    return prove_changed(bytes, damage, out, reason);
  }
  if (begin.format > kFormat) return newer(begin.format, out, reason);
  const std::string_view header = header_of(bytes);
  std::string extra;
  if (!check_json(header, reason)) return DocumentVerdict::damaged;
  const Fault fault = read_header(header, out, extra);
  reason = fault.message;
  return fault ? DocumentVerdict::damaged : DocumentVerdict::ok;
}

}  // namespace relume::core
