// SPDX-License-Identifier: Apache-2.0
// Requests whose answer waits for the disk: saves, and the choice about a document that is held. They are asked for by the OSC
// thread, which never waits; their answers are collected when they are there, each kind in its own order.
#pragma once

#include "adapters/udp.hpp"

#include <relume/relume.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace rig {

/// An answer that comes after those to later requests.
struct LateAnswer {
  Endpoint asker;
  std::vector<std::byte> message;
  bool rejected = false;
  bool file_taken = false;  ///< stack, base and records are the document's now
};

/// Belongs to one thread but for finish().
class DiskRequests {
 public:
  /// More saves than this are not waited for at one time: a disk that hangs must not fill the memory.
  static constexpr std::size_t kMaxSaves = 256;

  explicit DiskRequests(relume::Show& show) : show_(show) {}

  /// Asks for a save. Other than RELUME_OK: it was not begun, and there is no late answer.
  relume_result save(const Endpoint& asker);

  /// Begins to carry out a choice, in a thread of its own, because it reads and renames files.
  /// \return RELUME_E_STATE while one is under way, RELUME_E_NOMEM when no thread is to be had; else as save().
  relume_result accept(relume_choice choice, const Endpoint& asker);

  /// Whether there is anything to collect, now or later.
  bool pending() const noexcept { return !saves_.empty() || accept_ != nullptr; }

  /// The answers that are there.
  std::vector<LateAnswer> collect();

  /// After the last request: waits for a choice that is under way. False: it has not ended in time, and the show must not be
  /// closed, because that thread is inside it.
  bool finish(std::int64_t timeout_ns);

 private:
  struct Save {
    Endpoint asker;
    std::uint64_t ticket;
  };
  struct Accept;
  void collect_saves(std::vector<LateAnswer>& answers);
  void collect_accept(std::vector<LateAnswer>& answers);

  relume::Show& show_;
  std::vector<Save> saves_;
  std::shared_ptr<Accept> accept_;  // the thread has the other reference
};

}  // namespace rig
