// SPDX-License-Identifier: Apache-2.0
// The black box as a file (relume/black_box.h).
#include <fcntl.h>
#include <fmt/format.h>
#include <xxhash.h>

#include <array>
#include <cstddef>
#include <cstring>

#include "coordinator/show.hpp"

namespace relume::core {
namespace {

std::string file_of(const BlackBox::Copy& copy, std::uint32_t slots, const std::array<std::uint8_t, 16>& show_id) {
  black_box::FileHead head;
  head.slots = slots;
  head.position = copy.position;
  head.words = copy.words.size();
  std::memcpy(head.show_id, show_id.data(), sizeof head.show_id);
  std::string bytes(sizeof head + copy.words.size() * sizeof(std::uint64_t), '\0');
  std::memcpy(bytes.data() + sizeof head, copy.words.data(), bytes.size() - sizeof head);
  std::memcpy(bytes.data(), &head, sizeof head);
  head.checksum = XXH3_64bits(bytes.data(), bytes.size());
  std::memcpy(bytes.data() + offsetof(black_box::FileHead, checksum), &head.checksum, sizeof head.checksum);
  return bytes;
}

Fault io_fault(const std::string& path, const char* step, int error) {
  return {RELUME_E_IO, path, fmt::format("{}: {} failed with {}", path, step, platform::errno_name(error))};
}

}  // namespace

Fault Show::dump_black_box(const std::string& path) {
  if (path.empty()) return {RELUME_E_INVALID, "path", "name a file"};
  if (black_box_ == nullptr) {
    return {RELUME_E_STATE, "black_box_bytes", "the show has no black box: open it with black_box_bytes"};
  }
  // Who is held up while copying a small ring can find that all of it was written over meanwhile.
  constexpr int kTries = 16;
  BlackBox::Copy copy = black_box_->copy();
  for (int i = 1; i < kTries && copy.words.empty(); ++i) copy = black_box_->copy();
  if (copy.words.empty()) {
    return {RELUME_E_STATE, "black_box_bytes",
            "frames write over the ring faster than it can be copied: make it larger"};
  }
  const std::string bytes = file_of(copy, black_box_->slots(), folder_.identity().show_id);
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  platform::Files& files = *seams_.files;
  const int fd = files.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (fd < 0) return io_fault(folder, "open", -fd);
  const platform::File opened(files, fd);
  const platform::ReplaceResult result = platform::replace_whole(files, fd, name, bytes);
  return result ? Fault{} : io_fault(path, result.step, result.error);
}

}  // namespace relume::core
