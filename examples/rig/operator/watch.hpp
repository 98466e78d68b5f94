// SPDX-License-Identifier: Apache-2.0
// Says what the person at the rig should know about recovery and saving, each thing once, and once more when it is over.
#pragma once

#include "adapters/notice.hpp"

#include <relume/relume.hpp>

#include <cstdint>
#include <string>

namespace rig {

/// For one thread; never waits for the disk.
class Watch {
 public:
  /// \param folder the show's, for the messages.
  Watch(const relume::Show& show, std::string folder, NoticeSink notices);

  /// Tells what is new since the last look.
  void look();

 private:
  void look_at_recovery();
  void tell_stack(const relume_recovery& recovery);
  void tell_candidate(std::uint32_t number);
  void tell_held(std::uint32_t verdict);
  void look_at_target(const char* name, const relume_target_health& target, bool& failing);

  const relume::Show& show_;
  std::string folder_;
  NoticeSink notices_;
  bool stack_told_ = false;
  std::uint32_t candidates_told_ = 0;
  std::uint32_t held_ = 0;  // relume_verdict that was told last
  bool checkpoint_failing_ = false;
  bool document_failing_ = false;
  bool disk_hangs_ = false;
};

}  // namespace rig
