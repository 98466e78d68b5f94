// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "decklink/virtual_card/counted.hpp"
#include "decklink/virtual_card/modes.hpp"

#include <cstddef>

namespace rig::decklink::card {

class ModeObject final : public Counted<abi::DisplayMode> {
 public:
  explicit ModeObject(const Mode& mode) : mode_(mode) {}
  abi::Result GetName(const char** out) override { return hand_out(mode_.name, out); }
  abi::Code GetDisplayMode() override { return mode_.code; }
  long GetWidth() override { return mode_.width; }
  long GetHeight() override { return mode_.height; }
  abi::Result GetFrameRate(std::int64_t* duration, std::int64_t* scale) override {
    if (duration != nullptr) *duration = mode_.rate.duration;
    if (scale != nullptr) *scale = mode_.rate.scale;
    return abi::kOk;
  }
  abi::Code GetFieldDominance() override { return mode_.field_dominance; }
  std::uint32_t GetFlags() override { return mode_.flags; }

 private:
  const Mode& mode_;
};

class ModeIterator final : public Counted<abi::DisplayModeIterator> {
 public:
  abi::Result Next(abi::DisplayMode** out) override {
    if (out == nullptr) return abi::kNullPointer;
    *out = nullptr;
    if (next_ == all_modes().size()) return abi::kFalse;
    *out = new ModeObject(all_modes()[next_++]);
    return abi::kOk;
  }

 private:
  std::size_t next_ = 0;
};

}  // namespace rig::decklink::card
