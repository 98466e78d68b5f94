// SPDX-License-Identifier: Apache-2.0
#include <relume/black_box.h>

#include <fmt/format.h>

#include <algorithm>

#include "capi/handles.hpp"
#include "live/black_box_replay.hpp"

using namespace relume::core;
using namespace relume::core::capi;

namespace {

constexpr std::size_t kLargestFile = black_box::kLargest + sizeof(black_box::FileHead);

bool tell(const relume_replay_visitor& visitor, const BlackBoxReplay::Write& write) {
  using Kind = OverlayWrite::Kind;
  if (visitor.on_write == nullptr) return true;
  const auto kind = static_cast<Kind>(write.kind);
  relume_replay_write out{};
  out.struct_size = sizeof out;
  out.source = write.source;
  out.param = write.param;
  out.time_ns = write.time_ns;
  out.release = kind == Kind::release ? 1 : 0;
  out.gesture = kind != Kind::value && kind != Kind::pulses && kind != Kind::release ? 1 : 0;
  for (std::size_t i = 0; i < write.lanes.size(); ++i) out.lanes[i].u = write.lanes[i];
  return visitor.on_write(visitor.user, &out) == 0;
}

bool tell(const relume_replay_visitor& visitor, const BlackBoxReplay::Frame& frame, std::uint32_t slots) {
  if (visitor.on_frame == nullptr) return true;
  const relume_replay_frame out{sizeof out,    slots,       frame.number, frame.revision,
                                frame.time_ns, frame.slots, frame.proved, frame.differs ? 1U : 0U};
  return visitor.on_frame(visitor.user, &out) == 0;
}

void count(const BlackBoxReplay::Frame& frame, relume_replay_result& result) {
  if (!frame.whole) {
    ++result.incomplete;
    return;
  }
  if (result.frames++ == 0) {
    result.first_number = frame.number;
    result.first_ns = frame.time_ns;
  }
  result.last_number = frame.number;
  result.last_ns = frame.time_ns;
  result.proved += frame.proved;
  if (frame.differs) ++result.differing;
}

Fault replay(const std::string& bytes, const relume_replay_visitor& visitor, relume_replay_result& result) {
  BlackBoxReplay replay;
  if (Fault fault = BlackBoxReplay::open(bytes, replay)) return fault;
  result.slot_count = replay.slots();
  for (;;) {
    BlackBoxReplay::Step step{};
    BlackBoxReplay::Write write;
    BlackBoxReplay::Frame frame;
    if (Fault fault = replay.next(step, write, frame)) return fault;
    if (step == BlackBoxReplay::Step::end) return {};
    bool go_on = true;
    if (step == BlackBoxReplay::Step::write) {
      ++result.writes;
      go_on = tell(visitor, write);
    } else {
      count(frame, result);
      go_on = !frame.whole || tell(visitor, frame, replay.slots());
    }
    if (!go_on) return {};
  }
}

}  // namespace

extern "C" {

relume_result relume_black_box_dump(relume_show* show, const char* path, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (show == nullptr) return null_argument("show");
    if (path == nullptr) return null_argument("path");
    return show->show->dump_black_box(path);
  });
}

relume_result relume_black_box_replay(const char* path, const relume_replay_visitor* visitor,
                                      relume_replay_result* result, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (path == nullptr) return null_argument("path");
    relume_replay_visitor who = RELUME_REPLAY_VISITOR_INIT;
    if (visitor != nullptr) {
      if (Fault fault = take(visitor, who, "relume_replay_visitor")) return fault;
      if (who.reserved != 0)
        return {RELUME_E_INVALID, "visitor", "reserved holds a number that has no meaning; set it to 0"};
    }
    relume_replay_result full = RELUME_REPLAY_RESULT_INIT;
    if (result != nullptr) {
      if (Fault fault = take(result, full, "relume_replay_result")) return fault;
      full = RELUME_REPLAY_RESULT_INIT;
    }
    std::string bytes;
    const int failed = platform::read_whole(platform::system_files(), path, kLargestFile, bytes);
    if (failed != 0) {
      const std::string why = platform::errno_name(failed < 0 ? -failed : failed);
      return {RELUME_E_IO, path, fmt::format("{}: read failed with {}", path, why)};
    }
    Fault fault = replay(bytes, who, full);
    if (fault && fault.culprit == "path") fault.culprit = path;
    if (result != nullptr) give(full, result);
    return fault;
  });
}

}  // extern "C"
