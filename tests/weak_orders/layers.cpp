// SPDX-License-Identifier: Apache-2.0
// The layer table: a source finds a type by a handle while the stack changes; what the type says was written before.
#include <cstdint>

#include "live/layer_table.hpp"
#include "model/handle.hpp"
#include "race.hpp"
#include "test_type.hpp"

using namespace relume;

int main() {
  core::LayerTable layers(1);
  std::vector<std::shared_ptr<const core::LayerType>> types;  // they live as long as the show
  std::atomic<std::uint32_t> newest{0};
  std::uint32_t generation = 0;
  std::uint64_t wrong = 0;
  test::Count found;
  test::race([&] { return found >= 1'000; },
             [&] {
               types.push_back(test::floats(4));
               if (generation % 2 == 0) {
                 layers.put(0, ++generation, 0, types.back().get());
                 newest.store(generation, std::memory_order_relaxed);
               } else {
                 layers.retype(0, types.back().get());
                 layers.clear(0);
                 ++generation;
               }
             },
             [&] {
               std::uint32_t slot = 0;
               const relume_param third = core::param_handle(0, newest.load(std::memory_order_relaxed), 2);
               const core::ParamDef* def = layers.find(third, slot);
               if (def == nullptr) return;
               wrong += def->slot != 2 || slot != 2;
               ++found;
             });
  return wrong == 0 ? test::no_race() : 1;
}
