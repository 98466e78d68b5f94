// SPDX-License-Identifier: Apache-2.0
// Memory for realtime roles: reserved at open, resident before use, locked where the system lets us.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>

#include "relume/base.h"

namespace relume::core::platform {

/// While one lives, it hears of every page of this thread's making that the system would not lock.
class LockWatch {
 public:
  LockWatch();
  LockWatch(const LockWatch&) = delete;
  LockWatch& operator=(const LockWatch&) = delete;
  ~LockWatch();
  /// 0: all were locked; else the first reason.
  int first_errno() const { return first_errno_; }

 private:
  friend class Pages;
  LockWatch* outer_;
  int first_errno_ = 0;
};

/// Tells the processor what is read, or written, soon; nullptr is nothing.
inline void prefetch_read(const void* what, std::size_t bytes) noexcept {
  if (what == nullptr) return;
  for (std::size_t at = 0; at < bytes; at += 64) __builtin_prefetch(static_cast<const char*>(what) + at);
}
inline void prefetch_write(const void* what, std::size_t bytes) noexcept {
  for (std::size_t at = 0; at < bytes; at += 64) __builtin_prefetch(static_cast<const char*>(what) + at, 1);
}

/// Copies past the caches into what is larger than they are: both aligned to 64, `bytes` a multiple of 64. Others see it after
/// finish_streams().
void stream(void* to, const void* from, std::size_t bytes) noexcept RELUME_NONBLOCKING;
void finish_streams() noexcept RELUME_NONBLOCKING;

/// Zeroed pages from the system, given back at the end.
class Pages {
 public:
  enum class Residence {
    prefaulted,  // resident and locked before the constructor returns
    on_touch,    // resident and locked page by page, when its (blocking) writer first touches it
  };
  Pages() = default;
  Pages(std::size_t bytes, Residence residence);  // throws std::bad_alloc
  Pages(Pages&& other) noexcept;
  Pages& operator=(Pages&& other) noexcept;
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  ~Pages();
  /// Makes the first so many bytes resident at once, which is cheaper than touch by touch. Not beside a writer of them.
  void prefault(std::size_t bytes);
  void* data() const { return data_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

/// A fixed array in such pages. Elements are made in place and need no destructor.
template <class T>
class FixedArray {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  FixedArray() = default;
  explicit FixedArray(std::size_t size)
      : pages_(size * sizeof(T), Pages::Residence::prefaulted), data_(static_cast<T*>(pages_.data())), size_(size) {
    if constexpr (std::is_trivially_default_constructible_v<T>) {
      std::uninitialized_default_construct_n(data_, size);  // the zeros are there already
    } else {
      std::uninitialized_value_construct_n(data_, size);
    }
  }
  T& operator[](std::size_t i) noexcept { return data_[i]; }
  const T& operator[](std::size_t i) const noexcept { return data_[i]; }
  T* data() noexcept { return data_; }
  const T* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }

 private:
  Pages pages_;
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace relume::core::platform
