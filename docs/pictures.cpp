// SPDX-License-Identifier: Apache-2.0
// What the pictures of concepts.md show: real shows on a clock of their own, 100 frames a second. Prints a line for each thing
// that pictures.py draws:
//
//   picture,shown,name,ms,number     what frames show           picture,written,name,ms,number   what a source writes; no number:
//   picture,holder,name,ms,          who holds the parameter                                     nothing any more
//   picture,mark,words,ms,           what happens
#include <relume/relume.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace relume;

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kStep = 10;           // milliseconds from frame to frame
constexpr std::int64_t kBegin = 1000 * kMs;  // of the clock; a picture begins at 0

void must(relume_result result) {
  if (result != RELUME_OK) throw std::runtime_error(relume_result_name(result));
}

Schema schema() {
  const auto level = [](const char* key, std::int64_t glide_ms) {
    return Param(key, RELUME_FLOAT).range(0, 1).smoothing(glide_ms * kMs).settle(500 * kMs);
  };
  Schema schema;
  schema.type("fixture",
              {level("level", 100), level("highest", 100).highest(), level("other", 100), level("quick", 40)});
  schema.layer("wash", "fixture");
  return schema;
}

relume_show_options options() {
  relume_show_options options = RELUME_SHOW_OPTIONS_INIT;
  options.flags = RELUME_SHOW_NO_THREADS;
  options.max_slots = 64;
  return options;
}

/// One picture: a show, its clock, and what is to happen when.
class Stage {
 public:
  explicit Stage(const char* picture) : picture_(picture), show(schema(), options()), reader_(show.reader()) {}

  /// Draws what is shown of a parameter, and perhaps who holds it.
  void draw(const char* key, const char* name, bool holder = false) { drawn_.push_back({param(key), name, holder}); }
  /// Does something just before the frame of that time.
  void at(std::int64_t ms, std::function<void()> what) { plan_.emplace(ms, std::move(what)); }
  /// The same, every so many milliseconds.
  void every(std::int64_t from, std::int64_t to, std::int64_t step, std::function<void()> what) {
    const auto shared = std::make_shared<std::function<void()>>(std::move(what));
    for (std::int64_t ms = from; ms <= to; ms += step) at(ms, [shared] { (*shared)(); });
  }
  /// Marks the frame since which a parameter's committed value is this one.
  void mark_commit(relume_param param, float value) {
    every(0, 3000, kStep, [this, param, value, done = false]() mutable {
      const relume_value committed = show.explain(param).committed;
      if (done || committed.type == 0 || committed.as.f[0] != value) return;
      done = true;
      mark("committed");
    });
  }
  void mark(const char* words) const { print("mark", words); }

  Source source(const char* name, std::uint32_t priority = 0, relume_commit_policy policy = RELUME_COMMIT_RENDER_ONLY,
                std::int64_t timeout_ms = 0) {
    relume_source_options options = RELUME_SOURCE_OPTIONS_INIT;
    options.priority = priority;
    options.commit_policy = static_cast<std::uint32_t>(policy);
    options.timeout_ns = timeout_ms * kMs;
    Source opened = show.source(options);
    sources_[opened.info().number] = name;
    return opened;
  }
  void write(Source& source, const char* key, const char* name, double value) const {
    must(source.write(param(key), scalar(static_cast<float>(value)), clock()));
    print("written", name, value);
  }
  void release(Source& source, const char* key, const char* name) const {
    must(source.release(param(key), clock()));
    silent(name);
  }
  void written(const char* name, double value) const { print("written", name, value); }
  void silent(const char* name) const { print("written", name, std::numeric_limits<double>::quiet_NaN()); }
  void drag(Source& hand, double value) const {
    must(hand.change(param("quick"), scalar(static_cast<float>(value)), clock()));
    print("written", "the hand", value);
  }

  relume_param param(const char* key) const { return show.param(std::string("wash/") + key); }
  std::int64_t clock() const { return kBegin + ms_ * kMs; }
  double seconds() const { return static_cast<double>(ms_) / 1000.0; }

  void run(std::int64_t ms) {
    for (ms_ = 0; ms_ <= ms; ms_ += kStep) {
      const auto [first, last] = plan_.equal_range(ms_);
      for (auto it = first; it != last; ++it) it->second();
      show.compose(clock());
      show.tick();
      const Frame frame = reader_.acquire();
      for (const Drawn& drawn : drawn_) {
        print("shown", drawn.name, static_cast<double>(frame.at(drawn.param)->f));
        if (drawn.holder) print("holder", holder(drawn.param));
      }
    }
  }

 private:
  struct Drawn {
    relume_param param;
    const char* name;
    bool holder;
  };

  std::string holder(relume_param param) const {
    const relume_explanation explained = show.explain(param);
    switch (explained.winner) {
      case RELUME_TIER_DEFAULT: return "default";
      case RELUME_TIER_PERSISTED: return "persisted";
      case RELUME_TIER_COMMITTED: return "committed";
      default: break;
    }
    const auto source = sources_.find(explained.source);
    return source != sources_.end() ? source->second : "gliding back";
  }
  void print(const char* kind, const std::string& name) const {
    std::printf("%s,%s,%s,%lld,\n", picture_, kind, name.c_str(), static_cast<long long>(ms_));
  }
  void print(const char* kind, const char* name, double number) const {
    std::printf("%s,%s,%s,%lld,", picture_, kind, name, static_cast<long long>(ms_));
    std::printf(std::isnan(number) ? "\n" : "%.4f\n", number);
  }

  const char* picture_;

 public:
  Show show;

 private:
  Reader reader_;
  std::int64_t ms_ = 0;
  std::multimap<std::int64_t, std::function<void()>> plan_;
  std::vector<Drawn> drawn_;
  std::map<std::uint32_t, std::string> sources_;
};

void tiers() {
  Stage s("tiers");
  const relume_param level = s.param("level");
  Source osc = s.source("transient");
  s.draw("level", "shown", true);
  s.at(200, [&] { s.show.persist(level, scalar(0.3F)), s.written("persisted", 0.3), s.mark("persist 0.3"); });
  s.at(600, [&] { s.show.set(level, scalar(0.6F)), s.written("committed", 0.6), s.mark("set 0.6"); });
  s.at(1000, [&] { s.write(osc, "level", "transient", 0.95), s.mark("a source writes 0.95"); });
  s.at(1600, [&] { s.release(osc, "level", "transient"), s.mark("it releases"); });
  s.at(2500, [&] { s.show.revert(), s.silent("committed"), s.mark("revert"); });
  s.run(2800);
}

void settle() {
  Stage s("settle");
  const relume_param level = s.param("quick");
  Source osc = s.source("automation", 0, RELUME_COMMIT_SESSION);
  s.draw("quick", "shown", true);
  s.every(200, 620, 60, [&] { s.write(osc, "quick", "written", 0.1 + 0.7 * (s.seconds() - 0.2) / 0.42); });
  s.at(620, [&] { s.mark("last change"); });
  s.every(680, 1400, 60, [&] { s.write(osc, "quick", "written", 0.8); });  // equal values are no change
  s.mark_commit(level, 0.8F);
  s.at(1700, [&] { s.show.set(level, scalar(0.4F)), s.silent("written"), s.mark("an operator sets 0.4"); });
  s.run(2200);
}

/// A smooth way from one value to another.
double way(double from, double to, double part) { return from + (to - from) * part * part * (3 - 2 * part); }

void gestures() {
  Stage s("gestures");
  const relume_param level = s.param("quick");
  s.show.set(level, scalar(0.2F));
  Source hand = s.source("gesture", 0, RELUME_COMMIT_SESSION);
  s.draw("quick", "shown", true);
  s.mark_commit(level, 0.8F);
  s.at(200, [&] { must(hand.begin(level, s.clock())), s.mark("begin"); });
  s.every(300, 900, 20, [&] { s.drag(hand, way(0.2, 0.8, (s.seconds() - 0.3) / 0.6)); });
  s.at(1100, [&] { must(hand.end(level, s.clock())), s.silent("the hand"), s.mark("end"); });
  s.at(1600, [&] { must(hand.begin(level, s.clock())), s.mark("begin"); });
  s.every(1700, 2200, 20, [&] { s.drag(hand, way(0.8, 0.35, (s.seconds() - 1.7) / 0.5)); });
  s.at(2400, [&] { must(hand.abort(level, s.clock())), s.silent("the hand"), s.mark("abort"); });
  s.run(3000);
}

void priorities() {
  Stage s("priorities");
  const relume_param level = s.param("level");
  Source lfo = s.source("LFO (100)");
  Source spot = s.source("spot (120)", 120);
  s.draw("level", "shown", true);
  const auto wave = [&] { s.write(lfo, "level", "LFO", 0.4 + 0.2 * std::sin(6.2831853 * (s.seconds() - 0.1) / 0.8)); };
  s.every(100, 1900, 20, wave);
  s.at(600, [&] { s.write(spot, "level", "spot", 0.9), s.mark("the spot writes"); });
  s.at(1100, [&] { s.release(spot, "level", "spot"), s.mark("releases"); });
  s.at(1600, [&] { s.write(spot, "level", "spot", 0.9), s.mark("writes again"); });
  s.at(2100, [&] {
    s.show.set(level, scalar(0.1F)), s.silent("LFO"), s.written("committed", 0.1), s.mark("an operator sets 0.1");
  });
  s.at(2600, [&] { s.release(spot, "level", "spot"), s.mark("releases"); });
  s.run(3200);
}

void merge() {
  Stage s("merge");
  Source a = s.source("A");
  Source b = s.source("B");
  s.draw("level", "latest");
  s.draw("highest", "highest");
  const auto both = [&](Source& source, const char* name, double value) {
    must(source.write(s.param("highest"), scalar(static_cast<float>(value)), s.clock()));
    s.write(source, "level", name, value);
  };
  s.at(100, [&] { both(a, "A writes", 0.5); });
  s.at(500, [&] { both(b, "B writes", 0.8); });
  s.at(900, [&] { both(a, "A writes", 0.35); });
  s.at(1300, [&] { both(b, "B writes", 0.2); });
  s.at(1700, [&] { both(a, "A writes", 0.65); });
  s.at(2100, [&] {
    must(a.release(s.param("highest"), s.clock()));
    s.release(a, "level", "A writes");
    s.mark("A releases");
  });
  s.run(2600);
}

void timeouts() {
  Stage s("timeouts");
  s.show.set(s.param("level"), scalar(0.2F));
  s.show.set(s.param("other"), scalar(0.05F));
  Source tracker = s.source("tracker", 0, RELUME_COMMIT_RENDER_ONLY, 300);
  s.draw("level", "level", true);
  s.draw("other", "other");
  const auto speak = [&](double part) {
    s.write(tracker, "level", "written to level", 0.5 + 0.35 * part);
    s.write(tracker, "other", "written to other", 0.5 - 0.2 * part);
  };
  s.every(200, 500, 50, [&, speak] { speak((s.seconds() - 0.2) / 0.3); });
  s.every(550, 900, 50, [speak] { speak(1); });
  s.at(900, [&] { s.mark("last packet"); });
  bool lost = false;
  s.every(900, 1500, kStep, [&] {
    if (lost || tracker.info().timeouts == 0) return;
    lost = true;
    s.silent("written to level"), s.silent("written to other"), s.mark("lost");
  });
  s.at(1800, [&] { s.mark("it speaks again"); });
  s.every(1800, 2400, 50, [speak] { speak(0.4); });
  s.run(2400);
}

}  // namespace

int main() {
  try {
    for (void (*picture)() : {tiers, settle, gestures, priorities, merge, timeouts}) picture();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pictures: error: %s\n", error.what());
    return 1;
  }
}
