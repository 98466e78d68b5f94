// SPDX-License-Identifier: Apache-2.0
#include "flood.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "support/pace.hpp"

namespace relume::test {
namespace {

constexpr double kFrameRate = 60;
constexpr double kPreviewRate = 24;
constexpr std::uint64_t kWarmUp = 20;  // frames in which a thread touches its stack and its bindings for the first time

std::int64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::int64_t total = 0;
  std::int64_t resident = 0;
  statm >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

void add(RtReport& total, const RtReport& one) {
  total.allocations += one.allocations;
  total.frees += one.frees;
  total.locks += one.locks;
  total.system_calls += one.system_calls;
  total.page_faults += one.page_faults;
  total.context_switches += one.context_switches;
  if (total.first[0] == '\0') std::copy(std::begin(one.first), std::end(one.first), std::begin(total.first));
}

std::uint64_t sum_of(const relume_frame* frame) {
  std::uint64_t sum = frame->number;
  for (std::uint32_t slot = 0; slot < frame->slot_count; ++slot) sum = sum * 31 + frame->slots[slot].u;
  return sum;
}

Schema flood_schema() {
  const auto keys = [](std::uint32_t count, auto&& make) {
    std::vector<Param> params;
    for (std::uint32_t i = 0; i < count; ++i) params.push_back(make("v" + std::to_string(i)));
    return params;
  };
  const auto whole = [](const std::string& key) { return Param(key, RELUME_INT).settle(Flood::kSettle); };
  const auto stepping = [](const std::string& key) { return Param(key, RELUME_FLOAT).settle(Flood::kSettle); };
  const auto gliding = [](const std::string& key) {
    return Param(key, RELUME_FLOAT).range(0, 1).smoothing(50'000'000).settle(Flood::kSettle);
  };
  Schema schema;
  schema.type("cells", keys(Flood::kLayer, whole)).type("strip", keys(Flood::kRunRoutes, stepping));
  schema.type("soft", keys(Flood::kGliding, gliding)).type("guest", keys(Flood::kGuestParams, whole));
  schema.type("pulses", keys(Flood::kTriggers, [](const std::string& key) { return Param(key, RELUME_TRIGGER); }));
  schema.type("desk", {Param("left", RELUME_INT), Param("right", RELUME_INT), Param("level", RELUME_FLOAT)});
  for (int i = 0; i < 6; ++i) schema.layer("cells-" + std::to_string(i), "cells");
  schema.layer("strip", "strip").layer("soft", "soft").layer("desk", "desk").layer("pulses", "pulses");
  return schema;
}

relume_show_options flood_options(const std::string& folder, const std::string& runtime_dir) {
  relume_show_options options = RELUME_SHOW_OPTIONS_INIT;
  options.folder = folder.empty() ? nullptr : folder.c_str();
  options.runtime_dir = runtime_dir.empty() ? nullptr : runtime_dir.c_str();
  options.max_layers = 64;
  options.max_slots = 16'384;
  options.max_readers = 6;
  options.max_retained = 4;
  return options;
}

}  // namespace

void Findings::note(const char* what, std::uint64_t a, std::uint64_t b) {
  if (count++ == 0) {
    std::snprintf(first.data(), first.size(), "%s (%llu, %llu)", what, static_cast<unsigned long long>(a),
                  static_cast<unsigned long long>(b));
  }
}

Flood::Flood(const std::string& folder, const std::string& runtime_dir, const FloodRates& rates)
    : show(flood_schema(), flood_options(folder, runtime_dir)), rates_(rates) {
  std::vector<std::uint32_t> actors;
  const auto learn = [&](const std::string& key, std::uint32_t count, std::vector<relume_param>& out) {
    for (std::uint32_t i = 0; i < count; ++i) out.push_back(show.param(key + "/v" + std::to_string(i)));
    return show.layer(key);
  };
  for (std::size_t i = 0; i < 6; ++i) layers_[i] = learn("cells-" + std::to_string(i), kLayer, params_);
  layers_[6] = learn("strip", kRunRoutes, params_);
  learn("soft", kGliding, gliding_);
  for (std::uint32_t route = 0; route < kRoutes; ++route) {
    const Actor writer = route < kSingleRoutes ? kSingles : route < kSingleRoutes + kBatchRoutes ? kBatches : kRun;
    const bool shared = route >= kSingleRoutes && route < kSingleRoutes + kBatch;
    actors.push_back(1U << kOperator | 1U << writer | (shared ? 1U << kSingles : 0U));
  }
  for (std::uint32_t i = 0; i < kTriggers; ++i) triggers_[i] = show.param("pulses/v" + std::to_string(i));
  layers_[7] = show.layer("desk");
  pair_[0] = show.param("desk/left");
  pair_[1] = show.param("desk/right");
  relume_source_options options = RELUME_SOURCE_OPTIONS_INIT;
  options.max_params = 8192;
  single_source_ = std::make_unique<Source>(show.source(options));
  batch_source_ = std::make_unique<Source>(show.source());
  stream_ = std::make_unique<Stream>(show.stream(params_[kSingleRoutes + kBatchRoutes], kRunRoutes));
  book_ = std::make_unique<RouteBook>(actors);
  chosen_.reserve(8);
  chosen_params_.reserve(8);
  chosen_values_.reserve(8);
}

Flood::~Flood() = default;

void Flood::run(std::int64_t duration_ns) {
  const std::size_t frames = static_cast<std::size_t>(static_cast<double>(duration_ns) / 1e9 * kFrameRate) + 10'000;
  compose_ns.reserve(frames);
  compose_cpu_ns.reserve(frames);
  std::thread looking[] = {std::thread([this] { compose(); }), std::thread([this] { read(output, kFrameRate, true); }),
                           std::thread([this] { read(preview, kPreviewRate, false); }),
                           std::thread([this] { sleep_over_it(); }), std::thread([this] { visit(); })};
  std::thread writing[] = {std::thread([this] { write_singles(); }), std::thread([this] { write_batches(); }),
                           std::thread([this] { write_runs(); }), std::thread([this] { operate(); })};
  const std::int64_t begun = monotonic_ns();
  for (std::int64_t now = begun; now - begun < duration_ns; now = monotonic_ns()) {
    sleep_until(now + kSecond / 4);
    resident.push_back(resident_bytes());
  }
  writing_ = false;
  for (std::thread& thread : writing) thread.join();
  flooded_ns = monotonic_ns() - begun;
  judge_rest();
  looking_ = false;
  for (std::thread& thread : looking) thread.join();
}

relume_value Flood::value_for(std::uint32_t route, std::uint32_t value) const {
  if (route >= kSingleRoutes + kBatchRoutes) return scalar(static_cast<float>(value));
  return integer(static_cast<std::int32_t>(value));
}

std::uint32_t Flood::shown(const relume_frame* frame, std::uint32_t route) const {
  const relume_slot* slot = relume_frame_at(frame, params_[route]);
  if (slot == nullptr) return UINT32_MAX;
  return route >= kSingleRoutes + kBatchRoutes ? static_cast<std::uint32_t>(slot->f) : slot->u;
}

// --- those who look ---

void Flood::compose() {
  relume_reader* reader = nullptr;
  if (relume_reader_open(show.get(), &reader, nullptr) != RELUME_OK) composing.findings.note("no reader");
  Beat beat(kFrameRate);
  std::uint64_t last = 0;
  std::int64_t composed_at = 0;
  std::uint32_t last_run = 0;
  std::array<std::uint32_t, kTriggers> pulses_shown{};
  while (reader != nullptr && looking_) {
    beat.wait();
    const std::uint64_t batches_before = batch_done_.load(kBookAcquire);
    book_->look(composed_at);
    const auto pulses = pulses_given(true);
    const std::int64_t used = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    RtScope scope;
    const std::int64_t begun = monotonic_ns();
    const std::uint64_t number = relume_compose(show.get(), begun);
    const std::int64_t ended = monotonic_ns();
    const relume_frame* frame = relume_reader_acquire(reader);
    if (composing.frames >= kWarmUp) add(composing.realtime, scope.finish());
    scope.finish();
    compose_cpu_ns.push_back(clock_ns(CLOCK_THREAD_CPUTIME_ID) - used);
    const bool batch_under_way = batch_begun_.load(kBookAcquire) != batches_before;
    composed_.store(number, kBookRelease);
    composed_at = begun;
    compose_ns.push_back(ended - begun);
    if (number < last || frame->number != number) composing.findings.note("not the frame that was composed", number);
    last = number;
    ++composing.frames;
    frames_in_batch += batch_under_way;
    judge(frame, batch_under_way);
    check_whole(frame, composing);
    check_guests(frame, composing);
    // Those of a batch may wait for the batch that is being written; what was there before stays.
    check_pulses(frame, composing, batch_under_way ? pulses_shown : pulses);
    pulses_shown = composing.pulses;
    const std::uint32_t run = run_number(frame);
    runs_shown += run > last_run;
    last_run = std::max(last_run, run);
  }
  relume_reader_close(reader);
}

// While a batch is being written, older ones may wait for it, and only their wholeness can be judged.
void Flood::judge(const relume_frame* frame, bool batch_under_way) {
  for (std::uint32_t route = 0; route < kRoutes; ++route) {
    const bool batched = route >= kSingleRoutes && route < kSingleRoutes + kBatchRoutes;
    if (batched && batch_under_way) continue;
    const std::uint32_t value = shown(frame, route);
    if (const char* wrong = book_->judge(route, value)) composing.findings.note(wrong, route, value);
  }
}

void Flood::read(Watcher& watcher, double rate, bool keeps) {
  struct Kept {
    const relume_frame* frame = nullptr;
    std::uint64_t sum = 0;
  };
  std::array<Kept, 4> kept{};
  relume_reader* reader = nullptr;
  if (relume_reader_open(show.get(), &reader, nullptr) != RELUME_OK) watcher.findings.note("no reader");
  Beat beat(rate);
  std::uint64_t last = 0;
  while (reader != nullptr && looking_) {
    beat.wait();
    const std::uint64_t published = composed_.load(kBookAcquire);
    const auto pulses = watcher.pulses;
    Kept& place = kept[watcher.frames / 4 % kept.size()];
    RtScope scope;
    const relume_frame* frame = relume_reader_acquire(reader);
    const std::uint64_t sum = sum_of(frame);
    if (keeps && watcher.frames % 4 == 0) {
      if (place.frame != nullptr && sum_of(place.frame) != place.sum) watcher.findings.note("a retained frame changed");
      relume_frame_release(place.frame);
      place = {relume_frame_retain(frame) == RELUME_OK ? frame : nullptr, sum};
      if (place.frame == nullptr) watcher.findings.note("a frame could not be retained");
    }
    if (watcher.frames >= kWarmUp) add(watcher.realtime, scope.finish());
    scope.finish();
    if (frame->number < published) watcher.findings.note("an older frame than was published", frame->number, published);
    if (frame->number < last) watcher.findings.note("a frame went backwards", frame->number, last);
    last = frame->number;
    ++watcher.frames;
    check_whole(frame, watcher);
    check_guests(frame, watcher);
    check_pulses(frame, watcher, pulses);
    if (sum_of(frame) != sum) watcher.findings.note("a borrowed frame changed");
  }
  for (const Kept& one : kept) relume_frame_release(one.frame);
  relume_reader_close(reader);
}

void Flood::sleep_over_it() {
  relume_reader* reader = nullptr;
  if (relume_reader_open(show.get(), &reader, nullptr) != RELUME_OK) sleeper.findings.note("no reader");
  const relume_frame* held = relume_reader_acquire(reader);
  const std::uint64_t sum = sum_of(held);
  while (looking_) sleep_until(monotonic_ns() + kSecond / 20);
  if (sum_of(held) != sum) sleeper.findings.note("a frame that was held for the whole flood changed");
  const std::uint64_t published = composed_.load(kBookAcquire);
  if (relume_reader_acquire(reader)->number < published)
    sleeper.findings.note("who slept did not get the newest frame");
  sleeper.frames = 2;
  relume_reader_close(reader);
}

void Flood::visit() {
  while (looking_) {
    relume_reader* reader = nullptr;
    const std::uint64_t published = composed_.load(kBookAcquire);
    if (relume_reader_open(show.get(), &reader, nullptr) != RELUME_OK) {
      visitor.findings.note("no reader");
      return;
    }
    const relume_frame* frame = relume_reader_acquire(reader);
    if (frame->number < published) visitor.findings.note("a new reader got an old frame", frame->number, published);
    check_whole(frame, visitor);
    ++visitor.frames;
    relume_reader_close(reader);
    sleep_until(monotonic_ns() + 5'000'000);
  }
}

/// Of the run that is in the frame, 0 without one.
std::uint32_t Flood::run_number(const relume_frame* frame) const {
  for (std::uint32_t route = kSingleRoutes + kBatchRoutes; route < kRoutes; ++route) {
    const std::uint32_t value = shown(frame, route);
    if (RouteBook::actor_of(value) == kRun) return RouteBook::number_of(value);
  }
  return 0;
}

std::array<std::uint32_t, Flood::kTriggers> Flood::pulses_given(bool done) const {
  std::array<std::uint32_t, kTriggers> sums{};
  for (const auto& of_actor : done ? pulses_done_ : pulses_begun_) {
    for (std::uint32_t i = 0; i < kTriggers; ++i) sums[i] += of_actor[i].load(kBookAcquire);
  }
  return sums;
}

// No pulse is lost, none comes twice, and no count goes back: at least those of before are there, at most those begun by now.
void Flood::check_pulses(const relume_frame* frame, Watcher& watcher,
                         const std::array<std::uint32_t, kTriggers>& before) const {
  const auto begun = pulses_given(false);
  for (std::uint32_t i = 0; i < kTriggers; ++i) {
    const std::uint32_t count = relume_frame_at(frame, triggers_[i])->u;
    if (count < before[i]) watcher.findings.note("pulses were lost", count, before[i]);
    if (count > begun[i]) watcher.findings.note("pulses that nobody gave", count, begun[i]);
    watcher.pulses[i] = count;
  }
}

// A run is in a frame whole, and so is a batch, but for what the operator has taken; what is set together is seen together.
void Flood::check_whole(const relume_frame* frame, Watcher& watcher) const {
  const std::uint32_t run = run_number(frame);
  for (std::uint32_t route = kSingleRoutes + kBatchRoutes; route < kRoutes; ++route) {
    const std::uint32_t value = shown(frame, route);
    if (RouteBook::actor_of(value) == kRun && RouteBook::number_of(value) != run)
      watcher.findings.note("a torn run", route, value);
  }
  // The n-th value of a route in window w is of batch (n - 1) * kWindows + w; the newest there tells what the others must be.
  std::uint32_t newest = 0;
  const auto batch_of = [](std::uint32_t route, std::uint32_t value) {
    return (RouteBook::number_of(value) - 1) * kWindows + (route - kSingleRoutes) / kBatch + 1;
  };
  for (std::uint32_t route = kSingleRoutes; route < kSingleRoutes + kBatchRoutes; ++route) {
    const std::uint32_t value = shown(frame, route);
    if (RouteBook::actor_of(value) == kBatches) newest = std::max(newest, batch_of(route, value));
  }
  for (std::uint32_t route = kSingleRoutes; route < kSingleRoutes + kBatchRoutes; ++route) {
    const std::uint32_t value = shown(frame, route);
    if (RouteBook::actor_of(value) != kBatches) continue;
    if (newest - batch_of(route, value) >= kWindows) watcher.torn.note("a torn batch", route, value);
  }
  if (relume_frame_at(frame, pair_[0])->u != relume_frame_at(frame, pair_[1])->u)
    watcher.findings.note("a torn change-set");
}

// A layer in the place of one that is gone shows nothing that was written for that one.
void Flood::check_guests(const relume_frame* frame, Watcher& watcher) const {
  for (std::uint32_t i = 0; i < frame->layer_count; ++i) {
    const relume_frame_layer& layer = frame->layers[i];
    if (layer.slot_count != kGuestParams) continue;
    for (std::uint32_t slot = 0; slot < kGuestParams; ++slot) {
      const std::uint32_t value = frame->slots[layer.first_slot + slot].u;
      if (value != 0 && value != guest_value(layer.layer.bits))
        watcher.findings.note("a value of another layer", value);
    }
  }
}

// Until all automation has settled: then what was composed is what was committed.
void Flood::judge_rest() {
  const std::int64_t patience = monotonic_ns() + 20 * kSecond;
  do {
    sleep_until(monotonic_ns() + kSecond / 10);
    unsettled = 0;
    for (const relume_param param : params_) unsettled += show.get_value(param).tier == RELUME_TIER_TRANSIENT;
    for (const relume_param param : gliding_) unsettled += show.get_value(param).tier == RELUME_TIER_TRANSIENT;
  } while (unsettled != 0 && monotonic_ns() < patience);
  Reader reader = show.reader();
  // The frame thread still composes: one that was begun after the last commit is awaited.
  const std::uint64_t revision = show.status().accepted;
  while (reader.acquire()->revision < revision && monotonic_ns() < patience)
    sleep_until(monotonic_ns() + kSecond / 100);
  const Frame frame = reader.acquire();
  for (std::uint32_t route = 0; route < kRoutes; ++route) {
    const relume_value value = show.get_value(params_[route]).value;
    const std::uint32_t kept =
        value.type == RELUME_FLOAT ? static_cast<std::uint32_t>(value.as.f[0]) : static_cast<std::uint32_t>(value.as.i);
    if (kept != shown(&*frame, route)) at_rest.note("composed is not what was committed", route, kept);
  }
  const auto pulses = pulses_given(true);
  for (std::uint32_t i = 0; i < kTriggers; ++i) {
    if (relume_frame_at(&*frame, triggers_[i])->u != pulses[i]) at_rest.note("not all pulses", i, pulses[i]);
  }
  if (frame->moving != 0) at_rest.note("something still glides", frame->moving);
}

}  // namespace relume::test
