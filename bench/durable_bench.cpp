// SPDX-License-Identifier: Apache-2.0
// What saving costs against the same bytes written by hand, each save beside one of its raw counterpart; and what a
// mutation costs while the disk hangs.
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>

#include "mutator.hpp"
#include "percentiles.hpp"
#include "persistence/checkpoint_store.hpp"
#include "persistence/document_store.hpp"
#include "persistence/restore.hpp"
#include "rig.hpp"
#include "support/passing_files.hpp"
#include "support/test_show.hpp"

namespace {

using namespace relume::bench;
namespace core = relume::core;
using relume::test::TempFolder;

/// A state of float parameters, all of them with a persisted value, in the hand of the benchmark.
class State final : public core::StateView {
 public:
  explicit State(const relume::Schema& schema, std::uint32_t layers, std::uint32_t slots) : stack_(layers, slots) {
    core::RestoredLayers restored;
    if (core::restore_defaults(schema.get()->schema, stack_, restored)) throw std::runtime_error("no stack");
    for (std::uint32_t i = 0; i < restored.blocks.size(); ++i) blocks_.push_back(restored.blocks[i]);
    for (core::SavedBlock& block : blocks_) block.persisted_present = ~std::uint64_t{0};
    head_.revision = 1;
    head_.history = 1;
  }

  /// Another revision, in which one value of each of the first `blocks` blocks is another one.
  void change(std::uint32_t blocks) {
    ++head_.revision;
    head_.accepted_ns += kFrame;
    changed_ = blocks;
    for (std::uint32_t i = 0; i < blocks; ++i) blocks_[spread(i)].persisted[i % core::kBlockSlots] ^= 1U;
  }
  /// Calls f for the blocks that the last change touched.
  template <class F>
  void each_changed(F&& f) const {
    for (std::uint32_t i = 0; i < changed_; ++i) f(spread(i), blocks_[spread(i)]);
  }

  const core::SavedHead& head() const override { return head_; }
  const core::Stack& stack() const override { return stack_; }
  const core::ObjectTable& objects() const override { return objects_; }
  const core::SavedBlock* block(std::uint32_t i) const override { return i < blocks_.size() ? &blocks_[i] : nullptr; }
  void each_block_since(std::uint64_t revision,
                        const std::function<void(std::uint32_t, const core::SavedBlock&)>& f) const override {
    if (revision + 1 == head_.revision) return each_changed(f);
    for (std::uint32_t i = 0; i < blocks_.size(); ++i) f(i, blocks_[i]);
  }

 private:
  /// Changed blocks lie apart, as values do that somebody turns.
  std::uint32_t spread(std::uint32_t i) const { return i * 37U % static_cast<std::uint32_t>(blocks_.size()); }

  core::Stack stack_;
  core::ObjectTable objects_;
  std::vector<core::SavedBlock> blocks_;
  core::SavedHead head_;
  std::uint32_t changed_ = 0;
};

struct Folder {
  TempFolder temp;
  core::platform::File file{core::platform::system_files(),
                            core::platform::system_files().open(temp.path(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)};
};

void report_against_raw(benchmark::State& state, Samples& ours, Samples& raw) {
  state.SetItemsProcessed(state.iterations());
  ours.report(state);
  state.counters["raw_p50"] = raw.percentile(0.5);
  state.counters["ratio"] = ours.percentile(0.5) / raw.percentile(0.5);
}

/// The least that leaves the old content or the new after a power cut.
bool replace_raw(int folder, const std::string& bytes) {
  const int fd = openat(folder, "raw.new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  const bool written = fd >= 0 && pwrite(fd, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
  const bool synced = written && fsync(fd) == 0;
  return close(fd) == 0 && synced && renameat(folder, "raw.new", folder, "raw") == 0 && fsync(folder) == 0;
}

void document_save(benchmark::State& state) {
  constexpr std::uint32_t values = 10'240;  // whole layers
  State show(rig_schema(values), values / kLayerParams, values);
  const Folder ours, raw;
  core::DocumentStore store(core::platform::system_files(), ours.file.fd(), ours.temp.path());
  core::DocumentMark mark;
  core::DocumentHeader header;
  std::string bytes;
  const auto save = [&] {
    header.head = show.head();
    bytes = core::encode_document(header, show.stack(), show.objects(), [&](std::uint32_t i) { return show.block(i); });
    core::DocumentMark after;
    const bool saved = static_cast<bool>(store.write(bytes, header, mark, after));
    mark = after;
    return saved;
  };
  bool good = save();  // from the second one on there is one to be kept as a generation
  Samples saves(state.max_iterations), replaces(state.max_iterations);
  for (auto _ : state) {
    show.change(1);
    const double took = nanoseconds_of([&] { good = save() && good; });
    replaces.add(nanoseconds_of([&] { good = replace_raw(raw.file.fd(), bytes) && good; }));
    state.SetIterationTime(took * 1e-9);
    saves.add(took);
  }
  if (!good) state.SkipWithError("a document or its counterpart was not saved");
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
  report_against_raw(state, saves, replaces);
}
BENCHMARK(document_save)->Name("durable/document_of_10240_values")->Iterations(300)->UseManualTime();

/// One table of heads and one of pages, in a database with the settings of the checkpoint.
class RawDatabase {
 public:
  RawDatabase(const std::string& path, const State& show) {
    check(sqlite3_open(path.c_str(), &db_));
    run("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE head (id INTEGER PRIMARY KEY, revision INTEGER, content BLOB);"
        "CREATE TABLE page (block INTEGER PRIMARY KEY, revision INTEGER, checksum INTEGER, content BLOB);");
    prepare("BEGIN", begin_);
    prepare("COMMIT", commit_);
    prepare("INSERT OR REPLACE INTO head VALUES (1, ?1, ?2)", head_);
    prepare("INSERT OR REPLACE INTO page VALUES (?1, ?2, ?3, ?4)", page_);
    save(show, [&](auto&& write) { show.each_block_since(0, write); });
  }
  RawDatabase(const RawDatabase&) = delete;
  RawDatabase& operator=(const RawDatabase&) = delete;
  ~RawDatabase() {
    for (sqlite3_stmt* statement : {begin_, commit_, head_, page_}) sqlite3_finalize(statement);
    sqlite3_close(db_);
  }

  void save_changed(const State& show) {
    save(show, [&](auto&& write) { show.each_changed(write); });
  }

 private:
  template <class EachBlock>
  void save(const State& show, EachBlock&& each_block) {
    step(begin_);
    const auto revision = static_cast<sqlite3_int64>(show.head().revision);
    each_block([&](std::uint32_t block, const core::SavedBlock& saved) {
      check(sqlite3_bind_int64(page_, 1, block));
      check(sqlite3_bind_int64(page_, 2, revision));
      check(sqlite3_bind_int64(page_, 3, revision * block));
      check(sqlite3_bind_blob(page_, 4, &saved, sizeof saved, SQLITE_STATIC));
      step(page_);
    });
    check(sqlite3_bind_int64(head_, 1, revision));
    check(sqlite3_bind_blob(head_, 2, &show.head(), sizeof show.head(), SQLITE_STATIC));
    step(head_);
    step(commit_);
  }
  void check(int result) {
    if (result != SQLITE_OK) throw std::runtime_error(std::string("SQLite: ") + sqlite3_errmsg(db_));
  }
  void run(const char* text) { check(sqlite3_exec(db_, text, nullptr, nullptr, nullptr)); }
  void prepare(const char* text, sqlite3_stmt*& out) { check(sqlite3_prepare_v2(db_, text, -1, &out, nullptr)); }
  void step(sqlite3_stmt* statement) {
    if (sqlite3_step(statement) != SQLITE_DONE) check(sqlite3_errcode(db_));
    check(sqlite3_reset(statement));
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* begin_ = nullptr;
  sqlite3_stmt* commit_ = nullptr;
  sqlite3_stmt* head_ = nullptr;
  sqlite3_stmt* page_ = nullptr;
};

/// @param changed how many pages of 528 bytes a checkpoint has to write.
void checkpoint(benchmark::State& state, State& show, std::uint32_t changed) {
  const Folder ours, theirs;
  core::CheckpointStore store(core::platform::system_files(), core::platform::system_clock(), ours.file.fd(),
                              ours.temp.path());
  core::CheckpointNote note;
  note.reason = "change";
  bool good = !store.create({1}, show, note) &&
              (store.is_open() || store.open(nullptr).verdict == core::CheckpointStore::Verdict::ok);
  RawDatabase raw(theirs.temp.path() + "/raw.db", show);
  const auto turn = [&](Samples& saves, Samples& commits) {
    show.change(changed);
    const double took = nanoseconds_of([&] { good = !store.save(show, note) && good; });
    commits.add(nanoseconds_of([&] { raw.save_changed(show); }));
    saves.add(took);
    return took;
  };
  Samples unmeasured(32);
  for (int i = 0; i < 16; ++i)
    turn(unmeasured, unmeasured);  // a store keeps some states before it lets go of the oldest
  Samples saves(state.max_iterations), commits(state.max_iterations);
  for (auto _ : state) state.SetIterationTime(turn(saves, commits) * 1e-9);
  if (!good) state.SkipWithError("a checkpoint was not saved");
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(changed * sizeof(core::SavedBlock)));
  report_against_raw(state, saves, commits);
}

relume::Schema schema_of_two_pages() {
  std::vector<relume::Param> params;
  for (std::uint32_t i = 0; i < 2 * core::kBlockSlots; ++i) {
    params.push_back(relume::Param("p" + std::to_string(i), RELUME_FLOAT).range(0, 1));
  }
  relume::Schema schema;
  schema.type("fixture", params).layer("l", "fixture");
  return schema;
}

void checkpoint_small(benchmark::State& state) {
  State show(schema_of_two_pages(), 1, 2 * core::kBlockSlots);
  checkpoint(state, show, 2);
}
BENCHMARK(checkpoint_small)->Name("durable/checkpoint_of_1_kb")->Iterations(1000)->UseManualTime();

void checkpoint_pages(benchmark::State& state) {
  State show(rig_schema(kShow), kShow / kLayerParams, kShow);
  checkpoint(state, show, 100);
}
BENCHMARK(checkpoint_pages)->Name("durable/checkpoint_of_100_pages_in_262144")->Iterations(300)->UseManualTime();

/// A disk on which, from a moment on, no call that changes it comes back.
class HangingFiles final : public relume::test::PassingFiles {
 public:
  ssize_t write(int fd, const void* d, std::size_t n) override { return wait(), PassingFiles::write(fd, d, n); }
  ssize_t write_at(int fd, const void* d, std::size_t n, std::uint64_t at) override {
    return wait(), PassingFiles::write_at(fd, d, n, at);
  }
  int truncate(int fd, std::uint64_t n) override { return wait(), PassingFiles::truncate(fd, n); }
  int sync(int fd) override { return wait(), PassingFiles::sync(fd); }

  void hang(bool on) {
    const std::lock_guard lock(mutex_);
    hung_ = on;
    changed_.notify_all();
  }
  /// False when nobody gets stuck within five seconds.
  bool somebody_is_stuck() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(5), [&] { return stuck_ > 0; });
  }

 private:
  void wait() {
    std::unique_lock lock(mutex_);
    if (!hung_) return;
    ++stuck_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !hung_; });
    --stuck_;
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  bool hung_ = false;
  int stuck_ = 0;
};

void mutation_on_hung_disk(benchmark::State& state) {
  const Place place;
  HangingFiles files;
  relume_show_options options = rig_options(kShow, &place);
  options.flags = 0;
  options.quiet_ns = 1'000'000;
  core::Seams seams;
  seams.files = &files;
  relume_show* opened = nullptr;
  relume_error error = RELUME_ERROR_INIT;
  if (relume::test::open_with(rig_schema(kShow), options, seams, &opened, &error) != RELUME_OK) {
    return state.SkipWithError(error.message);
  }
  Rig rig(relume::Show(opened), options.max_slots, 512);
  files.hang(true);
  Mutator mutator(rig, RELUME_LEVEL_MIRRORED);
  mutator.choose();
  mutator.mutate();
  if (files.somebody_is_stuck()) {
    measure_each(state, [&] { mutator.choose(); }, [&] { mutator.mutate(); });
    mutator.report(state);
  } else {
    state.SkipWithError("no file call hung: this would be the cost of a mutation beside a healthy disk");
  }
  files.hang(false);
}
BENCHMARK(mutation_on_hung_disk)->Name("mutation/by_handle_on_hung_disk")->Iterations(500'000)->UseManualTime();

}  // namespace
