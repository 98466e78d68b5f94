// SPDX-License-Identifier: Apache-2.0
//
// Every wait-free function of the public C API, run in a busy show under the own guard: no allocation, lock, system call, page
// fault or wait. In a sanitizer build the same bodies run for the sanitizer to judge; under RealtimeSanitizer that is the proof
// at run time.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include "support/busy_show.hpp"
#include "support/composer_arrays.hpp"
#include "support/rounds.hpp"
#include "support/rt_guard.hpp"
#include "support/temp_folder.hpp"

using relume::test::BusyShow;
using relume::test::RtReport;
using relume::test::RtScope;
using relume::test::TempFolder;

namespace {

// Counts what went wrong instead of asserting: an assertion would itself allocate inside the scope.
std::uint64_t failures;

void expect(bool good) { failures += good ? 0U : 1U; }

template <class T>
bool sized(const T& made) {
  return made.struct_size == sizeof(T);
}

template <class T>
void run_init(void (*init)(T*, std::size_t)) {
  T made;
  init(&made, sizeof made);
  expect(sized(made));
}

// An engine without a show, beside the one with; made and touched before any scope begins.
relume::test::ComposerArrays engine(1000);

void compose_engine(std::int64_t now_ns) {
  for (std::size_t i = 0; i < engine.slots; i += 3) engine.automate(i, static_cast<float>(now_ns >> 24U & 7) / 8.0F);
  expect(engine.run(now_ns) == RELUME_OK);
}

void change(BusyShow& busy, std::size_t i) {
  expect(relume_gesture_change(busy.source, busy.batch[i].param, &busy.batch[i].value, busy.now_ns) == RELUME_OK);
}

// Gestures with some parameters at a time, and what happens in them; all are over at the end.
void in_gestures(
    BusyShow& busy, relume_result (*finish)(relume_source*, relume_param, std::int64_t),
    void (*meanwhile)(BusyShow&, std::size_t) = [](BusyShow&, std::size_t) {}) {
  constexpr std::size_t kHands = 10;
  for (std::size_t i = 0; i < kHands; ++i) {
    expect(relume_gesture_begin(busy.source, busy.batch[i].param, busy.now_ns) == RELUME_OK);
  }
  for (std::size_t i = 0; i < kHands; ++i) meanwhile(busy, i);
  for (std::size_t i = 0; i < kHands; ++i) {
    expect(finish(busy.source, busy.batch[i].param, busy.now_ns) == RELUME_OK);
  }
}

// How each function of realtime_table.txt is run, between operate() and the next one.
struct Exercise {
  const char* name;
  void (*run)(BusyShow& busy);
};

const Exercise kExercises[] = {
    {"relume_version", [](BusyShow&) { expect(relume_version()[0] != '\0'); }},
    {"relume_result_name",
     [](BusyShow&) {
       for (int code = -40; code < 2; ++code) expect(relume_result_name(code) != nullptr);
     }},
    {"relume_error_init", [](BusyShow&) { run_init(relume_error_init); }},
    {"relume_outcome_init", [](BusyShow&) { run_init(relume_outcome_init); }},
    {"relume_param_def_init", [](BusyShow&) { run_init(relume_param_def_init); }},
    {"relume_layer_type_def_init", [](BusyShow&) { run_init(relume_layer_type_def_init); }},
    {"relume_show_options_init", [](BusyShow&) { run_init(relume_show_options_init); }},
    {"relume_source_options_init", [](BusyShow&) { run_init(relume_source_options_init); }},
    {"relume_health_init", [](BusyShow&) { run_init(relume_health_init); }},

    {"relume_value_bool", [](BusyShow&) { expect(relume_value_bool(1).as.i == 1); }},
    {"relume_value_int", [](BusyShow&) { expect(relume_value_int(-7).as.i == -7); }},
    {"relume_value_float", [](BusyShow&) { expect(relume_value_float(0.5F).type == RELUME_FLOAT); }},
    {"relume_value_vec2", [](BusyShow&) { expect(relume_value_vec2(1, 2).type == RELUME_VEC2); }},
    {"relume_value_vec3", [](BusyShow&) { expect(relume_value_vec3(1, 2, 3).type == RELUME_VEC3); }},
    {"relume_value_vec4", [](BusyShow&) { expect(relume_value_vec4(1, 2, 3, 4).type == RELUME_VEC4); }},
    {"relume_value_color", [](BusyShow&) { expect(relume_value_color(1, 2, 3, 4).type == RELUME_COLOR); }},
    {"relume_value_enum", [](BusyShow&) { expect(relume_value_enum(2).as.i == 2); }},
    {"relume_value_time", [](BusyShow&) { expect(relume_value_time(5).as.t == 5); }},
    {"relume_value_text", [](BusyShow&) { expect(relume_value_text("abc").as.text.size == 3); }},
    {"relume_value_trigger", [](BusyShow&) { expect(relume_value_trigger(3).as.i == 3); }},
    {"relume_classification",
     [](BusyShow&) {
       relume_field field = RELUME_FIELD_INIT;
       expect(relume_classification(0, &field) == RELUME_OK && relume_classification(99, &field) == RELUME_E_RANGE);
     }},
    {"relume_type_lanes",
     [](BusyShow&) { expect(relume_type_lanes(RELUME_COLOR) == 4 && relume_type_lanes(99) == 0); }},

    {"relume_compose", [](BusyShow& b) { expect(relume_compose(b.show.get(), b.tick()) > b.frame->number); }},
    {"relume_reader_acquire", [](BusyShow& b) { expect((b.frame = relume_reader_acquire(b.reader)) != nullptr); }},
    {"relume_frame_retain",
     [](BusyShow& b) {
       expect(relume_frame_retain(b.frame) == RELUME_OK);
       b.retained.push_back(b.frame);  // its room was reserved
     }},
    {"relume_frame_at",
     [](BusyShow& b) {
       for (const relume_param param : b.params) expect(relume_frame_at(b.frame, param) != nullptr);
     }},
    {"relume_frame_layout",
     [](BusyShow& b) {
       relume_frame_param rows[128];
       expect(relume_frame_layout(b.frame, relume_layer{0}, rows, 128) > 128);
       expect(relume_frame_layout(b.frame, b.frame->layers[1].layer, rows, 128) > 0);
     }},
    {"relume_dmx_pack",
     [](BusyShow& b) {
       std::uint8_t channels[2 * RELUME_DMX_CHANNELS];
       const auto tick = static_cast<std::uint32_t>(b.operations);
       for (std::uint32_t flags = 0; flags < 8; ++flags) {
         expect(relume_dmx_pack(&b.frame->slots->f, 1, RELUME_DMX_CHANNELS, flags, tick, channels, sizeof channels) ==
                RELUME_OK);
       }
     }},
    {"relume_dmx_pack_universe",
     [](BusyShow& b) {
       std::uint8_t channels[RELUME_DMX_CHANNELS];
       const relume_dmx_patch patch[] = {{0, RELUME_DMX_NO_SLOT, 256, 0, 1, 0, 0, 0},
                                         {8, 0, 3, 256, 80, 3, RELUME_DMX_DITHER, 0}};
       expect(relume_dmx_pack_universe(patch, 2, b.frame->slots, b.frame->slot_count, 0.5, 7, channels, sizeof channels,
                                       nullptr) == RELUME_OK);
     }},
    {"relume_overlay_write",
     [](BusyShow& b) {
       for (std::size_t i = 0; i < 32; ++i) {
         expect(relume_overlay_write(b.source, b.batch[i].param, &b.batch[i].value, b.now_ns) == RELUME_OK);
       }
     }},
    {"relume_overlay_write_many",
     [](BusyShow& b) {
       std::size_t culprit = 0;
       expect(relume_overlay_write_many(b.source, b.batch.data(), b.batch.size(), b.now_ns, &culprit) == RELUME_OK);
     }},
    {"relume_overlay_release",
     [](BusyShow& b) {
       for (std::size_t i = 0; i < 8; ++i)
         expect(relume_overlay_release(b.source, b.batch[i].param, b.now_ns) == RELUME_OK);
     }},
    {"relume_gesture_begin", [](BusyShow& b) { in_gestures(b, relume_gesture_abort); }},
    {"relume_gesture_change",
     [](BusyShow& b) { in_gestures(b, relume_gesture_end, [](BusyShow& show, std::size_t i) { change(show, i); }); }},
    {"relume_gesture_end",
     [](BusyShow& b) {
       // A frame has the gesture in hand before it ends.
       in_gestures(b, relume_gesture_end, [](BusyShow& show, std::size_t i) {
         change(show, i);
         if (i == 0) expect(relume_compose(show.show.get(), show.tick()) != 0);
       });
     }},
    {"relume_gesture_abort",
     [](BusyShow& b) {
       in_gestures(b, relume_gesture_abort, [](BusyShow& show, std::size_t i) {
         if (i == 0) expect(relume_compose(show.show.get(), show.tick()) != 0);
       });
     }},
    {"relume_source_info_get",
     [](BusyShow& b) {
       relume_source_info info = RELUME_SOURCE_INFO_INIT;
       expect(relume_source_info_get(b.source, &info) == RELUME_OK && info.number >= 1);
     }},
    {"relume_stream_write",
     [](BusyShow& b) {
       for (std::size_t i = 0; i < b.run.size(); ++i) b.run[i] = static_cast<float>((b.operations + i) % 64) / 64.0F;
       expect(relume_stream_write(b.stream, b.run.data(), b.run.size(), b.now_ns, nullptr) == RELUME_OK);
     }},
    {"relume_stream_info_get",
     [](BusyShow& b) {
       relume_source_info info = RELUME_SOURCE_INFO_INIT;
       expect(relume_stream_info_get(b.stream, &info) == RELUME_OK && info.number >= 2);
     }},

    {"relume_composer_def_init", [](BusyShow&) { run_init(relume_composer_def_init); }},
    {"relume_composer_input_init", [](BusyShow&) { run_init(relume_composer_input_init); }},
    {"relume_composer_output_init", [](BusyShow&) { run_init(relume_composer_output_init); }},
    {"relume_replay_result_init", [](BusyShow&) { run_init(relume_replay_result_init); }},
    {"relume_replay_visitor_init", [](BusyShow&) { run_init(relume_replay_visitor_init); }},
    {"relume_composer_define",
     [](BusyShow&) {
       expect(engine.define(0, 1000, relume::test::composer_def(RELUME_COMPOSER_FLOAT, 1, 50'000'000, 1'000'000)));
     }},
    {"relume_composer_run", [](BusyShow& b) { compose_engine(b.now_ns); }},
    {"relume_composer_forget",
     [](BusyShow&) {
       expect(relume_composer_forget(engine.scratch.data(), engine.blocks, 100, 300, nullptr) == RELUME_OK);
     }},
};

void add(RtReport& total, const RtReport& one) {
  total.allocations += one.allocations;
  total.frees += one.frees;
  total.locks += one.locks;
  total.system_calls += one.system_calls;
  total.page_faults += one.page_faults;
  total.context_switches += one.context_switches;
  if (total.first[0] == '\0') std::copy(std::begin(one.first), std::end(one.first), std::begin(total.first));
}

// Without locked memory a page may go and come again at any time; then faults prove nothing about the library.
void check_clean(RtReport report, const BusyShow& busy) {
  if (const char* reason = RtScope::system_calls_unwatched()) WARN(reason);
  if (busy.show.info().memory_locked == 0 && report.page_faults != 0) {
    WARN("skipped: page faults; memory could not be locked: errno " << busy.show.info().memory_lock_errno);
    report.page_faults = 0;
  }
  INFO(report.text());
  CHECK(report.clean());
  CHECK(failures == 0);
  failures = 0;
}

// A round of the show around one exercise: before it, everything that its function needs to have real work.
void prepare(BusyShow& busy) {
  busy.release_frames();
  busy.operate();
  busy.draw_batch();
  expect(relume_overlay_write_many(busy.source, busy.batch.data(), busy.batch.size(), busy.now_ns, nullptr) ==
         RELUME_OK);
  busy.show.compose(busy.tick());
  busy.frame = relume_reader_acquire(busy.reader);
  busy.operate();
  busy.draw_batch();
}

void run_all_exercises(BusyShow& busy) {
  for (const Exercise& exercise : kExercises) {
    RtReport total;
    // What is first touched here is no fault of what is counted then; under a sanitizer nothing is counted.
    for (long round = 0, warm = relume::test::rounds(16, 16); round < warm; ++round) {
      prepare(busy);
      exercise.run(busy);
    }
    for (long round = 0, count = relume::test::rounds(100, 10'000); round < count; ++round) {
      prepare(busy);
      RtScope scope;
      exercise.run(busy);
      add(total, scope.finish());
    }
    INFO(exercise.name);
    check_clean(total, busy);
  }
}

// Moves every target of the batch to the other side of its range.
void flip(BusyShow& busy) {
  for (relume_overlay_value& one : busy.batch) one.value.as.f[0] = 1.0F - one.value.as.f[0];
}

// One frame of an output thread with all it may do.
void whole_frame(BusyShow& busy) {
  std::size_t culprit = 0;
  expect(relume_overlay_write_many(busy.source, busy.batch.data(), busy.batch.size(), busy.now_ns, &culprit) ==
         RELUME_OK);
  expect(relume_overlay_release(busy.source, busy.batch[0].param, busy.now_ns) == RELUME_OK);
  in_gestures(busy, relume_gesture_end, change);
  expect(relume_stream_write(busy.stream, busy.run.data(), busy.run.size(), busy.now_ns, nullptr) == RELUME_OK);
  expect(relume_compose(busy.show.get(), busy.tick()) != 0);
  busy.frame = relume_reader_acquire(busy.reader);
  for (const relume_param param : busy.params) expect(relume_frame_at(busy.frame, param) != nullptr);
}

}  // namespace

TEST_CASE("realtime: the table and the exercises name the same functions", "[realtime]") {
  std::ifstream table(RELUME_REALTIME_TABLE);
  REQUIRE(table);
  std::set<std::string> listed;
  for (std::string line; std::getline(table, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string name;
    if (words >> name) listed.insert(name);
  }
  std::set<std::string> exercised;
  for (const Exercise& exercise : kExercises) exercised.insert(exercise.name);
  CHECK(listed == exercised);
  CHECK(exercised.size() == std::size(kExercises));
}

TEST_CASE("realtime: every wait-free function is clean in a show in memory", "[realtime]") {
  BusyShow busy("", "", RELUME_SHOW_NO_THREADS);
  run_all_exercises(busy);
}

TEST_CASE("realtime: every wait-free function is clean in a show with a mirror", "[realtime]") {
  const TempFolder folder;
  const TempFolder runtime("/dev/shm");
  BusyShow busy(folder.path() + "/demo.show", runtime.path(), 0);
  REQUIRE(busy.show.recovery().mirror == 1);
  run_all_exercises(busy);
}

TEST_CASE("realtime: a frame loop stays clean while settled automation is committed", "[realtime]") {
  BusyShow busy("", "", RELUME_SHOW_NO_THREADS);
  RtReport total;
  const std::uint64_t before = busy.show.status().accepted;
  for (long round = -100, count = relume::test::rounds(500, 50'000); round < count; ++round) {
    busy.show.tick();
    if (round % 80 == 0) busy.draw_batch();  // then it is left alone, so that it settles
    RtScope scope;
    whole_frame(busy);
    if (round >= 0) add(total, scope.finish());
  }
  CHECK(busy.show.status().accepted > before);
  check_clean(total, busy);
}

TEST_CASE("realtime: a refused call is as wait-free as a taken one", "[realtime]") {
  BusyShow busy("", "", RELUME_SHOW_NO_THREADS);
  const relume_value nan = relume::scalar(std::numeric_limits<float>::quiet_NaN());
  const relume_value wide = relume::scalar(7.0F);
  const relume_value other = relume::boolean(true);
  const relume_value good = relume::scalar(0.5F);
  const relume_param stranger{~std::uint64_t{0}};
  const relume_param level = busy.floats[0];
  const auto refuse = [&] {
    relume_source_info broken = RELUME_SOURCE_INFO_INIT;
    broken.struct_size = 1;
    expect(relume_overlay_write(busy.source, level, &nan, busy.now_ns) == RELUME_E_NOT_FINITE);
    expect(relume_overlay_write(busy.source, level, &wide, busy.now_ns) == RELUME_E_RANGE);
    expect(relume_overlay_write(busy.source, level, &other, busy.now_ns) == RELUME_E_TYPE);
    expect(relume_overlay_write(busy.source, stranger, &good, busy.now_ns) == RELUME_E_UNKNOWN_ROUTE);
    expect(relume_overlay_write(busy.source, level, nullptr, busy.now_ns) == RELUME_E_INVALID);
    expect(relume_overlay_write(nullptr, level, &good, busy.now_ns) == RELUME_E_INVALID);
    expect(relume_overlay_write_many(busy.source, nullptr, 3, busy.now_ns, nullptr) == RELUME_E_INVALID);
    expect(relume_overlay_release(busy.source, stranger, busy.now_ns) == RELUME_E_UNKNOWN_ROUTE);
    expect(relume_gesture_begin(busy.source, stranger, busy.now_ns) == RELUME_E_UNKNOWN_ROUTE);
    expect(relume_gesture_change(busy.source, level, &good, busy.now_ns) == RELUME_E_STATE);
    expect(relume_gesture_change(busy.source, level, &nan, busy.now_ns) == RELUME_E_NOT_FINITE);
    expect(relume_gesture_end(busy.source, level, busy.now_ns) == RELUME_E_STATE);
    expect(relume_gesture_abort(nullptr, level, busy.now_ns) == RELUME_E_INVALID);
    expect(relume_source_info_get(busy.source, &broken) == RELUME_E_INVALID);
    std::vector<float>& run = busy.run;
    run[3] = std::numeric_limits<float>::quiet_NaN();
    expect(relume_stream_write(busy.stream, run.data(), run.size(), busy.now_ns, nullptr) == RELUME_E_NOT_FINITE);
    run[3] = 2.0F;
    expect(relume_stream_write(busy.stream, run.data(), run.size(), busy.now_ns, nullptr) == RELUME_E_RANGE);
    expect(relume_stream_write(busy.stream, nullptr, run.size(), busy.now_ns, nullptr) == RELUME_E_INVALID);
    run[3] = 0.0F;
    expect(relume_compose(nullptr, busy.now_ns) == 0);
    expect(relume_frame_retain(nullptr) == RELUME_E_INVALID);
    expect(relume_frame_at(busy.frame, stranger) == nullptr);
  };
  refuse();
  RtScope scope;
  refuse();
  check_clean(scope.finish(), busy);
}

TEST_CASE("realtime: composing stays clean while another thread changes everything", "[realtime][threads]") {
  const TempFolder folder;
  const TempFolder runtime("/dev/shm");
  for (const bool mirrored : {false, true}) {
    BusyShow busy(mirrored ? folder.path() + "/demo.show" : "", mirrored ? runtime.path() : "", 0);
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> done{0};
    std::thread operating([&] {
      while (!stop) {
        busy.operate();
        done = busy.operations;
      }
    });
    const auto next_frame = [&] {
      flip(busy);
      whole_frame(busy);
    };
    for (int i = 0; i < 100; ++i) next_frame();
    const std::uint64_t before = done;
    RtReport total;
    {
      RtScope scope;
      for (long i = 0, count = relume::test::rounds(2'000, 1'000'000); i < count; ++i) next_frame();
      add(total, scope.finish());
    }
    const std::uint64_t during = done - before;
    stop = true;
    operating.join();
    INFO((mirrored ? "with a mirror, " : "in memory, ") << during << " operations during the scope");
    CHECK(during > 0);
    check_clean(total, busy);
  }
}
