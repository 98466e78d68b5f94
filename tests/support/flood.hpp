// SPDX-License-Identifier: Apache-2.0
//
// A show under a flood: three sources that write a million values a second over 10,000 routes, an operator who changes things
// a thousand times a second, and everybody who looks at frames meanwhile. What each thread finds is counted, not asserted: an
// assertion would allocate, and belongs to one thread.
//
//   singles   3,000 whole numbers, one call each; a hundred of them only now and then, so that they settle; 500 floats that glide
//   batches   3,000 whole numbers, 250 to a batch; the first batch's are written by the singles' thread, too
//   run       4,000 floats, written whole
//   desk      the operator's own layer: two parameters that are always set together
//   pulses    12 triggers that the operator, the singles and the batches add pulses to
//   guest     a layer that comes and goes; the singles' thread writes to it as long as it knows it
#pragma once

#include <relume/relume.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/route_book.hpp"
#include "support/rt_guard.hpp"

namespace relume::test {

struct FloodRates {
  double values_per_second = 1'000'000;
  double mutations_per_second = 1'000;
};

/// First of what went wrong, and how often anything did. One thread writes it; read when that one has ended.
struct Findings {
  std::uint64_t count = 0;
  std::array<char, 160> first{};
  void note(const char* what, std::uint64_t a = 0, std::uint64_t b = 0);
};

class Flood {
 public:
  static constexpr std::uint32_t kLayer = 1000;  // routes of a layer of whole numbers
  static constexpr std::uint32_t kSingleRoutes = 3 * kLayer;
  static constexpr std::uint32_t kBatchRoutes = 3 * kLayer;
  static constexpr std::uint32_t kRunRoutes = 4 * kLayer;
  static constexpr std::uint32_t kRoutes = kSingleRoutes + kBatchRoutes + kRunRoutes;
  static constexpr std::uint32_t kRare = 100;
  static constexpr std::uint32_t kGliding = 500;
  static constexpr std::uint32_t kBatch = 250;
  static constexpr std::uint32_t kWindows = kBatchRoutes / kBatch;
  static constexpr std::uint32_t kGuestParams = 16;
  static constexpr std::uint32_t kTriggers = 12;  // not as many as a guest has parameters, which is how a guest is told
  static constexpr std::int64_t kSettle = 200'000'000;

  Flood(const std::string& folder, const std::string& runtime_dir, const FloodRates& rates);
  ~Flood();
  Flood(const Flood&) = delete;
  Flood& operator=(const Flood&) = delete;

  /// Everything at once for so long; then the writers stop, and the rest goes on until all automation has settled.
  void run(std::int64_t duration_ns);

  Show show;

  struct Writer {
    std::uint64_t handed = 0;      // values given to the library
    std::uint64_t taken = 0;       // what its written + unchanged must be
    std::uint64_t refused = 0;     // what its rejected must be
    std::int64_t longest_run = 0;  // without a pause
    std::int64_t cpu_ns = 0;
    Findings findings;
    relume_source_info info{};
  };
  struct Watcher {
    std::uint64_t frames = 0;
    std::array<std::uint32_t, kTriggers> pulses{};  // seen last
    Findings findings;
    Findings torn;  // batches that were not seen whole
    RtReport realtime;
  };
  struct Operator {
    std::uint64_t mutations = 0;
    std::uint64_t guests = 0;
    std::uint64_t resets_of_the_run = 0;
    Findings findings;
  };

  Writer singles, batches, run_writer;
  Operator operating;
  Watcher composing, output, preview, sleeper, visitor;
  std::uint64_t runs_shown = 0;       // different ones, by the frame thread
  std::uint64_t frames_in_batch = 0;  // composed while a batch was being written
  std::vector<std::int64_t> compose_ns;
  std::vector<std::int64_t> compose_cpu_ns;  // without what other threads took, but with the guard
  std::int64_t flooded_ns = 0;
  std::vector<std::int64_t> resident;  // bytes, sampled while it ran
  std::uint64_t unsettled = 0;         // routes that did not end as the committed value
  Findings at_rest;

 private:
  void write_singles();
  void write_batches();
  void write_runs();
  void operate();
  relume_result count_single(relume_result result);
  void write_single(Source& source, std::uint32_t route);
  void compose();
  void read(Watcher& watcher, double rate, bool keeps);
  void sleep_over_it();
  void visit();

  void mutate(std::uint64_t round);
  void change_guest();
  void set_one(std::uint32_t route);
  void set_several();
  void reset_layer(std::uint32_t layer);
  bool take(relume_result result);
  relume_value value_for(std::uint32_t route, std::uint32_t value) const;
  template <class F>
  void pulse(Actor actor, std::uint32_t trigger, std::uint32_t count, F&& give);
  void check_pulses(const relume_frame* frame, Watcher& watcher,
                    const std::array<std::uint32_t, kTriggers>& before) const;
  std::uint32_t run_number(const relume_frame* frame) const;
  std::array<std::uint32_t, kTriggers> pulses_given(bool done) const;
  void judge(const relume_frame* frame, bool batch_under_way);
  void judge_rest();
  void check_whole(const relume_frame* frame, Watcher& watcher) const;
  void check_guests(const relume_frame* frame, Watcher& watcher) const;
  static std::uint32_t guest_value(std::uint64_t handle) { return static_cast<std::uint32_t>(handle >> 32U); }
  std::uint32_t random(std::uint32_t below);
  std::uint32_t shown(const relume_frame* frame, std::uint32_t route) const;

  const FloodRates rates_;
  // Open until the end: a source that closes takes its automation with it.
  std::unique_ptr<Source> single_source_;
  std::unique_ptr<Source> batch_source_;
  std::unique_ptr<Stream> stream_;
  std::vector<relume_param> params_;  // by route
  std::vector<relume_param> gliding_;
  std::array<relume_layer, 8> layers_{};  // six of whole numbers, the strip, the desk
  relume_layer guest_layer_{0};
  relume_param pair_[2]{};
  std::unique_ptr<RouteBook> book_;
  // Pulses by actor and trigger, before and after they were given.
  std::array<std::array<std::atomic<std::uint32_t>, kTriggers>, kActors> pulses_begun_{};
  std::array<std::array<std::atomic<std::uint32_t>, kTriggers>, kActors> pulses_done_{};
  std::array<relume_param, kTriggers> triggers_{};
  std::atomic<std::uint64_t> batch_begun_{0};
  std::atomic<std::uint64_t> batch_done_{0};
  std::atomic<std::uint64_t> guest_{0};     // handle of its first parameter, 0 while there is none
  std::atomic<std::uint64_t> composed_{0};  // number of a frame that is published
  std::atomic<bool> writing_{true};
  std::atomic<bool> looking_{true};
  std::vector<std::uint32_t> chosen_;  // the operator's
  std::vector<relume_param> chosen_params_;
  std::vector<relume_value> chosen_values_;
  std::uint64_t random_ = 0x9e3779b97f4a7c15ULL;
  std::uint32_t gliding_turn_ = 0;
};

// Gives pulses by give(value), and keeps account of them.
template <class F>
void Flood::pulse(Actor actor, std::uint32_t trigger, std::uint32_t count, F&& give) {
  const auto add = [count](std::atomic<std::uint32_t>& sum) {
    sum.store(sum.load(std::memory_order_relaxed) + count, kBookRelease);
  };
  add(pulses_begun_[actor][trigger]);
  give(relume_value_trigger(count));
  add(pulses_done_[actor][trigger]);
}

}  // namespace relume::test
