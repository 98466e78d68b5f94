// SPDX-License-Identifier: Apache-2.0
// The newest displayed picture of a card, and how it becomes a PNG.
#pragma once

#include "decklink/virtual_card/submitted_frame.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace rig::decklink::card {

struct Picture {
  FrameLayout layout;
  std::vector<std::byte> bytes;
};

/// Eight bits of red, green and blue for each pixel, rows without padding. Of 2vuy, v210, BGRA and ARGB; else empty.
std::vector<std::uint8_t> to_rgb(const Picture& picture);

/// Written beside `path` and renamed into its place. 0, ENOTSUP for a format that to_rgb() does not know, or an errno.
int write_png(const Picture& picture, const std::string& path);

/// Where the newest picture lies. Any thread.
class PictureDesk {
 public:
  void keep(const FrameLayout& layout, const std::byte* bytes);
  std::shared_ptr<const Picture> newest() const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Picture> newest_;
};

}  // namespace rig::decklink::card
