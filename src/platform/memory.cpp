// SPDX-License-Identifier: Apache-2.0
#include "platform/memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

#ifdef __SSE2__
#include <immintrin.h>
#endif

namespace relume::core::platform {

#ifdef __SSE2__
namespace {

void stream_narrow(void* to, const void* from, std::size_t bytes) noexcept RELUME_NONBLOCKING {
  auto* out = static_cast<__m128i*>(to);
  const auto* in = static_cast<const __m128i*>(from);
  for (std::size_t i = 0; i < bytes / sizeof(__m128i); ++i) _mm_stream_si128(out + i, _mm_load_si128(in + i));
}

__attribute__((target("avx512f"))) void stream_wide(void* to, const void* from,
                                                    std::size_t bytes) noexcept RELUME_NONBLOCKING {
  auto* out = static_cast<__m512i*>(to);
  const auto* in = static_cast<const __m512i*>(from);
  for (std::size_t i = 0; i < bytes / sizeof(__m512i); ++i) _mm512_stream_si512(out + i, _mm512_load_si512(in + i));
}

void (*const chosen_stream)(void* to, const void* from,
                            std::size_t bytes) noexcept RELUME_NONBLOCKING = __builtin_cpu_supports("avx512f")
                                                                                 ? stream_wide
                                                                                 : stream_narrow;

}  // namespace

void stream(void* to, const void* from, std::size_t bytes) noexcept RELUME_NONBLOCKING {
  chosen_stream(to, from, bytes);
}
void finish_streams() noexcept RELUME_NONBLOCKING { _mm_sfence(); }
#else
void stream(void* to, const void* from, std::size_t bytes) noexcept RELUME_NONBLOCKING { std::memcpy(to, from, bytes); }
void finish_streams() noexcept RELUME_NONBLOCKING {}
#endif

namespace {

std::size_t page_bytes() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

thread_local LockWatch* watching = nullptr;

constexpr std::size_t kHugePage = std::size_t{2} << 20U;

// Where a huge page fits in, the first byte is at the boundary of one.
void* map(std::size_t bytes, int flags) {
  const std::size_t room = bytes >= kHugePage ? bytes + kHugePage : bytes;
  void* data = ::mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  if (data == MAP_FAILED) throw std::bad_alloc();
  if (room == bytes) return data;
  const std::size_t before = (kHugePage - reinterpret_cast<std::uintptr_t>(data) % kHugePage) % kHugePage;
  char* const begin = static_cast<char*>(data) + before;
  const std::size_t page = page_bytes();
  const std::size_t kept = (bytes + page - 1) / page * page;
  const std::size_t after = (room + page - 1) / page * page - before - kept;
  if (before != 0) ::munmap(data, before);
  if (after != 0) ::munmap(begin + kept, after);
  return begin;
}

// Of the whole huge pages in it. One takes a fault instead of 512; a system without them serves small ones.
void want_huge(void* data, std::size_t bytes) {
  const std::size_t whole = bytes / kHugePage * kHugePage;
  if (whole != 0) static_cast<void>(::madvise(data, whole, MADV_HUGEPAGE));
}

// The kernel makes them resident in one go, an older one (before Linux 5.14) by one fault each. The contents stay.
void touch(void* data, std::size_t bytes) {
#if defined(MADV_POPULATE_WRITE)
  if (::madvise(data, bytes, MADV_POPULATE_WRITE) == 0) return;
#endif
  auto* const first = static_cast<volatile char*>(data);
  const std::size_t page = page_bytes();
  for (std::size_t at = 0; at < bytes; at += page) first[at] = first[at];
}

}  // namespace

LockWatch::LockWatch() : outer_(std::exchange(watching, this)) {}

LockWatch::~LockWatch() { watching = outer_; }

Pages::Pages(std::size_t bytes, Residence residence) : bytes_(bytes == 0 ? 1 : bytes) {
  const bool prefault = residence == Residence::prefaulted;
  data_ = map(bytes_, prefault ? 0 : MAP_NORESERVE);
  // Every huge page lies within, so what is resident anyway becomes no larger by them. What is touched here and there does, but
  // beyond some size it would wait for the page tables.
  constexpr std::size_t kLarge = std::size_t{64} << 20U;
  if (prefault || bytes_ >= kLarge) want_huge(data_, bytes_);
  const bool refused = ::mlock2(data_, bytes_, prefault ? 0 : MLOCK_ONFAULT) != 0;
  if (!refused) return;  // what is locked is resident
  if (watching != nullptr && watching->first_errno_ == 0) watching->first_errno_ = errno;
  if (prefault) touch(data_, bytes_);
}

void Pages::prefault(std::size_t bytes) {
  bytes = std::min(bytes, bytes_);
  want_huge(data_, bytes);
  touch(data_, bytes);
}

Pages::Pages(Pages&& other) noexcept : data_(std::exchange(other.data_, nullptr)), bytes_(other.bytes_) {}

Pages& Pages::operator=(Pages&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

Pages::~Pages() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

}  // namespace relume::core::platform
