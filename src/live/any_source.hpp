// SPDX-License-Identifier: Apache-2.0
// What the composer has to know of whoever writes automation: who it is, how it ranks, and when it ends.
#pragma once

#include <relume/overlay.h>

#include <atomic>
#include <cstdint>

#include "model/param.hpp"

namespace relume::core {

/// What a source says about one parameter.
struct OverlayWrite {
  std::uint64_t param = 0;  // handle bits
  const ParamDef* def = nullptr;
  std::uint64_t order = 0;  // newest operator mutation that the source could know of
  std::uint64_t batch = 0;  // 0: alone
  std::int64_t time = 0;
  Lanes lanes{};
  std::uint32_t slot = 0;  // first slot in the show
  std::uint32_t commit_policy = 0;
  bool release = false;
};

class AnySource {
 public:
  enum class Kind : std::uint8_t { cells, run };
  struct Identity {
    std::uint32_t number = 0;
    std::uint32_t priority = RELUME_PRIORITY_DEFAULT;
    std::uint32_t commit_policy = 0;
  };
  AnySource(const AnySource&) = delete;
  AnySource& operator=(const AnySource&) = delete;
  virtual ~AnySource() = default;

  Kind kind() const noexcept { return kind_; }
  std::uint32_t number() const noexcept { return identity_.number; }
  std::uint32_t priority() const noexcept { return identity_.priority; }
  std::uint32_t commit_policy() const noexcept { return identity_.commit_policy; }

  /// Source role: the last word of this source. The composer releases what it holds.
  void close() noexcept { closing_.store(true, std::memory_order_release); }
  // Frame role.
  bool closing() const noexcept { return closing_.load(std::memory_order_acquire); }
  void acknowledge_close() noexcept { closed_.store(true, std::memory_order_release); }
  // Coordinator.
  bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }

 protected:
  AnySource(Kind kind, const Identity& identity) : kind_(kind), identity_(identity) {}

 private:
  const Kind kind_;
  const Identity identity_;
  std::atomic<bool> closing_{false};
  std::atomic<bool> closed_{false};
};

}  // namespace relume::core
