// SPDX-License-Identifier: Apache-2.0
// The composer: sources that open beside it, and the frame role that goes from one thread to another.
#include <cstdint>

#include "live/composer.cpp"
#include "live/composer_claims.cpp"
#include "race.hpp"
#include "test_type.hpp"

using namespace relume;

namespace {

struct Stage {
  core::PageTree tree{1};
  core::FrameStore& frames = *core::FrameStore::create({64, 1, 1, 0});
  core::Composer composer{{64, 4, 1, RELUME_COMMIT_SESSION, 0}, tree, frames};
  core::LayerTable layers{1};
  std::atomic<std::uint64_t> order{0};
};

void sources_that_open() {
  Stage stage;
  std::unique_ptr<core::Source> source;
  std::uint64_t close_at = 0;
  test::Count composed;
  test::Count closed;
  test::race([&] { return closed >= 300; },
             [&] {
               stage.composer.compose(static_cast<std::int64_t>(composed));
               ++composed;
             },
             [&] {
               if (source == nullptr) {
                 source = std::make_unique<core::Source>(core::AnySource::Identity{1, RELUME_PRIORITY_DEFAULT, 0, 0}, 4,
                                                         stage.layers, stage.order);
                 stage.composer.put_source(0, source.get());
                 close_at = composed + 2;  // found open first: that it closes would bring the threads together
               } else if (close_at != 0 && composed >= close_at) {
                 source->close();
                 close_at = 0;
               } else if (source->closed()) {
                 source.reset();
                 ++closed;
               }
             });
  stage.frames.drop();
}

void role_that_changes_hands() {
  Stage stage;
  test::Count composed[2];
  const auto compose = [&](test::Count& mine) {
    if (stage.composer.compose(static_cast<std::int64_t>(mine)) != 0) ++mine;
  };
  test::race([&] { return composed[0] >= 500 && composed[1] >= 500; }, [&] { compose(composed[0]); },
             [&] { compose(composed[1]); });
  stage.frames.drop();
}

}  // namespace

int main() {
  sources_that_open();
  role_that_changes_hands();
  return test::no_race();
}
