// SPDX-License-Identifier: Apache-2.0
#include "video/shader_library.hpp"

#include "adapters/clock.hpp"
#include "video/folder_watch.hpp"
#include "video/shader_changes.hpp"
#include "video/stage_ring.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace rig {
namespace {

constexpr std::int64_t kQuiet = 100 * kMillisecond;
constexpr std::int64_t kPatience = 2 * kSecond;
constexpr int kLookAgainMs = 1'000;  // for a folder that is gone
constexpr int kBuilderNice = 10;     // where cores are few, frames come first

int poll_timeout(std::optional<std::int64_t> next_ns, std::int64_t now_ns) {
  if (!next_ns) return -1;
  // Upwards, so that it is ready at the end and not just before.
  return static_cast<int>((std::max<std::int64_t>(*next_ns - now_ns, 0) + kMillisecond - 1) / kMillisecond);
}

}  // namespace

class ShaderLibrary::Builder {
 public:
  Builder(Renderer& renderer, std::string folder)
      : stages_(renderer.stages()),
        folder_(std::move(folder)),
        watch_(folder_),
        stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (stop_.get() < 0) {
      throw PackageError(
          fmt::format("cannot make an eventfd ({}): raise the limit of open files", std::strerror(errno)));
    }
  }
  ~Builder() { stop(); }

  std::vector<ShaderFailure> build_all();
  void start(ShaderEvents events);
  void stop();
  ShaderRef find(const std::string& name) const;
  std::vector<ShaderRef> all() const;

 private:
  /// What a package's files held when it was last tried.
  struct Attempt {
    std::optional<PackageTexts> texts;
    std::string unreadable;
    bool operator==(const Attempt&) const = default;
  };
  Attempt read(const std::string& name) const;
  /// False: the files hold what they held last time.
  bool note_attempt(const std::string& name, const Attempt& attempt);
  void run();
  void rebuild(const std::string& name);
  void build_and_announce(ShaderPackage package);
  void doubt_everything(std::int64_t now_ns);
  void follow_folder(std::int64_t now_ns);
  ShaderRef exchange(const std::string& name, ShaderRef shader);

  StageRing& stages_;
  std::string folder_;
  FolderWatch watch_;
  ShaderChanges changes_{kQuiet, kPatience};
  std::map<std::string, Attempt> attempts_;  // by name
  mutable std::mutex mutex_;
  std::map<std::string, ShaderRef> good_;  // by name; under the mutex
  ShaderEvents events_;
  FileDescriptor stop_;
  std::thread thread_;
};

std::vector<ShaderFailure> ShaderLibrary::Builder::build_all() {
  std::vector<ShaderFailure> failures;
  for (const std::string& name : list_packages(folder_)) {
    const Attempt attempt = read(name);
    note_attempt(name, attempt);
    try {
      if (!attempt.texts) throw PackageError(attempt.unreadable);
      exchange(name, stages_.build(parse_package(name, attempt.texts->json, attempt.texts->source)));
    } catch (const std::runtime_error& error) { failures.push_back({name, error.what()}); }
  }
  return failures;
}

void ShaderLibrary::Builder::start(ShaderEvents events) {
  events_ = std::move(events);
  thread_ = std::thread([this] { run(); });
}

void ShaderLibrary::Builder::stop() {
  if (!thread_.joinable()) return;
  eventfd_write(stop_.get(), 1);
  thread_.join();
  eventfd_t ignored = 0;
  eventfd_read(stop_.get(), &ignored);
}

ShaderRef ShaderLibrary::Builder::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = good_.find(name);
  return found != good_.end() ? found->second : nullptr;
}

std::vector<ShaderRef> ShaderLibrary::Builder::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<ShaderRef> shaders;
  for (const auto& [name, shader] : good_) shaders.push_back(shader);
  return shaders;
}

ShaderRef ShaderLibrary::Builder::exchange(const std::string& name, ShaderRef shader) {
  const std::lock_guard lock(mutex_);
  if (shader == nullptr) {
    good_.erase(name);
    return nullptr;
  }
  return std::exchange(good_[name], std::move(shader));
}

ShaderLibrary::Builder::Attempt ShaderLibrary::Builder::read(const std::string& name) const {
  try {
    return {read_texts(folder_, name), {}};
  } catch (const PackageError& error) { return {std::nullopt, error.what()}; }
}

bool ShaderLibrary::Builder::note_attempt(const std::string& name, const Attempt& attempt) {
  const auto [at, is_new] = attempts_.try_emplace(name, attempt);
  if (is_new) return true;
  if (at->second == attempt) return false;
  at->second = attempt;
  return true;
}

void ShaderLibrary::Builder::run() {
  // Linux has a niceness for each thread. A wish, no more: without it the builder competes as an equal.
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kBuilderNice);
  for (;;) {
    const int timeout = watch_.watching() ? poll_timeout(changes_.next_ns(), monotonic_now()) : kLookAgainMs;
    std::array<pollfd, 2> waits{{{stop_.get(), POLLIN, 0}, {watch_.fd(), POLLIN, 0}}};
    if (poll(waits.data(), waits.size(), timeout) < 0) continue;
    if (waits[0].revents != 0) return;
    const std::int64_t now_ns = monotonic_now();
    follow_folder(now_ns);
    for (const std::string& name : changes_.take_ready(now_ns)) rebuild(name);
  }
}

void ShaderLibrary::Builder::follow_folder(std::int64_t now_ns) {
  const bool was_there = watch_.watching();
  const FolderWatch::News news = watch_.read(changes_, now_ns);
  if (news.lost) doubt_everything(now_ns);
  if (news.gone) {
    events_.notices({"the folder of shaders is gone; the shaders stay as they are", printable(folder_, 400),
                     "put it back: it is looked for every second"});
  }
  if (watch_.watching() || !watch_.again()) return;
  if (!was_there || news.gone) {
    events_.notices({"the folder of shaders is back", printable(folder_, 400), "nothing to do"});
    doubt_everything(now_ns);
  }
}

void ShaderLibrary::Builder::doubt_everything(std::int64_t now_ns) {
  for (const auto& [name, attempt] : attempts_) changes_.unknown(name, now_ns);
  try {
    for (const std::string& name : list_packages(folder_)) changes_.unknown(name, now_ns);
  } catch (const PackageError& error) {
    events_.notices({error.what(), printable(folder_, 400), "make the folder readable"});
  }
}

void ShaderLibrary::Builder::rebuild(const std::string& name) {
  const Attempt attempt = read(name);
  if (!note_attempt(name, attempt)) return;
  if (!attempt.texts) return events_.failed(name, attempt.unreadable);
  try {
    build_and_announce(parse_package(name, attempt.texts->json, attempt.texts->source));
  } catch (const std::runtime_error& error) { events_.failed(name, error.what()); }
}

void ShaderLibrary::Builder::build_and_announce(ShaderPackage package) {
  const std::string name = package.name;
  events_.build_started(package);
  ShaderRef shader = stages_.build(std::move(package));
  ShaderRef before = exchange(name, shader);
  if (!events_.built(shader)) exchange(name, std::move(before));
}

ShaderLibrary::ShaderLibrary(Renderer& renderer, std::string folder)
    : builder_(std::make_unique<Builder>(renderer, std::move(folder))) {}
ShaderLibrary::~ShaderLibrary() = default;
std::vector<ShaderFailure> ShaderLibrary::build_all() { return builder_->build_all(); }
void ShaderLibrary::start(ShaderEvents events) { builder_->start(std::move(events)); }
void ShaderLibrary::stop() { builder_->stop(); }
ShaderRef ShaderLibrary::find(const std::string& name) const { return builder_->find(name); }
std::vector<ShaderRef> ShaderLibrary::all() const { return builder_->all(); }

}  // namespace rig
