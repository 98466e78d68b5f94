// SPDX-License-Identifier: Apache-2.0
// The tiers' pages: what the composer holds never changes, what nobody can hold is used again.
#include "live/page_tree.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "support/rounds.hpp"

using namespace relume::core;

namespace {

std::unique_ptr<const StackView> view_of(std::uint64_t version) {
  auto view = std::make_unique<StackView>();
  view->created = version;
  view->table.resize(1);
  return view;
}

/// Content of all blocks as one number each; absent blocks are 0.
std::vector<std::uint32_t> read(const PageTree& tree, const Root& root) {
  std::vector<std::uint32_t> all(tree.blocks());
  for (std::uint32_t b = 0; b < tree.blocks(); ++b) {
    const Page* page = tree.page(root, b);
    if (page == nullptr) continue;
    all[b] = page->saved.committed[b % 64];
    for (const std::uint32_t lane : page->saved.committed) {
      if (lane != all[b]) all[b] = UINT32_MAX;  // torn
    }
  }
  return all;
}

}  // namespace

TEST_CASE("Page tree: a held root keeps its content through any number of later edits", "[pages]") {
  for (const std::uint32_t blocks : {1U, 64U, 65U, 4100U}) {
    std::mt19937 random(blocks);
    PageTree tree(blocks);
    std::vector<std::uint32_t> newest(blocks);
    std::vector<std::uint32_t> expected;
    const Root* held = nullptr;
    tree.begin(0);
    tree.publish(0, 0, view_of(tree.version()));
    std::map<std::uint64_t, std::vector<std::uint32_t>> published{{0, newest}};
    std::size_t wrong = 0;
    for (std::uint32_t n = 1; n <= 4000; ++n) {
      tree.begin(0);
      std::vector<std::uint32_t> edited = newest;
      const auto count =
          static_cast<std::uint32_t>(random() % 500 == 0 ? blocks : 1 + random() % 3);  // now and then everything
      for (std::uint32_t i = 0; i < count; ++i) {
        const auto b = static_cast<std::uint32_t>(count == blocks ? i : random() % blocks);
        tree.edit(b).saved.committed.fill(n);
        edited[b] = n;
      }
      if (random() % 10 == 0) {
        tree.abort();
      } else {
        tree.publish(n, n, n % 100 == 0 ? view_of(tree.version()) : nullptr);
        newest = edited;
        published = {{n, newest}};
      }
      if (random() % 7 == 0) {
        if (const Root* taken = tree.take()) {
          std::set<std::uint32_t> changed;
          tree.compare(held, *taken, [&](std::uint32_t b, const Page&) { changed.insert(b); });
          for (std::uint32_t b = 0; b < blocks; ++b) {
            const bool differs = (expected.empty() ? 0 : expected[b]) != newest[b];
            wrong += differs && changed.count(b) == 0;
          }
          held = taken;
          expected = published.at(held->revision);
          tree.hold(*held);
        }
      }
      if (held != nullptr && random() % 50 == 0) wrong += read(tree, *held) != expected;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("Page tree: a composer that never comes, or comes once, costs no more pages than are alive", "[pages]") {
  // A pool that ran empty would end the process.
  for (const bool takes_once : {false, true}) {
    PageTree tree(64);
    for (std::uint32_t n = 0; n < 20000; ++n) {
      tree.begin(0);
      for (std::uint32_t b = 0; b < (n % 100 == 0 ? 64U : 1U); ++b) tree.edit((n + b) % 64).saved.committed.fill(n);
      tree.publish(n, n, n == 0 ? view_of(tree.version()) : nullptr);
      if (n == 50 && takes_once) tree.hold(*tree.take());
    }
    CHECK(tree.version() == 20000);
  }
}

TEST_CASE("Page tree: mutator and composer at once", "[pages][threads]") {
  PageTree tree(200);
  const auto edits = static_cast<std::uint32_t>(relume::test::rounds(100000, 5000000));
  std::thread mutator([&] {
    for (std::uint32_t n = 1; n <= edits; ++n) {
      tree.begin(0);
      for (std::uint32_t i = 0; i < 3; ++i) tree.edit((n + 67 * i) % 200).saved.committed.fill(n);
      tree.publish(n, n, n % 1000 == 1 ? view_of(tree.version()) : nullptr);
    }
  });
  const Root* held = nullptr;
  std::size_t torn = 0;
  std::size_t backwards = 0;
  while (held == nullptr || held->revision < edits) {
    const Root* taken = tree.take();
    if (taken == nullptr) continue;
    std::uint64_t last = held != nullptr ? held->revision : 0;
    backwards += taken->revision <= last;
    tree.compare(held, *taken,
                 [&](std::uint32_t, const Page& page) { torn += page.saved.committed[0] != page.saved.committed[63]; });
    const std::uint32_t newest = static_cast<std::uint32_t>(taken->revision);
    for (std::uint32_t i = 0; i < 3; ++i)
      torn += tree.page(*taken, (newest + 67 * i) % 200)->saved.committed[7] != newest;
    torn += taken->stack->table.size() != 1;
    held = taken;
    tree.hold(*held);
  }
  mutator.join();
  CHECK(torn == 0);
  CHECK(backwards == 0);
}

TEST_CASE(
    "Page tree: a retained picture keeps its content through any number of later edits, and costs no page for ever",
    "[pages]") {
  for (const std::uint32_t blocks : {1U, 65U, 4100U}) {
    std::mt19937 random(blocks);
    PageTree tree(blocks);
    tree.begin(0);
    for (std::uint32_t b = 0; b < blocks; ++b) tree.edit(b);
    tree.publish(0, 0, view_of(tree.version()));
    std::vector<std::uint32_t> newest(blocks);
    std::size_t wrong = 0;
    for (std::uint32_t round = 0; round < 60; ++round) {
      const PageTree::Picture picture = tree.retain();
      const std::vector<std::uint32_t> expected = newest;
      const std::uint32_t since = round * 100;
      std::set<std::uint32_t> edited;
      // Everything is replaced several times over: a pool that kept too much would run empty and end the process.
      for (std::uint32_t n = 1; n <= 100; ++n) {
        tree.begin(since + n);
        const bool all = n % 40 == 0;
        for (std::uint32_t i = 0; i < (all ? blocks : 3); ++i) {
          const auto b = static_cast<std::uint32_t>(all ? i : random() % blocks);
          tree.edit(b).saved.committed.fill(since + n);
          newest[b] = since + n;
          edited.insert(b);
        }
        tree.publish(since + n, since + n, nullptr);
        if (n % 7 == 0) {
          if (const Root* taken = tree.take()) tree.hold(*taken);
        }
      }
      for (std::uint32_t b = 0; b < blocks; ++b) wrong += tree.page(picture, b)->saved.committed[0] != expected[b];
      std::set<std::uint32_t> changed;
      tree.each_since(since, [&](std::uint32_t b, const Page&) { changed.insert(b); });
      wrong += changed != edited && since != 0;
      tree.each_since(picture, since, [&](std::uint32_t, const Page&) { wrong += since != 0; });
      while (!tree.release(64)) {}
    }
    CHECK(wrong == 0);
  }
}
