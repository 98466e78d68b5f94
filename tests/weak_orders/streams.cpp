// SPDX-License-Identifier: Apache-2.0
// A stream: three plain versions of its run, exchanged between source and composer.
#include <cstdint>

#include "live/stream.cpp"
#include "model/handle.hpp"
#include "race.hpp"
#include "test_type.hpp"

using namespace relume;

int main() {
  constexpr std::uint32_t kRun = 8;
  const std::shared_ptr<const core::LayerType> type = test::floats(kRun);
  core::LayerTable layers(1);
  layers.put(0, 1, 0, type.get());
  const std::atomic<std::uint64_t> order{1};
  core::Stream stream({1, RELUME_PRIORITY_DEFAULT, 0}, core::param_handle(0, 1, 0), kRun, *type, layers, order);
  std::vector<float> values(kRun);
  std::uint64_t refused = 0;
  std::uint64_t torn = 0;
  test::Count seen;
  test::race([&] { return seen >= 1'000; },
             [&] {
               for (float& value : values) value += 1;
               refused += stream.write(values.data(), values.size(), 0, nullptr) != RELUME_OK;
             },
             [&] {
               std::uint32_t first = 0;
               stream.collect();
               stream.offer([&](const core::OverlayWrite& write) {
                 if (first == 0) first = write.lanes[0];
                 torn += write.lanes[0] != first;
                 return true;
               });
               if (first != 0) ++seen;
             });
  return refused + torn == 0 ? test::no_race() : 1;
}
