// SPDX-License-Identifier: Apache-2.0
#include "operator/watch.hpp"

#include <fmt/format.h>

#include <cstring>
#include <utility>

namespace rig {

Watch::Watch(const relume::Show& show, std::string folder, NoticeSink notices)
    : show_(show), folder_(std::move(folder)), notices_(std::move(notices)) {}

void Watch::look() {
  look_at_recovery();
  relume_health health = {};
  relume_health_init(&health, sizeof health);
  relume_error error = RELUME_ERROR_INIT;
  if (relume_health_get(show_.get(), &health, &error) != RELUME_OK) throw relume::Error(error);
  if (std::exchange(held_, health.held) != health.held && health.held != 0) tell_held(health.held);
  look_at_target("checkpoint", health.checkpoint, checkpoint_failing_);
  look_at_target("document", health.document, document_failing_);
  const bool hangs = health.disk == RELUME_HEALTH_DEGRADED;
  if (std::exchange(disk_hangs_, hangs) == hangs) return;
  if (hangs) {
    notices_({"the disk does not answer; the show goes on without it", folder_,
              "check the disk; a power cut would cost what has changed since"});
  } else {
    notices_({"the disk answers again", folder_, "nothing is to be done"});
  }
}

void Watch::look_at_recovery() {
  const relume_recovery recovery = show_.recovery();
  if (!std::exchange(stack_told_, true)) tell_stack(recovery);
  while (candidates_told_ < recovery.candidate_count) tell_candidate(candidates_told_++);
}

void Watch::tell_stack(const relume_recovery& recovery) {
  if (recovery.mirror == 0) {
    notices_({"no mirror, so changes do not survive this process", "the runtime directory", recovery.mirror_reason});
  }
  if (recovery.dormant_layers != 0) {
    notices_({fmt::format("{} layers are of types that this rig does not have; they are kept and not shown",
                          recovery.dormant_layers),
              folder_, "open the show with the program that it comes from"});
  }
  if (recovery.cleared_values != 0) {
    notices_({fmt::format("{} values of {} layers do not fit what this rig declares, and were cleared",
                          recovery.cleared_values, recovery.converted_layers),
              folder_, "set them anew; an earlier state is in the checkpoint's history"});
  }
  if (recovery.dropped_held != 0) {
    notices_(
        {fmt::format("{} values that were under automation at the death do not go on; they fit no more, or are damaged",
                     recovery.dropped_held),
         folder_, "what lies below is shown; send them again"});
  }
}

void Watch::tell_candidate(std::uint32_t number) {
  const relume_candidate candidate = show_.candidate(number);
  switch (candidate.verdict) {
    case RELUME_VERDICT_DAMAGED:
    case RELUME_VERDICT_NEWER_FORMAT:
    case RELUME_VERDICT_UNREADABLE:
    case RELUME_VERDICT_FOREIGN: break;
    default: return;  // of a conflict the hold tells
  }
  notices_({fmt::format("state refused ({})", candidate.reason), candidate.path,
            candidate.kept_as[0] == 0 ? std::string("it was left as it is")
                                      : fmt::format("it is kept as {}", candidate.kept_as)});
}

void Watch::tell_held(std::uint32_t verdict) {
  const std::string document = folder_ + "/show.json";
  if (verdict == RELUME_VERDICT_CONFLICT) {
    notices_(
        {"the document is not the one that this show wrote; the show stays as it is, and the document is not written "
         "to",
         document, "send /relume/accept file to take the document, or keep to put it aside and save over it"});
  } else {
    notices_({fmt::format("the document is {} and is not written to; checkpoints go on",
                          verdict == RELUME_VERDICT_NEWER_FORMAT ? "of a newer format" : "damaged"),
              document, "send /relume/accept keep to put it aside and save"});
  }
}

void Watch::look_at_target(const char* name, const relume_target_health& target, bool& failing) {
  const bool fails = target.step[0] != 0;
  if (std::exchange(failing, fails) == fails) return;
  if (!fails) {
    notices_({fmt::format("the {} is saved again", name), folder_, "nothing is to be done"});
    return;
  }
  notices_({fmt::format("the {} cannot be saved ({}{}{}); it is tried again by itself", name, target.step,
                        target.error == 0 ? "" : ": ", target.error == 0 ? "" : std::strerror(target.error)),
            target.path, "free space or check the disk; until then a power cut costs what has changed"});
}

}  // namespace rig
