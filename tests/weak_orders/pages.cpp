// SPDX-License-Identifier: Apache-2.0
// The page tree: pages, nodes, roots and views are plain memory that the mutator uses again when the composer has let go of it.
#include <cstdint>

#include "live/page_tree.cpp"
#include "race.hpp"

using namespace relume;

int main() {
  constexpr std::uint32_t kBlocks = 70;  // two levels
  core::PageTree tree(kBlocks);
  std::uint32_t edits = 0;
  const core::Root* held = nullptr;
  std::uint64_t torn = 0;
  test::Count taken;
  const auto edit = [&] {
    tree.begin(++edits);
    for (const std::uint32_t block : {edits % kBlocks, (edits + 1) % kBlocks})
      tree.edit(block).saved.committed.fill(edits);
    std::unique_ptr<core::StackView> view;
    if (edits % 16 == 1) {
      view = std::make_unique<core::StackView>();
      view->created = tree.version();
      view->table.resize(1);
    }
    tree.publish(edits, edits, std::move(view));
  };
  edit();
  test::race([&] { return taken >= 2'000; }, edit,
             [&] {
               const core::Root* root = tree.take();
               if (root == nullptr) return;
               tree.compare(held, *root, [&](std::uint32_t, const core::Page& page) {
                 torn += page.saved.committed.front() != page.saved.committed.back();
               });
               torn += root->stack->table.size() != 1;
               tree.hold(*root);
               held = root;
               ++taken;
             });
  return torn == 0 ? test::no_race() : 1;
}
