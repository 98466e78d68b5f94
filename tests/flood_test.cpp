// SPDX-License-Identifier: Apache-2.0
//
// A million automation values per second beside an operator, a frame loop and readers: nothing is lost, nothing waits.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <utility>
#include <vector>

#include "support/flood.hpp"
#include "support/rounds.hpp"
#include "support/temp_folder.hpp"

using relume::test::Flood;
using relume::test::FloodRates;
using relume::test::RtReport;
using relume::test::RtScope;
using relume::test::TempFolder;

namespace {

double micros(const std::vector<std::int64_t>& sorted, double part) {
  if (sorted.empty()) return 0;
  const auto at = static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1));
  return static_cast<double>(sorted[at]) / 1000.0;
}

void print_times(const char* what, std::vector<std::int64_t> times) {
  std::sort(times.begin(), times.end());
  std::printf("flood: %s, %zu frames: p50 %.1f us, p99 %.1f us, p99.9 %.1f us, max %.1f us\n", what, times.size(),
              micros(times, 0.5), micros(times, 0.99), micros(times, 0.999), micros(times, 1));
}

void print_writer(const char* who, const Flood::Writer& writer, double seconds) {
  std::printf(
      "flood: %s: %.0f values/s, %.0f ns of processor each, written %llu, superseded %llu, unchanged %llu, rejected "
      "%llu\n",
      who, static_cast<double>(writer.handed) / seconds,
      static_cast<double>(writer.cpu_ns) / static_cast<double>(std::max<std::uint64_t>(writer.handed, 1)),
      static_cast<unsigned long long>(writer.info.written), static_cast<unsigned long long>(writer.info.superseded),
      static_cast<unsigned long long>(writer.info.unchanged), static_cast<unsigned long long>(writer.info.rejected));
}

void check_found_nothing(const char* who, const relume::test::Findings& findings) {
  INFO(who << ": " << findings.first.data());
  CHECK(findings.count == 0);
}

void check_counters(const char* who, const Flood::Writer& writer) {
  INFO(who);
  CHECK(writer.info.written + writer.info.unchanged == writer.taken);
  CHECK(writer.info.rejected == writer.refused);
  CHECK(writer.info.superseded <= writer.info.written);
  check_found_nothing(who, writer.findings);
}

void check_clean(const char* who, RtReport report, bool memory_locked) {
  if (!memory_locked && report.page_faults != 0) {
    WARN("skipped: page faults; memory could not be locked");
    report.page_faults = 0;
  }
  INFO(who << ": " << report.text());
  CHECK(report.clean());
}

// What the process has resident, from its first quarter on, in which everything is touched for the first time.
void check_flat(const std::vector<std::int64_t>& resident) {
  constexpr std::int64_t kNoise = 2 << 20;
  const auto quarter = static_cast<std::ptrdiff_t>(resident.size() / 4);
  const std::int64_t early = *std::max_element(resident.begin() + quarter, resident.begin() + 2 * quarter);
  const std::int64_t late = *std::max_element(resident.end() - quarter, resident.end());
  std::printf("flood: %.1f MiB resident early, %.1f MiB late\n", static_cast<double>(early) / 1048576.0,
              static_cast<double>(late) / 1048576.0);
  CHECK(late - early < kNoise);
}

}  // namespace

TEST_CASE("A million values a second: every frame has the newest, and no reader or frame thread waits", "[flood]") {
  const TempFolder folder;
  const TempFolder runtime("/dev/shm");
  FloodRates rates;
  rates.values_per_second = static_cast<double>(relume::test::rounds(1'000'000, 1'000'000));
  rates.mutations_per_second = static_cast<double>(relume::test::rounds(1'000, 1'000));
  Flood flood(folder.path() + "/demo.show", runtime.path(), rates);
  flood.run(std::max(relume::test::rounds(10'000, 60'000), 3'000L) * 1'000'000);

  const double seconds = static_cast<double>(flood.flooded_ns) / 1e9;
  const std::uint64_t handed = flood.singles.handed + flood.batches.handed + flood.run_writer.handed;
  const double rate = static_cast<double>(handed) / seconds;
  std::printf("flood: %.0f values/s and %.0f mutations/s for %.1f s over %u routes; %llu guest layers, %llu visits\n",
              rate, static_cast<double>(flood.operating.mutations) / seconds, seconds, Flood::kRoutes,
              static_cast<unsigned long long>(flood.operating.guests),
              static_cast<unsigned long long>(flood.visitor.frames));
  print_writer("singles", flood.singles, seconds);
  print_writer("batches", flood.batches, seconds);
  print_writer("runs", flood.run_writer, seconds);
  print_times("compose", flood.compose_ns);
  print_times("processor time of compose and guard", flood.compose_cpu_ns);
  std::printf("flood: %llu of %llu frames were composed while a batch was half written\n",
              static_cast<unsigned long long>(flood.frames_in_batch),
              static_cast<unsigned long long>(flood.composing.frames));

  // A tenth of what was asked for is asked of a machine that has other things to do, too.
  CHECK(rate > rates.values_per_second / 10);
  CHECK(static_cast<double>(flood.operating.mutations) / seconds > rates.mutations_per_second / 10);
  CHECK(flood.operating.guests > 0);
  CHECK(flood.singles.refused > 0);  // values for a guest that had gone
  CHECK(flood.frames_in_batch < flood.composing.frames);

  check_counters("singles", flood.singles);
  check_counters("batches", flood.batches);
  check_counters("runs", flood.run_writer);
  // Each run that was not superseded was taken by one frame, and shown by it, unless a reset of its layer was faster.
  const std::uint64_t runs_taken = flood.run_writer.info.written - flood.run_writer.info.superseded;
  CHECK(runs_taken >= flood.runs_shown);
  CHECK(runs_taken <= flood.runs_shown + flood.operating.resets_of_the_run);
  check_found_nothing("operator", flood.operating.findings);
  for (const auto& [who, watcher] : {std::pair<const char*, const Flood::Watcher&>{"frame thread", flood.composing},
                                     {"reader at 60 Hz", flood.output},
                                     {"reader at 24 Hz", flood.preview},
                                     {"reader that sleeps", flood.sleeper},
                                     {"readers that come and go", flood.visitor}}) {
    CHECK(watcher.frames > 0);
    check_found_nothing(who, watcher.findings);
    check_clean(who, watcher.realtime, flood.show.info().memory_locked != 0);
    // Batches without a pause for 250 ms may be seen torn; so it may come on a machine where their thread gets too little time.
    if (flood.batches.longest_run < 200'000'000) check_found_nothing(who, watcher.torn);
  }
  check_found_nothing("at rest", flood.at_rest);
  CHECK(flood.unsettled == 0);
  if (RtScope::available()) check_flat(flood.resident);  // a sanitizer's own memory grows
}
