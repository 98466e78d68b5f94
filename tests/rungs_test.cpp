// SPDX-License-Identifier: Apache-2.0
// Recovery by proof: which rung a show comes up from, what is kept, and what the host has to choose.
#include <catch2/catch.hpp>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "support/stage.hpp"

using namespace relume;
using relume::test::kJump;
using relume::test::Stage;
using relume::test::TempFolder;
using relume::test::text_schema;
namespace fs = std::filesystem;

TEST_CASE("Rungs: after a power cut the checkpoint is found, with every tier, text, record, stack and restart",
          "[rungs]") {
  Stage s;
  const relume_show_info before = s.show->info();
  s.persist(0.25F);
  s.set(0.5F);
  s.show->set(s.show->param("spot/name"), text("front \"left\""));
  s.show->persist(s.show->param("wash/name"), text("w"));
  s.show->set_record("scene", RELUME_RECORD_BYTES, std::string("\0\1\2", 3));
  s.show->bypass_layer(s.show->add_layer("fx", "fixture"), true);
  s.save();
  const std::uint64_t saved = s.show->status().accepted;
  CHECK(s.show->status().checkpoint_done == static_cast<std::int64_t>(saved));
  s.set(0.75F);  // nobody saves this one
  s.cut();
  s.open();
  const relume_recovery report = s.show->recovery();
  CHECK(report.rung == RELUME_RUNG_CHECKPOINT);
  CHECK(report.revision == saved);
  CHECK(report.restarts == 1);
  CHECK(report.refused == 0);
  CHECK(report.age_ns >= 0);
  CHECK(s.show->status().accepted == saved + kJump);
  CHECK(s.show->info().history_id != before.history_id);
  CHECK(std::memcmp(s.show->info().show_id, before.show_id, 16) == 0);
  CHECK(s.step() == 0.5F);
  CHECK(s.show->get_value(s.show->param("wash/step")).tier == RELUME_TIER_COMMITTED);
  relume_tier tier = RELUME_TIER_DEFAULT;
  CHECK(s.show->get_text(s.show->param("spot/name"), &tier) == "front \"left\"");
  CHECK(tier == RELUME_TIER_COMMITTED);
  CHECK(s.show->get_text(s.show->param("wash/name"), &tier) == "w");
  CHECK(tier == RELUME_TIER_PERSISTED);
  CHECK(s.show->record("scene").bytes == std::string("\0\1\2", 3));
  CHECK(s.show->record("patch").kind == RELUME_RECORD_JSON);
  CHECK(s.show->layer_info(s.show->layer("fx")).flags == RELUME_LAYER_BYPASSED);
  CHECK(s.set(0.1F).revision == saved + kJump + 1);
}

TEST_CASE("Rungs: without the checkpoint the document, without that the newest generation, else the defaults",
          "[rungs]") {
  Stage s;
  s.persist(0.25F);
  s.save();
  s.persist(0.5F);
  s.set(0.75F);
  s.save();
  s.cut();
  SECTION("document") {
    fs::remove_all(s.path("checkpoint"));
    s.open();
    CHECK(s.show->recovery().rung == RELUME_RUNG_DOCUMENT);
    CHECK(s.show->recovery().revision == 3);
    CHECK(s.step() == 0.5F);  // the session's value is not in it
    CHECK(s.show->status().document_done == 3);
    CHECK(s.show->status().document_wanted == 3);
  }
  SECTION("generation") {
    fs::remove_all(s.path("checkpoint"));
    fs::remove(s.path("show.json"));
    s.open();
    CHECK(s.show->recovery().rung == RELUME_RUNG_GENERATION);
    CHECK(s.show->recovery().revision == 1);
    CHECK(s.step() == 0.25F);
    CHECK(s.read().find("0.25") != std::string::npos);  // and the document is there again
  }
  SECTION("a damaged newest generation is kept aside, and the one before it is taken") {
    fs::remove_all(s.path("checkpoint"));
    fs::remove(s.path("show.json"));
    std::string newest;
    for (const auto& entry : fs::directory_iterator(s.path("generations"))) {
      newest = std::max(newest, entry.path().string());
    }
    std::ofstream(newest, std::ios::app) << "x";
    s.open();
    CHECK(s.show->recovery().rung == RELUME_RUNG_GENERATION);
    CHECK(s.show->recovery().revision == 0);
    CHECK(s.show->recovery().refused == 1);
    CHECK(fs::exists(newest + ".damaged-1"));
  }
  SECTION("defaults") {
    fs::remove_all(s.path("checkpoint"));
    fs::remove_all(s.path("generations"));
    fs::remove(s.path("show.json"));
    s.open();
    CHECK(s.show->recovery().rung == RELUME_RUNG_DEFAULTS);
    CHECK(s.step() == 0.0F);
    CHECK(s.show->record("patch").bytes == R"({"v": 1})");
  }
}

TEST_CASE("Rungs: a document that was edited while the show was closed wins, and the state before stays in the history",
          "[rungs]") {
  for (const bool mirror : {true, false}) {
    INFO("with mirror: " << mirror);
    Stage s;
    s.persist(0.25F);
    s.set(0.5F);
    s.save();
    const std::string mirror_path = s.show->info().mirror_path;
    s.show->close();
    if (!mirror) fs::remove(mirror_path);
    s.edit("\"step\": 0.25", "\"step\": 0.875");
    s.open();
    CHECK(s.show->recovery().rung == RELUME_RUNG_DOCUMENT);
    CHECK(s.verdict_of(RELUME_RUNG_DOCUMENT) == RELUME_VERDICT_EDITED);
    CHECK(s.show->recovery().refused == 0);
    CHECK(s.show->recovery().held == 0);
    CHECK(s.step() == 0.875F);
    CHECK(s.show->status().accepted >= kJump);
    s.show->close();
    // The state that the document replaced is one of the kept ones.
    core::ShowFolder folder;
    REQUIRE(!core::ShowFolder::open(core::platform::system_files(), s.folder, folder));
    core::CheckpointStore store(core::platform::system_files(), core::platform::system_clock(), folder.fd(), s.folder);
    REQUIRE(store.open(nullptr).verdict == core::CheckpointStore::Verdict::ok);
    core::StoreError error;
    const auto history = store.history(error);
    CHECK(std::any_of(history.begin(), history.end(), [](const core::SavedHead& h) { return h.revision == 2; }));
  }
}

TEST_CASE("Rungs: a document that was replaced while the show was dead is a conflict until the host chooses",
          "[rungs]") {
  for (const bool power : {false, true}) {
    for (const relume_choice choice : {RELUME_CHOICE_KEEP, RELUME_CHOICE_FILE}) {
      INFO("power cut: " << power << ", choice " << choice);
      Stage s;
      s.persist(0.25F);
      s.save();
      power ? s.cut() : s.kill();
      s.edit("\"step\": 0.25", "\"step\": 0.875");
      const std::string theirs = s.read();
      s.open();
      CHECK(s.show->recovery().rung == (power ? RELUME_RUNG_CHECKPOINT : RELUME_RUNG_MIRROR));
      CHECK(s.verdict_of(RELUME_RUNG_DOCUMENT) == RELUME_VERDICT_CONFLICT);
      CHECK(s.show->recovery().held == RELUME_VERDICT_CONFLICT);
      CHECK(s.show->health().document.level == RELUME_HEALTH_NOTICE);
      CHECK(s.step() == 0.25F);
      CHECK(s.persist(0.3F).persistence == RELUME_PERSISTENCE_HELD);
      CHECK_THROWS_AS(s.show->flush(1), Error);
      CHECK(s.read() == theirs);
      CHECK(s.show->save_wait(s.show->save(), 1).state == RELUME_SAVE_HELD);
      CHECK(s.read() == theirs);
      CHECK(s.show->status().checkpoint_done == static_cast<std::int64_t>(s.show->status().accepted));
      // A restart, however peaceful, does not choose either.
      CHECK_THROWS_AS(s.show->close(), Error);
      s.show.reset();
      s.open();
      CHECK(s.step() == 0.3F);
      CHECK(s.show->recovery().held == RELUME_VERDICT_CONFLICT);
      CHECK(s.read() == theirs);
      const relume_outcome outcome = s.show->accept(choice);
      if (choice == RELUME_CHOICE_KEEP) {
        CHECK(outcome.state == RELUME_STATE_SAME);
        CHECK(s.read("show.json.conflict-1") == theirs);
        CHECK(s.step() == 0.3F);
      } else {
        CHECK(outcome.state == RELUME_STATE_CHANGED);
        CHECK(s.step() == 0.875F);
      }
      CHECK(s.show->recovery().held == 0);
      s.save();
      CHECK(s.read().find(choice == RELUME_CHOICE_KEEP ? "0.3" : "0.875") != std::string::npos);
      CHECK(s.show->accept(RELUME_CHOICE_FILE).state == RELUME_STATE_SAME);
    }
  }
}

TEST_CASE("Rungs: keep-and-save keeps the other document under another name and goes on", "[rungs]") {
  Stage s(RELUME_ON_DAMAGED_KEEP_AND_SAVE);
  s.persist(0.25F);
  s.save();
  s.kill();
  s.edit("\"step\": 0.25", "\"step\": 0.875");
  const std::string theirs = s.read();
  s.open();
  CHECK(s.show->recovery().held == 0);
  CHECK(s.step() == 0.25F);
  CHECK(s.read("show.json.conflict-1") == theirs);
  s.save();
  CHECK(s.read().find("0.25") != std::string::npos);
}

TEST_CASE("Rungs: a damaged, empty or newer document is kept, and its name left alone until the host chooses",
          "[rungs]") {
  struct Case {
    const char* what;
    std::uint32_t verdict;
  };
  for (const Case c : {Case{"cut", RELUME_VERDICT_DAMAGED}, Case{"empty", RELUME_VERDICT_DAMAGED},
                       Case{"flipped", RELUME_VERDICT_DAMAGED}, Case{"newer", RELUME_VERDICT_NEWER_FORMAT}}) {
    for (const bool mirror : {true, false}) {
      INFO(c.what << ", with mirror: " << mirror);
      Stage s;
      s.persist(0.25F);
      s.save();
      mirror ? s.kill() : s.cut();
      std::string bad = s.read();
      if (std::string(c.what) == "cut") bad.resize(bad.size() / 2);
      if (std::string(c.what) == "empty") bad.clear();
      if (std::string(c.what) == "flipped") bad.replace(bad.find("0.25"), 4, "0.35");
      if (std::string(c.what) == "newer") bad.replace(bad.find("\"format\": 1"), 11, "\"format\": 3");
      s.write(bad);
      s.open();
      CHECK(s.step() == 0.25F);
      CHECK(s.verdict_of(RELUME_RUNG_DOCUMENT) == c.verdict);
      CHECK(s.show->recovery().refused == 1);
      CHECK(s.show->recovery().held == c.verdict);
      const bool newer = c.verdict == RELUME_VERDICT_NEWER_FORMAT;
      CHECK(s.persist(0.3F).persistence == (newer ? RELUME_PERSISTENCE_REFUSED_READ_ONLY : RELUME_PERSISTENCE_HELD));
      CHECK_THROWS_AS(s.show->flush(1), Error);
      CHECK(s.read(newer ? "show.json" : "show.json.damaged-1") == bad);
      CHECK(fs::exists(s.path("show.json")) == newer);
      CHECK_THROWS_AS(s.show->accept(RELUME_CHOICE_FILE), Error);
      // Not even a restart makes it writable.
      CHECK_THROWS_AS(s.show->close(), Error);
      s.show.reset();
      s.open();
      CHECK(s.show->recovery().held != 0);
      CHECK(fs::exists(s.path("show.json")) == newer);
      s.show->accept(RELUME_CHOICE_KEEP);
      s.save();
      CHECK(s.read().find("0.3") != std::string::npos);
      CHECK(s.read(newer ? "show.json.newer-1" : "show.json.damaged-1") == bad);
    }
  }
}

TEST_CASE("Rungs: a foreign file put in the document's place while the show runs is not overwritten", "[rungs]") {
  Stage s;
  s.persist(0.25F);
  s.save();
  s.edit("\"step\": 0.25", "\"step\": 0.875");
  const std::string theirs = s.read();
  s.persist(0.3F);
  CHECK_THROWS_AS(s.show->flush(1), Error);
  CHECK(s.read() == theirs);
  CHECK(s.show->recovery().held == RELUME_VERDICT_CONFLICT);
  s.show->accept(RELUME_CHOICE_FILE);
  CHECK(s.step() == 0.875F);
}

TEST_CASE("Rungs: a document of ours that nobody noted any more is no conflict", "[rungs]") {
  // Killed between the document's rename and the note of it: the mirror knows the one before.
  Stage s;
  s.persist(0.25F);
  s.save();
  s.kill();
  const fs::path old_mirror = s.runtime.path();
  TempFolder mirrors("/dev/shm");
  fs::copy(old_mirror, mirrors.path(), fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  s.open();
  s.persist(0.5F);
  s.save();
  s.kill();
  // The mirror says what it said before, though of the newest state.
  s.open();
  CHECK(s.show->recovery().held == 0);
  CHECK(s.step() == 0.5F);
}

TEST_CASE("Rungs: a damaged checkpoint makes room, is kept, and checkpoints go on", "[rungs]") {
  Stage s;
  s.persist(0.25F);
  s.save();
  s.cut();
  std::ofstream(s.path("checkpoint/state.db"), std::ios::trunc).close();
  fs::remove(s.path("checkpoint/state.db-wal"));
  s.open();
  CHECK(s.show->recovery().rung == RELUME_RUNG_DOCUMENT);
  CHECK(s.verdict_of(RELUME_RUNG_CHECKPOINT) == RELUME_VERDICT_DAMAGED);
  CHECK(fs::exists(s.path("checkpoint.damaged-1")));
  s.set(0.75F);
  s.save();
  s.cut();
  s.open();
  CHECK(s.show->recovery().rung == RELUME_RUNG_CHECKPOINT);
  CHECK(s.step() == 0.75F);
}

TEST_CASE("Rungs: a mirror that the show has been run without since is not taken, however whole it is", "[rungs]") {
  Stage s;
  s.set(0.1F);
  s.show->close();
  {
    // Another session, whose mirror lies elsewhere.
    TempFolder elsewhere("/dev/shm");
    relume_show_options o = relume::test::quiet_options();
    o.folder = s.folder.c_str();
    const std::string runtime = elsewhere.path();
    o.runtime_dir = runtime.c_str();
    Show other(text_schema(), o);
    CHECK(other.recovery().rung == RELUME_RUNG_CHECKPOINT);
    other.set(other.param("wash/step"), scalar(0.9F));
    other.close();
  }
  s.open();
  CHECK(s.show->recovery().rung == RELUME_RUNG_CHECKPOINT);
  CHECK(s.show->candidate(0).verdict == RELUME_VERDICT_FOREIGN);
  CHECK(s.step() == 0.9F);
}

TEST_CASE("Rungs: the file of another branch, once chosen, does not count for what is saved", "[rungs]") {
  Stage s;
  s.persist(0.25F);
  s.save();
  s.cut();
  s.open();  // its document says revision 1, the show is beyond 2^32
  s.persist(0.5F);
  s.save();
  const std::string ahead = s.read();
  Stage other;
  other.persist(0.75F);
  other.save();
  other.kill();
  other.write(ahead);
  other.open();
  REQUIRE(other.show->recovery().held == RELUME_VERDICT_CONFLICT);
  other.show->accept(RELUME_CHOICE_FILE);
  CHECK(other.step() == 0.5F);
  other.kill();
  other.open();
  CHECK(other.show->recovery().held == 0);
  CHECK(other.step() == 0.5F);
  const std::uint64_t revision = other.persist(0.625F).revision;
  other.save();
  other.show->wait(revision, RELUME_LEVEL_DOCUMENTED, 0);
  CHECK(other.read().find("0.625") != std::string::npos);
}

TEST_CASE("Rungs: a client of a lost branch is answered with the whole state, others with what changed",
          "[rungs][clients]") {
  Stage s;
  const auto since = [&](std::uint64_t history, std::uint64_t revision, std::uint32_t& whole) {
    std::vector<relume_param> params(16);
    std::size_t count = 0;
    std::uint64_t now_history = 0;
    std::uint64_t now_revision = 0;
    REQUIRE(relume_state_since(s.show->get(), history, revision, params.data(), params.size(), &count, &whole,
                               &now_history, &now_revision, nullptr) == RELUME_OK);
    CHECK(now_history == s.show->info().history_id);
    CHECK(now_revision == s.show->status().accepted);
    params.resize(std::min(count, params.size()));
    return params.size();
  };
  std::uint32_t whole = 9;
  const std::uint64_t first = s.show->info().history_id;
  s.set(0.25F);
  CHECK(since(first, 1, whole) == 0);
  CHECK(whole == 0);
  const std::uint64_t seen = s.set(0.5F).revision;
  CHECK(since(first, 1, whole) >= 1);
  CHECK(whole == 0);
  CHECK(since(0, 0, whole) == 6);
  CHECK(whole == 1);
  CHECK(since(first, seen + 1, whole) == 6);  // it cannot know that
  CHECK(whole == 1);
  s.show->add_layer("fx", "fixture");
  CHECK(since(first, seen, whole) == 9);
  CHECK(whole == 1);
  s.cut();  // what the client saw was never saved
  s.open();
  CHECK(since(first, seen, whole) == 6);
  CHECK(whole == 1);
}

TEST_CASE("Rungs: a lost id is taken from the document, the checkpoint or a generation", "[rungs]") {
  Stage s;
  s.persist(0.25F);
  s.save();
  const relume_show_info before = s.show->info();
  for (const char* left : {"show.json", "checkpoint", "generations"}) {
    INFO(left);
    if (s.show == nullptr) s.open();
    s.show->close();
    s.show.reset();
    for (const auto& entry : fs::directory_iterator(s.runtime.path())) fs::remove(entry.path());
    fs::remove(s.path("id"));
    for (const char* other : {"show.json", "checkpoint", "generations"}) {
      const bool needed = std::strcmp(other, left) == 0;
      if (!needed) fs::rename(s.path(other), s.disk.path() + "/" + other);
    }
    s.open();
    CHECK(std::memcmp(s.show->info().show_id, before.show_id, 16) == 0);
    s.show->close();
    s.show.reset();
    for (const char* other : {"show.json", "checkpoint", "generations"}) {
      if (!fs::exists(s.disk.path() + "/" + other)) continue;
      fs::remove_all(s.path(other));
      fs::rename(s.disk.path() + "/" + other, s.path(other));
    }
  }
}

TEST_CASE("Rungs: a layer whose type is not declared stays, byte for byte, in the document too", "[rungs][dormant]") {
  Stage s;
  s.persist(0.25F);
  s.show->persist(s.show->param("wash/name"), text("front"));
  s.show->persist(s.show->param("wash/mode"), choice(1));
  s.save();
  const std::string before = s.read();
  const std::string layer =
      before.substr(before.find("\"layers\""), before.find("\"next_layer_id\"") - before.find("\"layers\""));
  s.show->close();
  Schema other;
  other.type("other", {Param("x", RELUME_FLOAT)});
  s.open(other);
  CHECK(s.show->recovery().dormant_layers == 2);
  s.show->set_record("r", RELUME_RECORD_JSON, "[1]");
  s.save();
  CHECK(s.read().find(layer) != std::string::npos);
  s.cut();
  s.open();
  CHECK(s.step() == 0.25F);
  CHECK(s.show->get_text(s.show->param("wash/name")) == "front");
  CHECK(s.show->record("r").bytes == "[1]");
}

TEST_CASE("Rungs: members of a newer version are carried through mirror, checkpoint and document", "[rungs]") {
  Stage s;
  s.persist(0.25F);
  s.save();
  s.show->close();
  const std::string member = "\"from_the_future\": {\"a\":[1, 2,  3],\"b\":\"\\u00e4\"}";
  s.edit("\"records\":", member + ", \"records\":");
  s.open();
  s.persist(0.5F);
  s.save();
  CHECK(s.read().find(member) != std::string::npos);
  s.kill();
  s.open();
  s.persist(0.6F);
  s.save();
  CHECK(s.read().find(member) != std::string::npos);
  s.cut();
  s.open();
  s.persist(0.7F);
  s.save();
  CHECK(s.read().find(member) != std::string::npos);
}
