// SPDX-License-Identifier: Apache-2.0
// One emulated card: its parts, and who it says it is.
#pragma once

#include "decklink/virtual_card/audio_output.hpp"
#include "decklink/virtual_card/picture.hpp"
#include "decklink/virtual_card/video_output.hpp"

#include <atomic>
#include <cstdint>
#include <string>

namespace rig::decklink::card {

class Card {
 public:
  Card(std::uint32_t number, const Settings& settings, Recorder& recorder);

  std::uint32_t number() const { return number_; }
  const Settings& settings() const { return settings_; }
  std::string display_name() const;
  std::string serial_number() const;
  std::int64_t persistent_id() const;
  std::uint32_t reference_status() const { return reference_status_.load(); }

  Ledger& ledger() { return ledger_; }
  VideoOutput& video() { return video_; }
  AudioOutput& audio() { return audio_; }
  CallbackThread& callbacks() { return callbacks_; }
  PictureDesk& desk() { return desk_; }
  Recorder& recorder() { return recorder_; }

  /// Waits until all is told, and logs the summary.
  abi::Result disable_video(Caller caller);

  virtual_card_ledger read_ledger();
  /// One JSON object.
  std::string ledger_json();
  void log_summary();

  /// 0 or EINVAL. Of the control entry.
  int step(std::uint64_t frames);
  int fault(std::uint32_t kind, std::int64_t value);
  void unplug();
  /// Nothing of the client that had it before is called any more.
  void plug();

 private:
  const std::uint32_t number_;
  const Settings settings_;
  Recorder& recorder_;
  std::atomic<std::uint32_t> reference_status_{abi::kReferenceLocked};
  Ledger ledger_;
  PictureDesk desk_;
  CallbackThread callbacks_;
  AudioOutput audio_;
  VideoOutput video_;  // after what it reports to
};

}  // namespace rig::decklink::card
