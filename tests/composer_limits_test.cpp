// SPDX-License-Identifier: Apache-2.0
// relume/composer.h and what it must not do: go beyond the arrays, take what cannot be, allocate or wait.
#include <catch2/catch.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "support/composer_arrays.hpp"
#include "support/rt_guard.hpp"

using relume::test::composer_def;
using relume::test::ComposerArrays;
using relume::test::RtReport;
using relume::test::RtScope;

namespace {

constexpr std::int64_t kMs = 1'000'000;

// An array that ends where memory does: one element more, read or written, is the end of the program.
template <class T>
class AtTheEdge {
 public:
  explicit AtTheEdge(std::size_t count) : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
    size_ = (count * sizeof(T) + page_ - 1) / page_ * page_;
    place_ = mmap(nullptr, size_ + page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(place_ != MAP_FAILED);
    REQUIRE(mprotect(static_cast<char*>(place_) + size_, page_, PROT_NONE) == 0);
    data_ = reinterpret_cast<T*>(static_cast<char*>(place_) + size_ - count * sizeof(T));
  }
  AtTheEdge(const AtTheEdge&) = delete;
  AtTheEdge& operator=(const AtTheEdge&) = delete;
  ~AtTheEdge() { munmap(place_, size_ + page_); }
  T* data() { return data_; }
  T& operator[](std::size_t i) { return data_[i]; }

 private:
  std::size_t page_;
  std::size_t size_ = 0;
  void* place_ = nullptr;
  T* data_ = nullptr;
};

// What a refused call says.
struct Refusal {
  relume_result code;
  const char* culprit;
};

void check_refused(relume_result result, const relume_error& error, const Refusal& expected) {
  INFO(expected.culprit << ": " << error.message);
  CHECK(result == expected.code);
  CHECK(error.code == expected.code);
  CHECK(std::string(error.culprit) == expected.culprit);
  CHECK(error.message[0] != '\0');
}

}  // namespace

TEST_CASE("Composer: reads and writes nothing beyond the slots, blocks and capacities it is told", "[composer]") {
  for (const std::uint32_t slots : {1U, 63U, 64U, 65U, 127U, 200U}) {
    const std::size_t blocks = (slots + 63) / 64;
    AtTheEdge<relume_composer_defs> defs(blocks);
    AtTheEdge<relume_composer_scratch> scratch(blocks);
    AtTheEdge<relume_slot> base(slots), committed(slots), overlay(slots), values(slots);
    AtTheEdge<std::uint64_t> base_present(blocks), committed_present(blocks), overlay_present(blocks), moving(blocks),
        waiting(blocks);
    AtTheEdge<std::uint32_t> settled(7);
    const relume_composer_def def = composer_def(RELUME_COMPOSER_FLOAT, 1, 10 * kMs, kMs);
    // More slots are defined, and present, than there are.
    REQUIRE(relume_composer_define(defs.data(), blocks * 64, 0, blocks * 64, &def, nullptr) == RELUME_OK);
    relume_composer_input in = RELUME_COMPOSER_INPUT_INIT;
    in.slot_count = slots;
    in.defs = defs.data();
    in.def_blocks = blocks;
    in.base = base.data();
    in.base_present = base_present.data();
    in.committed = committed.data();
    in.committed_present = committed_present.data();
    in.overlay = overlay.data();
    in.overlay_present = overlay_present.data();
    relume_composer_output out = RELUME_COMPOSER_OUTPUT_INIT;
    out.values = values.data();
    out.value_capacity = slots;
    out.moving = moving.data();
    out.waiting = waiting.data();
    out.settled = settled.data();
    out.settled_capacity = 7;
    std::uint32_t told = 0;
    for (std::uint32_t frame = 0; frame < 60; ++frame) {
      in.now_ns = frame * 5 * kMs;
      for (std::size_t i = 0; i < blocks; ++i) {
        base_present[i] = committed_present[i] = ~std::uint64_t{0};
        overlay_present[i] = frame == 0 ? 0 : ~std::uint64_t{0};
      }
      for (std::size_t i = 0; i < slots; ++i) overlay[i].f = 1.0F;
      REQUIRE(relume_composer_run(&in, scratch.data(), blocks, &out, nullptr) == RELUME_OK);
      CHECK(out.settled_count <= 7);
      for (std::uint32_t i = 0; i < out.settled_count; ++i) CHECK(settled[i] < slots);
      told += out.settled_count;
    }
    CHECK(told == slots);
    CHECK(out.moving_count == 0);
    for (std::size_t i = 0; i < slots; ++i) CHECK(values[i].f == 1.0F);
    if (slots % 64 != 0) CHECK((waiting[blocks - 1] | moving[blocks - 1]) >> (slots % 64) == 0);
  }
}

TEST_CASE("Composer: any alignment of the arrays will do", "[composer]") {
  ComposerArrays plain(130);
  REQUIRE(plain.define(0, 130, composer_def(RELUME_COMPOSER_FLOAT, 1, 100 * kMs)));
  std::vector<relume_slot> shifted(3 * 131 + 1);
  std::vector<std::uint64_t> room((sizeof(relume_composer_scratch) * 3 + sizeof(relume_composer_defs) * 3) / 8 + 1);
  auto* const scratch = reinterpret_cast<relume_composer_scratch*>(room.data() + 1);
  auto* const defs = reinterpret_cast<relume_composer_defs*>(room.data() + 1 + sizeof(relume_composer_scratch) * 3 / 8);
  std::memcpy(defs, plain.defs.data(), sizeof(relume_composer_defs) * 3);
  for (int frame = 0; frame < 20; ++frame) {
    for (std::size_t i = 0; i < 130; ++i) {
      if (frame % 5 == 1) plain.automate(i, static_cast<float>((i + static_cast<std::size_t>(frame)) % 10) / 10.0F);
      shifted[1 + i] = plain.overlay[i];
    }
    REQUIRE(plain.run(frame * 20 * kMs) == RELUME_OK);
    relume_composer_input in = plain.input(frame * 20 * kMs);
    relume_composer_output out = plain.output();
    in.overlay = shifted.data() + 1;
    in.defs = defs;
    out.values = shifted.data() + 1 + 131;
    REQUIRE(relume_composer_run(&in, scratch, 3, &out, nullptr) == RELUME_OK);
    CHECK(std::memcmp(out.values, plain.values.data(), 130 * sizeof(relume_slot)) == 0);
  }
}

TEST_CASE("Composer: a definition that cannot be is refused by name and changes nothing", "[composer]") {
  using Spoil = std::function<void(relume_composer_def&)>;
  struct Case {
    Refusal refusal;
    Spoil spoil;
  };
  const double infinity = std::numeric_limits<double>::infinity();
  const Case cases[] = {
      {{RELUME_E_INVALID, "kind"}, [](relume_composer_def& d) { d.kind = 4; }},
      {{RELUME_E_INVALID, "reserved"}, [](relume_composer_def& d) { d.reserved = 1; }},
      {{RELUME_E_INVALID, "smoothing_ns"}, [](relume_composer_def& d) { d.smoothing_ns = -1; }},
      {{RELUME_E_INVALID, "settle_ns"}, [](relume_composer_def& d) { d.settle_ns = -1; }},
      {{RELUME_E_RANGE, "settle_ns"}, [](relume_composer_def& d) { d.settle_ns = RELUME_COMPOSER_SETTLE_MAX_NS + 1; }},
      {{RELUME_E_INVALID, "range"}, [](relume_composer_def& d) { d.range = -1; }},
      {{RELUME_E_NOT_FINITE, "range"}, [=](relume_composer_def& d) { d.range = infinity; }},
      {{RELUME_E_NOT_FINITE, "range"}, [](relume_composer_def& d) { d.range = 1e39; }},
      {{RELUME_E_NOT_FINITE, "default_value"}, [](relume_composer_def& d) { d.default_value.f = std::nanf(""); }},
      {{RELUME_E_INVALID, "range"}, [](relume_composer_def& d) { d.kind = RELUME_COMPOSER_STEP; }},
      {{RELUME_E_INVALID, "smoothing_ns"},
       [](relume_composer_def& d) {
         d.kind = RELUME_COMPOSER_TRIGGER;
         d.range = 0;
       }},
      {{RELUME_E_INVALID, "default_value"},
       [](relume_composer_def& d) {
         d = composer_def(RELUME_COMPOSER_TRIGGER);
         d.default_value.u = 1;
       }},
      {{RELUME_E_INVALID, "default_value"},
       [](relume_composer_def& d) {
         d = composer_def(RELUME_COMPOSER_NONE);
         d.default_value.u = 1;
       }},
      {{RELUME_E_VERSION, "relume_composer_def"}, [](relume_composer_def& d) { d.struct_size += 8; }},
      {{RELUME_E_INVALID, "relume_composer_def"}, [](relume_composer_def& d) { d.struct_size = 0; }},
  };
  std::vector<relume_composer_defs> defs(2);
  const relume_composer_def good = composer_def(RELUME_COMPOSER_FLOAT, 1, kMs, RELUME_COMPOSER_SETTLE_MAX_NS);
  REQUIRE(relume_composer_define(defs.data(), 100, 0, 100, &good, nullptr) == RELUME_OK);
  const std::vector<relume_composer_defs> before = defs;
  for (const Case& one : cases) {
    relume_composer_def bad = good;
    one.spoil(bad);
    relume_error error = RELUME_ERROR_INIT;
    check_refused(relume_composer_define(defs.data(), 100, 0, 100, &bad, &error), error, one.refusal);
  }
  relume_error error = RELUME_ERROR_INIT;
  check_refused(relume_composer_define(nullptr, 100, 0, 1, &good, &error), error, {RELUME_E_INVALID, "defs"});
  check_refused(relume_composer_define(defs.data(), 100, 0, 1, nullptr, &error), error, {RELUME_E_INVALID, "def"});
  check_refused(relume_composer_define(defs.data(), 100, 99, 2, &good, &error), error, {RELUME_E_LIMIT, "count"});
  check_refused(relume_composer_define(defs.data(), 100, 101, 0, &good, &error), error, {RELUME_E_LIMIT, "count"});
  check_refused(relume_composer_define(defs.data(), 100, 2, SIZE_MAX, &good, &error), error, {RELUME_E_LIMIT, "count"});
  CHECK(relume_composer_define(defs.data(), 100, 100, 0, &good, nullptr) == RELUME_OK);
  CHECK(std::memcmp(defs.data(), before.data(), sizeof(relume_composer_defs) * 2) == 0);
}

TEST_CASE("Composer: a call that cannot be is refused by name and writes nothing", "[composer]") {
  using Spoil = std::function<void(relume_composer_input&, relume_composer_output&)>;
  struct Case {
    Refusal refusal;
    Spoil spoil;
  };
  const std::uint32_t beyond[] = {0, 2};
  const Case cases[] = {
      {{RELUME_E_INVALID, "input.defs"}, [](auto& in, auto&) { in.defs = nullptr; }},
      {{RELUME_E_INVALID, "output.values"}, [](auto&, auto& out) { out.values = nullptr; }},
      {{RELUME_E_INVALID, "output.settled"}, [](auto&, auto& out) { out.settled = nullptr; }},
      {{RELUME_E_INVALID, "input.blocks"}, [](auto& in, auto&) { in.block_count = 1; }},
      {{RELUME_E_INVALID, "input.blocks"},
       [&](auto& in, auto&) {
         in.blocks = beyond;
         in.block_count = 2;
       }},
      {{RELUME_E_LIMIT, "input.def_blocks"}, [](auto& in, auto&) { in.def_blocks = 1; }},
      {{RELUME_E_LIMIT, "output.value_capacity"}, [](auto&, auto& out) { out.value_capacity = 99; }},
      {{RELUME_E_VERSION, "relume_composer_input"}, [](auto& in, auto&) { in.struct_size += 8; }},
      {{RELUME_E_VERSION, "relume_composer_output"}, [](auto&, auto& out) { out.struct_size += 8; }},
      {{RELUME_E_INVALID, "relume_composer_input"}, [](auto& in, auto&) { in.struct_size = 4; }},
      {{RELUME_E_INVALID, "relume_composer_output"}, [](auto&, auto& out) { out.struct_size = 0; }},
  };
  ComposerArrays arrays(100);
  REQUIRE(arrays.define(0, 100, composer_def(RELUME_COMPOSER_FLOAT, 1, kMs, kMs)));
  arrays.automate(3, 0.5F);
  const ComposerArrays before = arrays;
  relume_error error = RELUME_ERROR_INIT;
  for (const Case& one : cases) {
    relume_composer_input in = arrays.input(kMs);
    relume_composer_output out = arrays.output();
    one.spoil(in, out);
    check_refused(relume_composer_run(&in, arrays.scratch.data(), arrays.blocks, &out, &error), error, one.refusal);
  }
  const relume_composer_input in = arrays.input(kMs);
  relume_composer_output out = arrays.output();
  relume_composer_scratch* const scratch = arrays.scratch.data();
  check_refused(relume_composer_run(nullptr, scratch, 2, &out, &error), error, {RELUME_E_INVALID, "input"});
  check_refused(relume_composer_run(&in, scratch, 2, nullptr, &error), error, {RELUME_E_INVALID, "output"});
  check_refused(relume_composer_run(&in, nullptr, 2, &out, &error), error, {RELUME_E_INVALID, "scratch"});
  check_refused(relume_composer_run(&in, scratch, 1, &out, &error), error, {RELUME_E_LIMIT, "scratch_blocks"});
  check_refused(relume_composer_forget(nullptr, 2, 0, 1, &error), error, {RELUME_E_INVALID, "scratch"});
  check_refused(relume_composer_forget(scratch, 2, 128, 1, &error), error, {RELUME_E_LIMIT, "count"});
  CHECK(std::memcmp(scratch, before.scratch.data(), sizeof *scratch * 2) == 0);
  CHECK(std::memcmp(arrays.values.data(), before.values.data(), 100 * sizeof(relume_slot)) == 0);
  CHECK(arrays.moving == before.moving);
  CHECK(relume_composer_run(&in, scratch, 2, &out, nullptr) == RELUME_OK);
  CHECK(arrays.values[3].f == 0.5F);
}

TEST_CASE("Composer: an older host's smaller structs are taken, and not written past their ends", "[composer]") {
  ComposerArrays arrays(2);
  REQUIRE(arrays.define(0, 2, composer_def(RELUME_COMPOSER_STEP)));
  arrays.automate(1, 0.5F);
  relume_composer_input in = arrays.input(0);
  in.struct_size = offsetof(relume_composer_input, blocks);
  in.blocks = reinterpret_cast<const std::uint32_t*>(8);  // not there for it
  in.block_count = 1;
  relume_composer_output out = arrays.output();
  out.struct_size = offsetof(relume_composer_output, settled_left);
  out.settled_left = 77;
  out.moving_count = 78;
  REQUIRE(relume_composer_run(&in, arrays.scratch.data(), 1, &out, nullptr) == RELUME_OK);
  CHECK(arrays.values[1].f == 0.5F);
  CHECK(out.settled_left == 77);
  CHECK(out.moving_count == 78);

  relume_composer_output small{};
  relume_composer_output_init(&small, offsetof(relume_composer_output, values));
  CHECK(small.struct_size == offsetof(relume_composer_output, values));
}

TEST_CASE("Composer: composing allocates nothing, locks nothing and calls no system", "[composer][realtime]") {
  ComposerArrays arrays(1000);
  REQUIRE(arrays.define(0, 1000, composer_def(RELUME_COMPOSER_FLOAT, 1, 50 * kMs, 10 * kMs)));
  const relume_composer_def def = composer_def(RELUME_COMPOSER_FLOAT, 1, 50 * kMs, 10 * kMs);
  relume_error error = RELUME_ERROR_INIT;
  RtReport total;
  std::uint64_t settled = 0;
  bool good = true;
  for (int frame = 0; frame < 400; ++frame) {
    for (std::size_t i = 0; i < 1000; i += 1 + static_cast<std::size_t>(frame % 7)) {
      if (frame % 90 == 0)
        arrays.automate(i, static_cast<float>((i * 7 + static_cast<std::size_t>(frame)) % 11) / 10.0F);
      if (frame % 200 == 199) arrays.release(i);
    }
    // Two days go by at once.
    const relume_composer_input in = arrays.input(frame * 20 * kMs + (frame > 300 ? 172'800'000 * kMs : 0));
    relume_composer_output out = arrays.output();
    {
      RtScope scope;
      good = good && relume_composer_define(arrays.defs.data(), 1000, 0, 1000, &def, &error) == RELUME_OK;
      good = good && relume_composer_run(&in, arrays.scratch.data(), arrays.blocks, &out, &error) == RELUME_OK;
      good = good && relume_composer_run(&in, arrays.scratch.data(), 1, &out, &error) == RELUME_E_LIMIT;
      good = good && relume_composer_forget(arrays.scratch.data(), arrays.blocks, 5, 3, &error) == RELUME_OK;
      total = scope.finish();
    }
    settled += out.settled_count;
    INFO(total.text());
    REQUIRE(total.clean());
  }
  if (const char* reason = RtScope::system_calls_unwatched()) WARN(reason);
  CHECK(good);
  CHECK(settled > 1000);
}
