// SPDX-License-Identifier: Apache-2.0
#include "decklink/frame_pool.hpp"

#include <algorithm>
#include <utility>

namespace rig {

DeckLinkPicture::DeckLinkPicture(DeckLinkPicture&& other) noexcept { *this = std::move(other); }

DeckLinkPicture& DeckLinkPicture::operator=(DeckLinkPicture&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(index_, other.index_);
  std::swap(bytes_, other.bytes_);
  std::swap(row_bytes_, other.row_bytes_);
  std::swap(width_, other.width_);
  std::swap(height_, other.height_);
  return *this;
}

DeckLinkPicture::~DeckLinkPicture() {
  if (pool_) pool_->abandon(index_, bytes_ != nullptr);
}

FramePool::FramePool(std::vector<std::unique_ptr<CardFrame>> frames, std::unique_ptr<CardFrame> black,
                     std::int32_t width, std::int32_t height, std::size_t schedules_at_most)
    : width_(width), height_(height) {
  if (black) {
    black_ = frames.size();
    frames.push_back(std::move(black));
  }
  for (auto& frame : frames) {
    Place& place = frames_.emplace_back();
    place.frame = std::move(frame);
    place.slots.reserve(schedules_at_most);
  }
  if (black_) frames_[*black_].use = Use::taken;
  ready_.reserve(frames_.size());
}

DeckLinkPicture FramePool::acquire() {
  DeckLinkPicture picture;
  CardFrame* frame = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return picture;
    const auto place = std::find_if(frames_.begin(), frames_.end(), [](const Place& p) { return p.use == Use::free; });
    if (place == frames_.end()) return picture;
    place->use = Use::rendering;
    frame = place->frame.get();
    picture.index_ = static_cast<std::size_t>(place - frames_.begin());
  }
  picture.pool_ = shared_from_this();
  picture.bytes_ = frame->begin_write();  // without them it counts as empty, and its end gives the frame back
  picture.row_bytes_ = frame->row_bytes();
  picture.width_ = width_;
  picture.height_ = height_;
  return picture;
}

bool FramePool::submit(DeckLinkPicture picture) {
  if (!picture) return false;
  FramePool& pool = *picture.pool_;
  pool.frames_[picture.index_].frame->end_write();
  picture.bytes_ = nullptr;
  {
    const std::lock_guard lock(pool.mutex_);
    if (pool.closed_) return false;  // and the picture's end lets the frame go
    pool.frames_[picture.index_].use = Use::ready;
    pool.ready_.push_back(picture.index_);
  }
  picture.pool_.reset();
  return true;
}

void FramePool::abandon(std::size_t index, bool wrote) noexcept {
  if (wrote) frames_[index].frame->end_write();
  std::unique_ptr<CardFrame> let_go;
  const std::lock_guard lock(mutex_);
  frames_[index].use = Use::free;
  if (closed_) let_go = std::move(frames_[index].frame);
}

bool FramePool::next_picture() {
  const std::lock_guard lock(mutex_);
  if (ready_.empty()) return false;
  const std::optional<std::size_t> before = std::exchange(current_, ready_.front());
  ready_.erase(ready_.begin());
  frames_[*current_].use = Use::taken;
  if (before) free_if_done(*before);
  return true;
}

std::optional<std::size_t> FramePool::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

void FramePool::scheduled(std::size_t index, std::int64_t slot) {
  const std::lock_guard lock(mutex_);
  frames_[index].slots.push_back(slot);
  ++with_card_;
}

std::optional<FramePool::Answer> FramePool::answered(const void* identity) {
  const std::lock_guard lock(mutex_);
  const auto place = std::find_if(frames_.begin(), frames_.end(),
                                  [&](const Place& p) { return p.frame && p.frame->identity() == identity; });
  if (place == frames_.end() || place->slots.empty()) return std::nullopt;
  const Answer answer{static_cast<std::size_t>(place - frames_.begin()), place->slots.front()};
  place->slots.erase(place->slots.begin());
  --with_card_;
  free_if_done(answer.index);
  return answer;
}

void FramePool::free_if_done(std::size_t index) {
  Place& place = frames_[index];
  if (place.use == Use::taken && place.slots.empty() && current_ != index && black_ != index) place.use = Use::free;
}

std::size_t FramePool::with_card() const {
  const std::lock_guard lock(mutex_);
  return with_card_;
}

void FramePool::close() {
  std::vector<std::unique_ptr<CardFrame>> let_go;
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (Place& place : frames_) {
    if (place.use != Use::rendering) let_go.push_back(std::move(place.frame));
  }
}

}  // namespace rig
