// SPDX-License-Identifier: Apache-2.0
#include "decklink/adapter_stage.hpp"

#include <dlfcn.h>
#include <xxhash.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

namespace rig::test {
namespace {

DeckLinkOptions with_library(DeckLinkOptions options) {
  options.library = RELUME_VIRTUAL_CARD;
  return options;
}

}  // namespace

const virtual_card_control& card_control() {
  static const virtual_card_control* const control = [] {
    void* const library = dlopen(RELUME_VIRTUAL_CARD, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) FAIL(dlerror());
    void* const entry = dlsym(library, VIRTUAL_CARD_CONTROL_ENTRY);
    if (entry == nullptr) FAIL(dlerror());
    return reinterpret_cast<virtual_card_control_entry*>(entry)();
  }();
  return *control;
}

std::uint64_t picture_hash(const DeckLinkPicture& picture) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), XXH3_freeState);
  XXH3_64bits_reset(state.get());
  for (std::int32_t y = 0; y < picture.height(); ++y) {
    XXH3_64bits_update(state.get(), picture.bytes() + static_cast<std::size_t>(y) * picture.row_bytes(),
                       2 * static_cast<std::size_t>(picture.width()));
  }
  return XXH3_64bits_digest(state.get());
}

virtual_card_options manual_card() {
  virtual_card_options options{};
  options.struct_size = sizeof options;
  options.manual_clock = 1;
  return options;
}

Stage::Stage(DeckLinkOptions options, virtual_card_options virtual_card)
    : card(card_control()),
      player(with_library(std::move(options)), [this](const Notice& n) { notices.push_back(n); }) {
  REQUIRE(card.reset(&virtual_card) == 0);
}

Stage::~Stage() { player.close(); }

int Stage::produce(int count) {
  for (int i = 0; i < count; ++i) {
    DeckLinkPicture picture = player.try_acquire();
    if (!picture) return i;
    ++produced_;
    if (whole_pictures) {
      const std::size_t bytes = picture.row_bytes() * static_cast<std::size_t>(picture.height());
      std::memset(picture.bytes(), static_cast<int>(produced_ & 0xff), bytes);
    }
    std::memcpy(picture.bytes(), &produced_, sizeof produced_);
    if (whole_pictures) hashes.push_back(picture_hash(picture));
    player.submit(std::move(picture));
  }
  return count;
}

void Stage::play(int slots, bool producing) {
  for (int i = 0; i < slots; ++i) {
    card.step(0, 1);
    pass(slot_ns());
    schedule();
    if (producing) {
      produce();
      schedule();
    }
  }
}

void Stage::start() {
  open();
  for (int i = 0; i < 100 && metrics().state == DeckLinkState::warming; ++i) {
    REQUIRE(produce() == 1);
    schedule();
  }
  REQUIRE(metrics().state == DeckLinkState::playing);
  play(1, false);
}

void Stage::fault(virtual_card_fault kind, std::int64_t value) {
  REQUIRE(card.fault(0, static_cast<std::uint32_t>(kind), value) == 0);
}

virtual_card_ledger Stage::ledger() const {
  virtual_card_ledger ledger{};
  ledger.struct_size = sizeof ledger;
  REQUIRE(card.ledger(0, &ledger) == 0);
  return ledger;
}

std::vector<virtual_card_displayed> Stage::displayed() const {
  std::vector<virtual_card_displayed> displayed(card.displayed(0, 0, nullptr, 0));
  card.displayed(0, 0, displayed.data(), displayed.size());
  return displayed;
}

void Stage::check_ledger() const {
  const virtual_card_ledger theirs = ledger();
  const DeckLinkMetrics ours = metrics();
  CHECK(ours.scheduled == theirs.scheduled);
  CHECK(ours.completed == theirs.completed);
  CHECK(ours.late == theirs.late);
  CHECK(ours.dropped == theirs.dropped);
  CHECK(ours.flushed == theirs.flushed);
  CHECK(ours.outstanding == theirs.outstanding);
  CHECK(ours.unanswered == 0);
  CHECK(ours.scheduled == ours.completed + ours.late + ours.dropped + ours.flushed + ours.outstanding);
  CHECK(ours.schedule_failures == theirs.refused);
}

void Stage::check_ended() const {
  check_ledger();
  CHECK(metrics().outstanding == 0);
  CHECK(ledger().enabled == 0);
  CHECK(ledger().frame_references == 0);
  CHECK(card.references() == 0);
}

}  // namespace rig::test
