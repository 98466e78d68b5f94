// SPDX-License-Identifier: Apache-2.0
// A file table in which calls fail, fall short or hang when a test says so, and which counts and logs them all.
#pragma once

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "support/passing_files.hpp"

namespace relume::test {

enum class Call {
  open,
  close,
  read,
  read_at,
  write,
  write_at,
  truncate,
  allocate,
  sync,
  rename,
  link,
  unlink,
  make_directory,
  remove_directory,
  status,
  set_owner,
  set_mode,
  resolve,
  lock,
  lock_range,
  list,
  map,
};

/// Kinds of calls.
class Calls {
 public:
  constexpr Calls() = default;
  constexpr Calls(Call call) : bits_(std::uint32_t{1} << static_cast<unsigned>(call)) {}
  constexpr Calls(std::initializer_list<Call> calls) {
    for (const Call call : calls) bits_ |= Calls(call).bits_;
  }
  static constexpr Calls all() {
    Calls calls;
    calls.bits_ = ~std::uint32_t{0};
    return calls;
  }
  constexpr bool has(Call call) const { return (bits_ & Calls(call).bits_) != 0; }

 private:
  std::uint32_t bits_ = 0;
};

/// Calls that leave something behind: none of them may come where nothing is to be written.
inline constexpr Calls kWritingCalls = {Call::write,          Call::write_at,         Call::truncate,  Call::allocate,
                                        Call::sync,           Call::rename,           Call::link,      Call::unlink,
                                        Call::make_directory, Call::remove_directory, Call::set_owner, Call::set_mode};

class FaultyFiles final : public PassingFiles {
  using Base = PassingFiles;
  using FileStatus = core::platform::FileStatus;
  using RangeLock = core::platform::RangeLock;

 public:
  static constexpr bool kOnce = false;
  static constexpr bool kForGood = true;
  struct Logged {
    Call call;
    std::string on;  // a name, also where the call was given a descriptor
    std::int64_t result;
  };

  explicit FaultyFiles(core::platform::Files& to = core::platform::system_files()) : Base(to) {}

  /// From now on, the n-th of these calls fails; `for_good`: and all that follow. One fault at a time.
  /// A sync that failed is as on Linux: later ones of the same descriptor say success, and nothing of it is synced.
  void fail(Calls calls, std::uint64_t nth, int error, bool for_good = kOnce) {
    arm(calls, nth, for_good);
    error_ = error;
  }
  /// From now on, the n-th call of write or write_at writes at most so many bytes.
  void fall_short(std::uint64_t nth, std::size_t bytes, bool for_good = kOnce) {
    arm({Call::write, Call::write_at}, nth, for_good);
    short_bytes_ = bytes;
  }
  void heal() { arm(Calls(), 0, kOnce); }
  /// Whether the fault has struck.
  bool struck() const {
    return locked([&] { return struck_; });
  }

  /// From now on, these calls block until release(). What they are to do is done after that.
  void hang(Calls calls) {
    locked([&] { hanging_ = calls; });
  }
  /// Waits for a call to hang. False: none did in that time.
  bool wait_until_hung(std::chrono::milliseconds at_most = std::chrono::seconds(20)) {
    std::unique_lock<std::mutex> lock(mutex_);
    return moved_.wait_for(lock, at_most, [&] { return hung_ > 0; });
  }
  void release() {
    locked([&] { hanging_ = Calls(); });
    moved_.notify_all();
  }

  std::uint64_t count(Calls calls) const {
    return locked([&] {
      std::uint64_t sum = 0;
      for (const auto& [call, n] : counts_) sum += calls.has(call) ? n : 0;
      return sum;
    });
  }
  std::vector<Logged> log() const {
    return locked([&] { return log_; });
  }
  void clear_log() {
    locked([&] {
      log_.clear();
      counts_.clear();
    });
  }

  using Files::list;
  using Files::make_directory;
  using Files::open;
  using Files::rename;
  using Files::status;
  using Files::unlink;
  int open(int d, const std::string& n, int f, unsigned m) override {
    const int fd = run(Call::open, n, [&] { return Base::open(d, n, f, m); });
    if (fd >= 0) locked([&] { names_[fd] = n; });
    return fd;
  }
  int close(int fd) override {
    // Also a close that fails closes.
    const std::string on = name_of(fd);
    locked([&] {
      names_.erase(fd);
      condemned_.erase(fd);
    });
    const int done = Base::close(fd);
    return run(Call::close, on, [&] { return done; });
  }
  ssize_t read(int fd, void* d, std::size_t n) override {
    return run(Call::read, name_of(fd), [&] { return Base::read(fd, d, n); });
  }
  ssize_t read_at(int fd, void* d, std::size_t n, std::uint64_t o) override {
    return run(Call::read_at, name_of(fd), [&] { return Base::read_at(fd, d, n, o); });
  }
  ssize_t write(int fd, const void* d, std::size_t n) override {
    return run(
        Call::write, name_of(fd), [&] { return Base::write(fd, d, n); },
        [&](std::size_t most) { return Base::write(fd, d, n < most ? n : most); });
  }
  ssize_t write_at(int fd, const void* d, std::size_t n, std::uint64_t o) override {
    return run(
        Call::write_at, name_of(fd), [&] { return Base::write_at(fd, d, n, o); },
        [&](std::size_t most) { return Base::write_at(fd, d, n < most ? n : most, o); });
  }
  int truncate(int fd, std::uint64_t n) override {
    return run(Call::truncate, name_of(fd), [&] { return Base::truncate(fd, n); });
  }
  int allocate(int fd, std::uint64_t n) override {
    return run(Call::allocate, name_of(fd), [&] { return Base::allocate(fd, n); });
  }
  int sync(int fd) override {
    const bool lost = locked([&] { return condemned_.count(fd) > 0; });
    const int r = run(Call::sync, name_of(fd), [&] { return lost ? 0 : Base::sync(fd); });
    if (r < 0) locked([&] { condemned_.insert(fd); });
    return r;
  }
  int rename(int a, const std::string& f, int b, const std::string& t) override {
    return run(Call::rename, f + " to " + t, [&] { return Base::rename(a, f, b, t); });
  }
  int link(int a, const std::string& f, int b, const std::string& t) override {
    return run(Call::link, f + " to " + t, [&] { return Base::link(a, f, b, t); });
  }
  int unlink(int d, const std::string& n) override {
    return run(Call::unlink, n, [&] { return Base::unlink(d, n); });
  }
  int make_directory(int d, const std::string& n, unsigned m) override {
    return run(Call::make_directory, n, [&] { return Base::make_directory(d, n, m); });
  }
  int remove_directory(int d, const std::string& n) override {
    return run(Call::remove_directory, n, [&] { return Base::remove_directory(d, n); });
  }
  int status(int d, const std::string& n, FileStatus& s) override {
    return run(Call::status, n, [&] { return Base::status(d, n, s); });
  }
  int status(int fd, FileStatus& s) override {
    return run(Call::status, name_of(fd), [&] { return Base::status(fd, s); });
  }
  int set_owner(int fd, std::uint32_t o, std::uint32_t g) override {
    return run(Call::set_owner, name_of(fd), [&] { return Base::set_owner(fd, o, g); });
  }
  int set_mode(int fd, std::uint32_t m) override {
    return run(Call::set_mode, name_of(fd), [&] { return Base::set_mode(fd, m); });
  }
  int resolve(const std::string& p, std::string& out) override {
    return run(Call::resolve, p, [&] { return Base::resolve(p, out); });
  }
  int lock(int fd) override {
    return run(Call::lock, name_of(fd), [&] { return Base::lock(fd); });
  }
  int lock_range(int fd, RangeLock k, std::uint64_t s, std::uint64_t n) override {
    return run(Call::lock_range, name_of(fd), [&] { return Base::lock_range(fd, k, s, n); });
  }
  int list(int d, const std::string& n, std::vector<std::string>& names) override {
    return run(Call::list, n, [&] { return Base::list(d, n, names); });
  }
  void* map(int fd, std::uint64_t o, std::size_t n, int& error) override {
    void* data = nullptr;
    error = -run(Call::map, name_of(fd), [&] {
      data = Base::map(fd, o, n, error);
      return -error;
    });
    return data;
  }

 private:
  template <class Action>
  std::invoke_result_t<Action> locked(const Action& action) const {
    const std::lock_guard<std::mutex> guard(mutex_);
    return action();
  }
  void arm(Calls calls, std::uint64_t nth, bool for_good) {
    locked([&] {
      armed_ = calls;
      left_ = nth;
      for_good_ = for_good;
      struck_ = false;
      error_ = 0;
      short_bytes_ = 0;
    });
  }
  std::string name_of(int fd) const {
    return locked([&] {
      const auto found = names_.find(fd);
      return found == names_.end() ? std::string() : found->second;
    });
  }
  /// Counts the call, waits where it hangs, and says whether the fault strikes it.
  bool strikes(Call call) {
    std::unique_lock<std::mutex> lock(mutex_);
    ++counts_[call];
    if (hanging_.has(call)) {
      ++hung_;
      moved_.notify_all();
      moved_.wait(lock, [&] { return !hanging_.has(call); });
      --hung_;
    }
    if (!armed_.has(call)) return false;
    if (left_ > 0) --left_;
    if (left_ > 0 || (struck_ && !for_good_)) return false;
    return struck_ = true;
  }
  template <class Action>
  std::invoke_result_t<Action> run(Call call, const std::string& on, const Action& action) {
    return run(call, on, action, [&](std::size_t) { return action(); });
  }
  template <class Action, class Shortened>
  std::invoke_result_t<Action> run(Call call, const std::string& on, const Action& action, const Shortened& shortened) {
    using Result = std::invoke_result_t<Action>;
    const bool strike = strikes(call);
    const Result result = !strike ? action() : error_ != 0 ? static_cast<Result>(-error_) : shortened(short_bytes_);
    locked([&] { log_.push_back({call, on, result}); });
    return result;
  }

  mutable std::mutex mutex_;
  std::condition_variable moved_;
  Calls armed_;
  std::uint64_t left_ = 0;
  bool for_good_ = false;
  bool struck_ = false;
  int error_ = 0;
  std::size_t short_bytes_ = 0;
  Calls hanging_;
  int hung_ = 0;
  std::map<Call, std::uint64_t> counts_;
  std::vector<Logged> log_;
  std::map<int, std::string> names_;
  std::set<int> condemned_;  // whose sync has failed
};

}  // namespace relume::test
