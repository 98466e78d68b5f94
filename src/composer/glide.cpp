// SPDX-License-Identifier: Apache-2.0
#include "composer/glide.hpp"

#include "composer/families.hpp"
#include "composer/glide_loop.hpp"

namespace relume::composer {
namespace {

constexpr const Family* kFamilies[] = {
    &portable,
#ifdef RELUME_X86_FAMILIES
    &avx2,
    &avx512,
#endif
};

std::size_t how_many() noexcept {
#ifdef RELUME_X86_FAMILIES
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2")) return 1;
  const bool all = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
  return all ? 3 : 2;
#else
  return 1;
#endif
}

// Right from the start, for who composes before main: the portable one gives the same bits.
constinit const Family* chosen = &portable;
[[maybe_unused]] const bool upgraded = (chosen = kFamilies[how_many() - 1], true);

}  // namespace

const Family* const* families(std::size_t& count) noexcept {
  count = how_many();
  return kFamilies;
}

const Family& fastest() noexcept RELUME_NONBLOCKING { return *chosen; }

bool values_at(const Glides& glides, std::size_t count, const Moment& now, float* out) noexcept RELUME_NONBLOCKING {
  return chosen->values_at(glides, count, now, out);
}

Mask glide_block(const Glides& glides, Mask gliding, const Moment& now, float* out) noexcept RELUME_NONBLOCKING {
  return chosen->glide_block(glides, gliding, now, out);
}

void compose_block(const Block& block, const Moment& now, relume_composer_scratch& scratch,
                   relume_slot* out) noexcept RELUME_NONBLOCKING {
  chosen->compose_block(block, now, scratch, out);
}

float value_at(float to, const Anchor& anchor, float rate, float near, const Moment& now,
               bool& arrived) noexcept RELUME_NONBLOCKING {
  std::uint32_t done = 0;
  const float value = step(to, anchor.from, anchor.start, rate, near, now, done);
  arrived = done != 0;
  return value;
}

float rate_of(std::int64_t smoothing_ns) noexcept RELUME_NONBLOCKING {
  return smoothing_ns >= kShortest ? static_cast<float>(1.0 / static_cast<double>(smoothing_ns)) : 0.0F;
}

bool begin(float value, float to, float rate, const Moment& now, Anchor& out) noexcept RELUME_NONBLOCKING {
  out.from = back_to_tick(value, to, rate, now.rest);
  out.start = now.tick;
  return can_glide(out.from, to, rate) != 0;
}

}  // namespace relume::composer
