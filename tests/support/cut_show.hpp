// SPDX-License-Identifier: Apache-2.0
// A show on the simulated disk as a workload of power cuts: changes by a script, saves, closes, deaths; and what a cut left of
// it against the model.
#pragma once

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/crash_states.hpp"
#include "support/faulty_files.hpp"
#include "support/show_model.hpp"
#include "support/test_show.hpp"

namespace relume::test {

/// Held by the test; it runs in both times.
class SteppedClock final : public core::platform::Clock {
 public:
  std::int64_t now = 1'000'000'000'000;
  std::int64_t realtime_ns() override { return now; }
  std::int64_t monotonic_ns() override { return now; }
};

/// Lets somebody look around before each call that has a name.
class WatchedCalls final : public PassingFiles {
  using Base = PassingFiles;

 public:
  explicit WatchedCalls(core::platform::Files& to) : Base(to) {}
  std::function<void()> before_call = [] {};

  using Base::open;
  using Base::rename;
  int open(int d, const std::string& n, int f, unsigned m) override {
    before_call();
    return Base::open(d, n, f, m);
  }
  int rename(int fd, const std::string& f, int td, const std::string& t) override {
    before_call();
    return Base::rename(fd, f, td, t);
  }
};

class CutShow final : public Workload {
 public:
  /// What is left of the folder besides, and so what has to bring the show back.
  enum class Left { all, document, generations };
  /// What happens after a change.
  enum class Then { nothing, tick, settle, save, save_twice, flush, close, die };
  struct Step {
    std::function<void(Edit&)> change;
    Then then;
  };
  using Guard = std::function<std::unique_ptr<PassingFiles>(core::platform::Files&)>;

  explicit CutShow(std::vector<Step> script, Left left = Left::all) : script_(std::move(script)), left_(left) {
    seams_.clock = &clock_;
  }

  Guard without;                               // a file table that leaves out what guards against a cut
  bool document_first = false;                 // the wrong order
  bool goes_on = false;                        // after a cut the show is not only opened, but saved and closed
  std::uint64_t dies_at = 0;                   // which writing call after Then::die is the process's last
  bool died = false;                           // it had so many
  std::map<std::string, std::uint64_t> rungs;  // that brought a state back

  void run(core::platform::Files& files, Journal& journal) override {
    const std::unique_ptr<PassingFiles> guarded = without ? without(files) : std::make_unique<PassingFiles>(files);
    WatchedCalls watched(*guarded);
    FaultyFiles faulty(watched);
    seams_.files = &faulty;
    seams_.document_first = document_first;
    journal_ = &journal;
    watched.before_call = [this] { acknowledge(); };
    const std::shared_ptr<void> closing(nullptr, [this](void*) { show_.reset(); });  // before its files
    ShowModel model;
    states_ = {{0, model}};
    open();
    tick();
    for (const Step& step : script_) {
      journal.begin(states_.size());
      Edit edit(*show_, model);
      step.change(edit);
      const relume_outcome outcome = edit.apply();
      REQUIRE(outcome.state == RELUME_STATE_CHANGED);
      states_.push_back({outcome.revision, model});
      REQUIRE(picture(show_->get()) == model.text());
      follow(step.then, faulty, static_cast<SimDisk&>(files));
      model = states_.back().model;
    }
    show_.reset();
    acknowledge_all();
  }

  std::string check(core::platform::Files& files, const Promise& promise) override {
    if (left_ != Left::all) remove_better(files);
    const bool on = goes_on != 0 && ++checks_ % goes_on == 0;
    const std::string wrong = look(files, promise, on);
    return wrong.empty() && on ? look(files, promise, false) : wrong;
  }

 private:
  struct State {
    State(std::uint64_t r, const ShowModel& m) : revision(r), model(m), text(m.text()), base(m.base_text()) {}
    std::uint64_t revision;
    ShowModel model;
    std::string text;
    std::string base;
  };
  static constexpr const char* kFolder = "/disk/a.show";

  relume_show_options options() const {
    relume_show_options options = RELUME_SHOW_OPTIONS_INIT;
    options.flags = RELUME_SHOW_NO_THREADS;
    options.folder = kFolder;
    options.runtime_dir = "/run/none";  // no mirror: a cut would not leave it
    options.max_layers = 8;
    options.max_slots = 192;
    options.max_readers = 1;
    options.max_retained = 1;
    options.max_sources = 1;
    options.event_capacity = 16;
    return options;
  }
  void open() {
    relume_show* raw = nullptr;
    REQUIRE(open_with(model_schema(), options(), seams_, &raw, nullptr) == RELUME_OK);
    show_ = std::make_unique<Show>(raw);
  }
  void tick(std::int64_t later_ms = 100) {
    clock_.now += later_ms * kMs;
    show_->disk_tick();
    acknowledge();
  }
  void save() {
    show_->save();
    tick();
  }
  void follow(Then then, FaultyFiles& faulty, SimDisk& disk) {
    switch (then) {
      case Then::nothing: return;
      case Then::tick: return tick();
      case Then::settle:
        for (int i = 0; i < 4; ++i) tick();
        return;
      case Then::save: return save();
      case Then::save_twice: return save(), save();
      case Then::flush: show_->flush(1); return acknowledge();
      case Then::close:
        show_->close();
        show_.reset();
        acknowledge_all();
        open();
        tick();
        return save(), save();
      case Then::die:
        if (dies_at == 0) return;
        faulty.fail(kWritingCalls, dies_at, EIO, FaultyFiles::kForGood);
        show_->save();
        show_->disk_tick();
        show_.reset();
        disk.end_process();
        died = faulty.struck();
        faulty.heal();
        open();
        come_back();
        return tick();
    }
  }

  /// What came back after a death goes on as a state of its own; without a mirror it is not always the newest.
  void come_back() {
    const std::string is = picture(show_->get());
    const auto found =
        std::find_if(states_.rbegin(), states_.rend(), [&](const State& state) { return state.text == is; });
    REQUIRE(found != states_.rend());
    REQUIRE(states_.rend() - found > static_cast<std::ptrdiff_t>(saved_));
    journal_->begin(states_.size());
    const ShowModel model = found->model;
    states_.emplace_back(show_->status().accepted, model);
  }

  /// The newest number whose revision the show calls saved; of generations, the one before.
  void acknowledge() {
    if (show_ == nullptr) return;
    const relume_status status = show_->status();
    const std::int64_t done = left_ == Left::all ? status.checkpoint_done : status.document_done;
    std::uint64_t number = 0;
    for (std::uint64_t n = 0; n < states_.size(); ++n) {
      if (static_cast<std::int64_t>(states_[n].revision) <= done) number = n;
    }
    tell(number);
  }
  /// Closed: the checkpoint has everything, and the document what is new of it.
  void acknowledge_all() {
    if (left_ == Left::all) tell(states_.size() - 1);
  }
  void tell(std::uint64_t number) {
    if (number <= saved_) return;
    journal_->acknowledge(left_ == Left::generations ? saved_ : number);
    saved_ = number;
  }

  /// What else could bring the show back is gone, as if its blocks had become unreadable.
  void remove_better(core::platform::Files& files) const {
    const auto remove_folder = [&](const std::string& path) {
      std::vector<std::string> names;
      files.list(path, names);
      for (const std::string& name : names) files.unlink(path + "/" + name);
      files.remove_directory(core::platform::Files::kNoFolder, path);
    };
    remove_folder(std::string(kFolder) + "/checkpoint");
    if (left_ == Left::generations) files.unlink(std::string(kFolder) + "/show.json");
  }

  std::string look(core::platform::Files& files, const Promise& promise, bool on) {
    core::Seams seams;
    seams.files = &files;
    seams.clock = &clock_;
    relume_show* raw = nullptr;
    if (open_with(model_schema(), options(), seams, &raw, nullptr) != RELUME_OK) return "not opened";
    const std::unique_ptr<relume_show> show(raw);
    relume_recovery found = RELUME_RECOVERY_INIT;
    relume_recovery_get(raw, &found, nullptr);
    const std::string wrong = judge(raw, found, promise);
    if (!wrong.empty() || !on) return wrong;
    if (relume_disk_tick(raw, nullptr) != RELUME_OK) return "not ticked";
    if (show->show->close()) return "not closed";
    return "";
  }

  std::string judge(relume_show* show, const relume_recovery& found, const Promise& promise) {
    static constexpr std::array kRungs{"defaults", "mirror", "checkpoint", "document", "generation"};
    ++rungs[kRungs[found.rung]];
    if (found.refused != 0 || found.held != 0) return "refused";
    const bool from_document = found.rung == RELUME_RUNG_DOCUMENT || found.rung == RELUME_RUNG_GENERATION;
    const std::string is = picture(show);
    // Equal states may follow one another: of what a document keeps, or when a change was taken back.
    bool older = false;
    bool newer = false;
    for (std::uint64_t n = 0; n < states_.size(); ++n) {
      if (is != (from_document ? states_[n].base : states_[n].text)) continue;
      if (n >= promise.acknowledged && n <= promise.begun) {
        const bool less = left_ == Left::all && from_document && promise.acknowledged > 0;
        return less ? "document instead of checkpoint" : "";
      }
      (n < promise.acknowledged ? older : newer) = true;
    }
    if (found.rung == RELUME_RUNG_DEFAULTS) return "blank";
    return older ? "older than acknowledged" : newer ? "newer than begun" : "mixed";
  }

  const std::vector<Step> script_;
  const Left left_;
  SteppedClock clock_;
  core::Seams seams_;
  std::unique_ptr<Show> show_;
  Journal* journal_ = nullptr;
  std::uint64_t saved_ = 0;
  std::uint64_t checks_ = 0;
  std::vector<State> states_;  // after each change; the first before them all
};

}  // namespace relume::test
