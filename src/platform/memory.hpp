// SPDX-License-Identifier: Apache-2.0
// Memory for realtime roles: reserved at open, resident before use, locked where the system lets us.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>

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
    std::uninitialized_value_construct_n(data_, size);
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
