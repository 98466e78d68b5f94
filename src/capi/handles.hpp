// SPDX-License-Identifier: Apache-2.0
// What is behind the opaque handles, and the border itself: faults become results, structs are taken by their size.
#pragma once

#include <relume/relume.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "coordinator/show.hpp"

struct relume_schema {
  relume::core::Schema schema;
};

struct relume_reader {
  relume_show* owner;
  std::uint32_t number;
};

struct relume_source {
  relume_show* owner;
  relume::core::Source* source;
};

struct relume_stream {
  relume_show* owner;
  relume::core::Stream* stream;
};

struct relume_events {
  relume_show* owner;
  relume::core::EventSubscription* subscription;
};

/// A show and the handles that end with it.
struct relume_show {
  std::unique_ptr<relume::core::Show> show;
  std::mutex mutex;
  std::vector<std::unique_ptr<relume_reader>> readers;
  std::vector<std::unique_ptr<relume_source>> sources;
  std::vector<std::unique_ptr<relume_stream>> streams;
  std::vector<std::unique_ptr<relume_events>> events;

  template <class T>
  T* keep(std::vector<std::unique_ptr<T>>& list, std::unique_ptr<T> handle) {
    const std::lock_guard lock(mutex);
    handle->owner = this;
    list.push_back(std::move(handle));
    return list.back().get();
  }
  template <class T>
  void drop(std::vector<std::unique_ptr<T>>& list, const T* handle) {
    const std::lock_guard lock(mutex);
    std::erase_if(list, [&](const auto& h) { return h.get() == handle; });
  }
};

namespace relume::core::capi {

/// Fills the caller's error, as much of it as the caller knows, and returns the code.
inline relume_result report(const Fault& fault, relume_error* error) {
  if (!fault || error == nullptr) return fault.code;
  relume_error full = RELUME_ERROR_INIT;
  full.struct_size = error->struct_size;
  full.code = fault.code;
  fault.culprit.copy(full.culprit, sizeof full.culprit - 1);
  fault.message.copy(full.message, sizeof full.message - 1);
  std::memcpy(error, &full, std::min<std::size_t>(error->struct_size, sizeof full));
  return fault.code;
}

inline Fault null_argument(const char* what) { return {RELUME_E_INVALID, what, std::string(what) + " is NULL"}; }

/// Takes a sized struct of the caller: a smaller one (an older host) is filled up with zeros, a larger one is refused.
template <class T>
Fault take(const T* from, T& out, const char* what) {
  std::uint32_t size = 0;
  std::memcpy(&size, from, sizeof size);
  if (size > sizeof(T)) {
    return {RELUME_E_VERSION, what, std::string(what) + " is larger than this library knows: update the library"};
  }
  if (size < 2 * sizeof(std::uint32_t)) {
    return {RELUME_E_INVALID, what, std::string(what) + ".struct_size is not set: start it with its _INIT macro"};
  }
  out = T{};
  std::memcpy(&out, from, size);
  return {};
}

/// Writes a result into a sized struct of the caller, as much of it as the caller knows.
template <class T>
void give(const T& result, T* to) {
  const std::uint32_t size = to->struct_size;
  std::memcpy(to, &result, size);
  to->struct_size = size;
}

/// An array of sized structs of the caller, who may know smaller ones than we do.
template <class T>
class SizedArray {
 public:
  SizedArray(T* first, std::size_t count) : at_(reinterpret_cast<unsigned char*>(first)), count_(count) {}
  Fault check(const char* what) {
    if (count_ == 0) return {};
    T first{};
    if (Fault fault = take(reinterpret_cast<const T*>(at_), first, what)) return fault;
    size_ = first.struct_size;
    bool same = size_ % alignof(T) == 0;
    for (std::size_t i = 1; same && i < count_; ++i) same = std::memcmp(at_ + i * size_, at_, sizeof size_) == 0;
    if (same) return {};
    return {RELUME_E_INVALID, what,
            std::string(what) + ": every element of an array has its struct_size, all the same"};
  }
  /// Writes as much of each as the caller knows.
  void give(const std::vector<T>& from) {
    for (std::size_t i = 0; i < from.size(); ++i) {
      T full = from[i];
      full.struct_size = size_;
      std::memcpy(at_ + i * size_, &full, size_);
    }
  }

 private:
  unsigned char* at_;
  std::size_t count_;
  std::uint32_t size_ = 0;
};

/// Turns what a room may throw into a fault.
template <class F>
Fault guarded_fault(F f) noexcept {
  try {
    return f();
  } catch (const std::bad_alloc&) {
    return {RELUME_E_NOMEM, "", "no memory"};  // short enough to need none
  } catch (const std::length_error&) {
    return {RELUME_E_NOMEM, "", "no memory"};  // a count beyond all memory
  } catch (const std::system_error& e) { return {RELUME_E_IO, "thread", e.what()}; }
}

/// Runs a blocking call: no exception crosses the border.
template <class F>
relume_result guarded(relume_error* error, F f) noexcept {
  return report(guarded_fault(f), error);
}

/// The same for calls that fill a sized struct.
template <class T, class F>
relume_result filled(T* out, const char* what, relume_error* error, F f) noexcept {
  return guarded(error, [&]() -> Fault {
    if (out == nullptr) return null_argument(what);
    T full{};
    if (Fault fault = take(out, full, what)) return fault;
    if (Fault fault = f(full)) return fault;
    give(full, out);
    return {};
  });
}

/// Runs a mutation whose outcome the caller may want; `f` fills one of our size. A fault is a rejection.
template <class F>
Fault mutated(relume_outcome* outcome, F f) {
  relume_outcome full = RELUME_OUTCOME_INIT;
  if (outcome != nullptr) {
    if (Fault fault = take(outcome, full, "relume_outcome")) return fault;
    full = RELUME_OUTCOME_INIT;
  }
  Fault fault = guarded_fault([&] { return f(full); });
  if (fault) {
    full.state = RELUME_STATE_REJECTED;
    full.reason = fault.code;
  }
  if (outcome != nullptr) give(full, outcome);
  return fault;
}

}  // namespace relume::core::capi
