// SPDX-License-Identifier: Apache-2.0
// OSC packets to the library: requests that are answered, and automation that is not.
#pragma once

#include "adapters/notice.hpp"
#include "adapters/osc_codec.hpp"
#include "adapters/udp.hpp"
#include "operator/disk_requests.hpp"

#include <relume/relume.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rig {

/// Handles packets one after the other; belongs to the thread that receives them, which holds the source role too.
///
/// The changes of a packet name layers and routes of the stack that the packet finds: what a bundle adds itself can be named by
/// the next packet, not by the same one.
///
/// A choice about a held document (/relume/accept) is no part of a change-set, because it waits for the disk: a bundle that has
/// changes beside it is rejected as a whole. A change that shall follow it waits for its answer.
class Requests {
 public:
  using Replies = std::vector<std::vector<std::byte>>;

  /// Called after something has taken effect and before it is answered.
  struct Hooks {
    std::function<void()> stack_changed;  ///< layers were added, removed, moved, bypassed, or got another type or key
    std::function<void()> show_replaced;  ///< the document was taken: stack, base and records are others
  };

  Requests(relume::Show& show, relume::Source source, DiskRequests& disk, NoticeSink notices, Hooks hooks);

  /// Handles one datagram and returns its answers in the order of the requests, valid until the next call. The changes of a
  /// packet are one change-set, applied before anything in it is answered. Automation goes first: on a route that both name,
  /// the operator wins. A save and a choice that were begun are answered by collect().
  const Replies& handle(std::span<const std::byte> datagram, const Endpoint& asker, std::int64_t now_ns);

  /// Whether there is anything to collect, now or later.
  bool waiting() const noexcept { return disk_.pending(); }
  /// Answers to earlier requests that waited for the disk.
  std::vector<LateAnswer> collect();

  std::uint64_t malformed() const noexcept { return malformed_; }
  std::uint64_t rejected() const noexcept { return rejected_; }

 private:
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

  enum class Verb {
    set,
    persist,
    store,
    revert,
    reset,
    add,
    remove,
    move,
    bypass,
    retype,
    rename,
    accept,
    get,
    ping,
    status,
    health,
    save,
    unknown,
    automation
  };
  struct Item {
    Verb verb;
    const OscMessage* message;
    std::string_view subject;         ///< route, layer or address: what the answer names
    relume_result fault = RELUME_OK;  ///< found before the library was asked
    std::size_t change = kNone;       ///< index in the change-set
    relume_choice choice = RELUME_CHOICE_KEEP;
  };

  static Verb verb_of(std::string_view address) noexcept;
  static bool is_change(Verb verb) noexcept { return verb <= Verb::rename; }
  static bool is_structural(Verb verb) noexcept { return verb >= Verb::add && verb <= Verb::rename; }
  Item read(const OscMessage& message);
  void read_value_change(Item& item);
  void read_layer_values_change(Item& item);
  void read_stack_change(Item& item);
  relume_result find_layer(const OscArg& key, relume_layer& out);
  void read_choice(Item& item);
  void read_automation(Item& item);
  void write_automation(std::int64_t now_ns);
  void apply_changes();
  void answer(const Item& item);
  void answer_change(const Item& item);
  void answer_accept(const Item& item);
  void answer_save();
  void answer_get(const Item& item);
  void answer_ping();
  void answer_status();
  void answer_health();
  void reply(const OscWriter& message) { replies_.push_back(message.bytes()); }
  void reject(std::string_view subject, std::string_view reason);
  void refuse_automation(std::string_view address, relume_result reason);

  relume::Show& show_;
  relume::Source source_;
  DiskRequests& disk_;
  NoticeSink notices_;
  Hooks hooks_;
  std::uint64_t malformed_ = 0;
  std::uint64_t rejected_ = 0;
  std::array<bool, kMalformedKinds> malformed_told_{};
  std::set<relume_result> automation_told_;

  // Of the packet at hand; kept for their capacity.
  OscPacket packet_;
  Endpoint asker_;
  std::vector<Item> items_;
  relume::ChangeSet changes_;
  std::vector<relume_overlay_value> automation_;
  std::vector<std::string_view> automation_addresses_;
  Replies replies_;
  bool applied_ = false;         ///< the change-set holds, or there was none
  std::size_t culprit_ = kNone;  ///< item to blame when it does not
  std::string culprit_reason_;
  std::uint64_t revision_ = 0;
};

}  // namespace rig
