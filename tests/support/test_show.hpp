// SPDX-License-Identifier: Apache-2.0
// A small show without threads, whose time and ticks belong to the test.
#pragma once

#include <relume/relume.hpp>

#include <string>

#include "capi/handles.hpp"

namespace relume::test {

inline constexpr std::int64_t kMs = 1'000'000;

/// Two layers of one type with a parameter of every value type. `level` and `color` glide with 100 ms, all settle in 500 ms.
inline Schema demo_schema() {
  Schema schema;
  schema.type("fixture", {Param("level", RELUME_FLOAT).range(0, 1).initial(scalar(1)).smoothing(100 * kMs),
                          Param("color", RELUME_COLOR).range(0, 1).initial(color(1, 1, 1)).smoothing(100 * kMs),
                          Param("on", RELUME_BOOL), Param("count", RELUME_INT).range(-10, 10),
                          Param("pan", RELUME_VEC2).range(-1, 1), Param("at", RELUME_VEC3), Param("quad", RELUME_VEC4),
                          Param("mode", RELUME_ENUM).labels({"off", "slow", "fast"}), Param("start", RELUME_TIME),
                          Param("step", RELUME_FLOAT).range(0, 1), Param("soft", RELUME_FLOAT).range(0, 1).clamp(),
                          Param("hint", RELUME_FLOAT).range(0, 1).lossy()});
  schema.layer("wash", "fixture").layer("spot", "fixture");
  return schema;
}

inline relume_show_options quiet_options() {
  relume_show_options options = RELUME_SHOW_OPTIONS_INIT;
  options.flags = RELUME_SHOW_NO_THREADS;
  options.max_slots = 4096;
  options.max_layers = 64;
  return options;
}

/// A show in memory, with a reader and the time in the test's hand.
struct TestShow {
  explicit TestShow(const Schema& schema = demo_schema(), const relume_show_options& options = quiet_options())
      : show(schema, options), reader(show.reader()) {}

  /// Lets time pass and composes.
  Frame frame(std::int64_t later_ms = 0) {
    now += later_ms * kMs;
    show.compose(now);
    return reader.acquire();
  }
  float level(const std::string& route, std::int64_t later_ms = 0) { return frame(later_ms).at(show.param(route))->f; }
  /// Frames at 44 Hz, ticking the control role after each, for that long.
  void run(std::int64_t ms) {
    for (const std::int64_t end = now + ms * kMs; now < end;) {
      frame(22);
      show.tick();
    }
    frame();
  }
  relume_tier tier(const std::string& route) { return show.get_value(show.param(route)).tier; }

  Show show;
  Reader reader;
  std::int64_t now = 1000 * kMs;
};

inline Source source_of(Show& show, std::uint32_t priority = 0, relume_commit_policy policy = RELUME_COMMIT_DEFAULT) {
  relume_source_options options = RELUME_SOURCE_OPTIONS_INIT;
  options.priority = priority;
  options.commit_policy = static_cast<std::uint32_t>(policy);
  return show.source(options);
}

/// Opens a show whose system is the test's.
inline relume_result open_with(const Schema& schema, const relume_show_options& options, const core::Seams& seams,
                               relume_show** out, relume_error* error) {
  return core::capi::guarded(error, [&]() -> core::Fault {
    auto handle = std::make_unique<relume_show>();
    if (core::Fault fault = core::Show::open(schema.get()->schema, options, seams, handle->show)) return fault;
    *out = handle.release();
    return {};
  });
}

}  // namespace relume::test
