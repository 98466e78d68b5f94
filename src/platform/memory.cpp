// SPDX-License-Identifier: Apache-2.0
#include "platform/memory.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <utility>

namespace relume::core::platform {

namespace {

thread_local LockWatch* watching = nullptr;

}  // namespace

LockWatch::LockWatch() : outer_(std::exchange(watching, this)) {}

LockWatch::~LockWatch() { watching = outer_; }

Pages::Pages(std::size_t bytes, Residence residence) : bytes_(bytes == 0 ? 1 : bytes) {
  const bool prefault = residence == Residence::prefaulted;
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | (prefault ? MAP_POPULATE : MAP_NORESERVE);
  void* data = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (data == MAP_FAILED) throw std::bad_alloc();
  data_ = data;
  const bool refused = ::mlock2(data, bytes_, prefault ? 0 : MLOCK_ONFAULT) != 0;
  if (refused && watching != nullptr && watching->first_errno_ == 0) watching->first_errno_ = errno;
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
