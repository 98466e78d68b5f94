// SPDX-License-Identifier: Apache-2.0
// Reference counts of the library's objects, and references on other people's.
#pragma once

#include "decklink/decklink_abi.hpp"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace rig::decklink::card {

/// References on the library's objects in this process. Never destroyed: clients may release late.
inline std::atomic<std::uint64_t>& references() {
  static std::atomic<std::uint64_t> count{0};
  return count;
}

/// An object that is counted by itself and ends with its last reference. It is made with one, which is the caller's.
template <class Interface>
class Counted : public Interface {
 public:
  Counted() { references().fetch_add(1, std::memory_order_relaxed); }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

  abi::Result QueryInterface(abi::InterfaceId id, void** out) override {
    if (out == nullptr) return abi::kNullPointer;
    *out = nullptr;
    if (id != abi::Unknown::kId && id != Interface::kId) return abi::kNoInterface;
    *out = static_cast<Interface*>(this);
    AddRef();
    return abi::kOk;
  }
  unsigned long AddRef() override {
    references().fetch_add(1, std::memory_order_relaxed);
    return count_.fetch_add(1, std::memory_order_relaxed) + 1;
  }
  unsigned long Release() override {
    references().fetch_sub(1, std::memory_order_relaxed);
    const unsigned long left = count_.fetch_sub(1, std::memory_order_acq_rel) - 1;
    if (left == 0) delete this;
    return left;
  }

 protected:
  virtual ~Counted() = default;

 private:
  std::atomic<unsigned long> count_{1};
};

/// One reference on an object of the client's or the library's.
template <class Interface>
class Reference {
 public:
  Reference() = default;
  /// Counts.
  explicit Reference(Interface* object) : object_(object) {
    if (object_ != nullptr) object_->AddRef();
  }
  Reference(const Reference& other) : Reference(other.object_) {}
  Reference(Reference&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Reference& operator=(Reference other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Reference() {
    if (object_ != nullptr) object_->Release();
  }

  Interface* get() const { return object_; }
  Interface* operator->() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  Interface* object_ = nullptr;
};

/// A text as the interface hands texts out: the receiver frees it.
inline abi::Result hand_out(const char* text, const char** out) {
  if (out == nullptr) return abi::kNullPointer;
  *out = strdup(text);
  return *out == nullptr ? abi::kOutOfMemory : abi::kOk;
}

}  // namespace rig::decklink::card
