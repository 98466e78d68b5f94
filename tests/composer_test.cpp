// SPDX-License-Identifier: Apache-2.0
// The composer and a source without a coordinator around them: the orders of events that a whole show meets too rarely.
#include "live/composer.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <bit>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "model/handle.hpp"
#include "support/rounds.hpp"

using namespace relume::core;

namespace {

constexpr std::int64_t kMs = 1'000'000;

std::shared_ptr<const LayerType> type_of(std::size_t params) {
  std::vector<ParamDef> defs(params);
  for (std::size_t i = 0; i < params; ++i) {
    relume_param_def def = RELUME_PARAM_DEF_INIT;
    const std::string key = "p" + std::to_string(i);
    def.key = key.c_str();
    def.type = RELUME_FLOAT;
    REQUIRE(!make_param(def, defs[i]));
  }
  std::shared_ptr<const LayerType> type;
  REQUIRE(!LayerType::make("t", 1, defs, true, type));
  return type;
}

/// One layer of 64 floats, its pages in the test's hand instead of a coordinator's.
struct Bench {
  std::shared_ptr<const LayerType> type = type_of(64);
  LayerTable layers{4};
  std::atomic<std::uint64_t> order{1};
  PageTree tree{1};
  std::unique_ptr<FrameStore, void (*)(FrameStore*)> frames{FrameStore::create({64, 4, 1, 1}),
                                                            [](FrameStore* f) { f->drop(); }};
  Composer composer{{64, 16, 2, RELUME_COMMIT_SESSION, 500 * kMs}, tree, *frames};
  Source source{{1, RELUME_PRIORITY_DEFAULT, 0}, 64, layers, order};
  relume_param param = param_handle(0, 1, 0);

  Bench() {
    layers.put(0, 1, 0, type.get());
    composer.put_source(composer.free_source_place(), &source);
    publish(0.0F, true);
  }
  /// A root whose committed value of the first parameter is this.
  void publish(float committed, bool with_stack = false) {
    tree.begin(0);
    SavedBlock& saved = tree.edit(0).saved;
    saved.committed[0] = std::bit_cast<std::uint32_t>(committed);
    saved.committed_present = 1;
    std::unique_ptr<StackView> view;
    if (with_stack) {
      view = std::make_unique<StackView>();
      view->created = tree.version();
      view->table.push_back({1, 0, 64});
      view->types.push_back(type.get());
      view->extents.push_back({0, 64, 0, type.get()});
    }
    tree.publish(tree.version(), order.load(), std::move(view));
  }
  bool automated() const { return composer.glimpse(0, type->params()[0]).there; }
  float shown(std::int64_t at_ms) {
    composer.compose(at_ms * kMs);
    return FrameStore::at(frames->acquire(0), param)->f;
  }
};

}  // namespace

TEST_CASE("Composer: the answer to a commit waits for the root that holds the value", "[composer][settle]") {
  Bench b;
  REQUIRE(b.source.write(b.param, relume_value_float(0.9F), 1 * kMs) == RELUME_OK);
  CHECK(b.shown(10) == 0.9F);
  CHECK(b.shown(600) == 0.9F);
  CommitRequest request;
  REQUIRE(b.composer.next_request(request));
  // The composer has looked for a root already when the coordinator publishes one and answers.
  b.composer.answer({b.tree.version() + 1, request.slot, RELUME_OK, request.lanes});
  CHECK(b.shown(620) == 0.9F);
  b.publish(0.9F);
  CHECK(b.shown(640) == 0.9F);
  CHECK_FALSE(b.automated());
}

TEST_CASE("Composer: the answer to an older commit does not end automation that has settled anew",
          "[composer][settle]") {
  Bench b;
  b.source.write(b.param, relume_value_float(0.9F), 1 * kMs);
  b.shown(10);
  b.shown(600);
  b.source.write(b.param, relume_value_float(0.8F), 610 * kMs);
  b.shown(620);
  b.shown(1200);
  CommitRequest first;
  CommitRequest second;
  REQUIRE(b.composer.next_request(first));
  REQUIRE(b.composer.next_request(second));
  b.publish(0.9F);
  b.composer.answer({b.tree.version(), first.slot, RELUME_OK, first.lanes});
  CHECK(b.shown(1220) == 0.8F);
  b.publish(0.8F);
  b.composer.answer({b.tree.version(), second.slot, RELUME_OK, second.lanes});
  CHECK(b.shown(1240) == 0.8F);
  CHECK_FALSE(b.automated());
}

TEST_CASE("Composer: a value for a layer that is in no root it has seen waits for that root", "[composer]") {
  Bench b;
  b.layers.put(1, 1, 0, b.type.get());
  const relume_param early = param_handle(1, 1, 0);
  REQUIRE(b.source.write(early, relume_value_float(0.9F), 1 * kMs) == RELUME_OK);
  b.shown(10);
  CHECK_FALSE(b.automated());
  b.tree.begin(0);
  b.tree.edit(0);
  auto view = std::make_unique<StackView>();
  view->created = b.tree.version();
  view->table = {{0, 0, 0}, {1, 0, 64}};
  view->types = {nullptr, b.type.get()};
  view->extents = {{0, 64, 1, b.type.get()}};
  b.tree.publish(b.tree.version(), b.order.load(), std::move(view));
  b.composer.compose(20 * kMs);
  CHECK(b.automated());
  CHECK(FrameStore::at(b.frames->acquire(0), early)->f == 0.9F);
}

TEST_CASE("Source: however fast batches follow each other, each lands whole", "[composer][threads]") {
  Bench b;
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    std::vector<relume_overlay_value> batch(64);
    for (int n = 1; !stop.load(); ++n) {
      for (std::uint32_t i = 0; i < 64; ++i) {
        batch[i] = {param_handle(0, 1, i), relume_value_float(static_cast<float>(n % 10000)), 0, 0};
      }
      b.source.write_many(batch.data(), batch.size(), 0, nullptr);
      // Mostly without a pause, so that most looks fall into the middle of a batch.
      if (n % 4 == 0) std::this_thread::yield();
    }
  });
  std::vector<float> seen(64, 0.0F);
  std::size_t torn = 0;
  const long wanted = relume::test::rounds(30000, 3000000);
  for (long changes = 0; changes < wanted;) {
    const float before = seen[0];
    b.source.collect(0);
    b.source.offer([&](const OverlayWrite& write) {
      seen[write.slot] = std::bit_cast<float>(write.lanes[0]);
      return true;
    });
    for (const float value : seen) torn += value != seen[0];
    changes += seen[0] != before;
  }
  stop.store(true);
  writer.join();
  CHECK(torn == 0);
}
