// SPDX-License-Identifier: Apache-2.0
// A source: cells of three plain versions, batches that are seen when they are whole, and what it knows of the operator.
#include <cstdint>

#include "live/source.cpp"
#include "model/handle.hpp"
#include "race.hpp"
#include "test_type.hpp"

using namespace relume;

namespace {

constexpr std::uint32_t kParams = 4;

struct Stage {
  Stage() { layers.put(0, 1, 0, type.get()); }
  relume_param param(std::uint32_t i) const { return core::param_handle(0, 1, i); }

  std::shared_ptr<const core::LayerType> type = test::floats(kParams);
  core::LayerTable layers{1};
  std::atomic<std::uint64_t> order{0};
  core::Source source{{1, RELUME_PRIORITY_DEFAULT, 0}, kParams, layers, order};
  std::int64_t now = 0;  // the composer's
};

template <class F>
void drain(Stage& stage, F&& f) {
  stage.source.collect(++stage.now);
  stage.source.offer(f);
}

void single_values() {
  Stage stage;
  float value = 0;
  std::uint64_t sum = 0;
  test::Count seen;
  test::race([&] { return seen >= 20'000; },
             [&] {
               // Each several times: only the first is queued, and the queue must not be what the others rely on.
               for (std::uint32_t i = 0; i < 8 * kParams; ++i) {
                 stage.source.write(stage.param(i % kParams), relume_value_float(value += 1), 0);
               }
             },
             [&] {
               drain(stage, [&](const core::OverlayWrite& write) {
                 sum += write.lanes[0];
                 ++seen;
                 return true;
               });
             });
}

// A batch that is seen is over: also what the source did after its last cell was queued, here to count what did not change.
// The source waits for the composer between batches; nothing else lets the composer know of that.
void batches() {
  Stage stage;
  std::vector<relume_overlay_value> batch(64);
  for (relume_overlay_value& one : batch) one = {stage.param(1), relume_value_float(0), 0, 0};
  batch[0].param = stage.param(0);
  std::atomic<std::uint64_t> looked_at{0};
  std::uint64_t sent = 0;
  std::uint64_t unchanged = 0;
  test::Count seen;
  test::race([&] { return seen >= 1'000; },
             [&] {
               if (looked_at.load(std::memory_order_acquire) != sent) return;
               batch[0].value = relume_value_float(static_cast<float>(++sent));
               stage.source.write_many(batch.data(), batch.size(), 0, nullptr);
             },
             [&] {
               drain(stage, [&](const core::OverlayWrite& write) {
                 if (write.param != stage.param(0).bits) return true;
                 relume_source_info info{};
                 stage.source.info(info);
                 unchanged = info.unchanged;
                 looked_at.store(write.batch, std::memory_order_release);
                 ++seen;
                 return true;
               });
             });
}

// A write that knows of a mutation comes after all that led to it.
void orders() {
  Stage stage;
  std::vector<std::uint64_t> done(100'000);  // by order: what the mutation did
  std::uint64_t mutations = 0;
  float value = 0;
  std::uint64_t last = 0;
  std::uint64_t wrong = 0;
  test::Count seen;
  test::race([&] { return seen >= 1'000; },
             [&] {
               if (mutations > seen + 8) return;
               done[mutations + 1] = mutations + 1;
               stage.order.store(++mutations, core::order::kOrderRaise);
             },
             [&] { stage.source.write(stage.param(0), relume_value_float(value += 1), 0); },
             [&] {
               drain(stage, [&](const core::OverlayWrite& write) {
                 wrong += done[write.order] != write.order;
                 if (write.order != last) ++seen;
                 last = write.order;
                 return true;
               });
             });
  if (wrong != 0) std::puts("a write from before a mutation that it knows of");
}

// A source that closes: the composer has all that it ever did, and who ends it has all that the composer did with it.
void ends() {
  Stage stage;
  std::atomic<core::Source*> open{nullptr};
  std::unique_ptr<core::Source> mine;
  std::uint64_t unchanged = 0;
  test::Count ended;
  test::race([&] { return ended >= 500; },
             [&] {
               if (mine != nullptr) {
                 if (!mine->closed()) return;
                 mine.reset();
                 ++ended;
               }
               mine = std::make_unique<core::Source>(core::AnySource::Identity{1, RELUME_PRIORITY_DEFAULT, 0, 0},
                                                     kParams, stage.layers, stage.order);
               open.store(mine.get(), std::memory_order_release);
               for (int i = 0; i < 8; ++i) mine->write(stage.param(0), relume_value_float(1), 0);
               mine->close();
             },
             [&] {
               core::Source* source = open.load(std::memory_order_acquire);
               if (source == nullptr) return;
               source->note_closing();
               source->collect(++stage.now);
               source->offer([](const core::OverlayWrite&) { return true; });
               if (!source->closing_noted()) return;
               relume_source_info info{};
               source->info(info);
               unchanged += info.unchanged;
               open.store(nullptr, std::memory_order_relaxed);
               source->acknowledge_close();
             });
}

}  // namespace

int main() {
  single_values();
  batches();
  orders();
  ends();
  return test::no_race();
}
