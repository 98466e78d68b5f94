// SPDX-License-Identifier: Apache-2.0
// Objects of one kind from memory that was reserved at open. Used by one thread at a time, and never empty by construction: its
// owner reserves as many as can be alive at once.
#pragma once

#include <cstddef>
#include <exception>
#include <new>
#include <type_traits>

#include "platform/memory.hpp"

namespace relume::core {

template <class T>
class Pool {
  static_assert(std::is_trivially_destructible_v<T> && sizeof(T) >= sizeof(void*));

 public:
  explicit Pool(std::size_t capacity)
      : pages_(capacity * sizeof(T), platform::Pages::Residence::on_touch), capacity_(capacity) {}
  /// So many will be taken soon.
  void prefault(std::size_t count) { pages_.prefault(count * sizeof(T)); }
  bool empty() const { return free_ == nullptr && used_ == capacity_; }
  void* take() {
    if (free_ != nullptr) {
      Link* link = free_;
      free_ = link->next;
      return link;
    }
    if (used_ == capacity_)
      std::terminate();  // the owner reserved too little: a bug, and going on would corrupt the show
    return static_cast<T*>(pages_.data()) + used_++;
  }
  void give(void* place) { free_ = new (place) Link{free_}; }

 private:
  struct Link {
    Link* next;
  };
  platform::Pages pages_;
  std::size_t capacity_;
  std::size_t used_ = 0;
  Link* free_ = nullptr;
};

}  // namespace relume::core
