// SPDX-License-Identifier: Apache-2.0
#include "decklink/virtual_card/recorder.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <cerrno>
#include <cstring>

namespace rig::decklink::card {

namespace {

/// Over the pixels alone: what pads a row beyond the fewest bytes it needs is nobody's content.
std::uint64_t hash_of(const FrameLayout& layout, const std::byte* bytes) {
  const auto row = static_cast<std::size_t>(abi::min_row_bytes(layout.format, layout.width));
  const auto rows = static_cast<std::size_t>(layout.height);
  const auto stride = static_cast<std::size_t>(layout.row_bytes);
  if (stride == row) return XXH3_64bits(bytes, row * rows);
  XXH3_state_t* state = XXH3_createState();
  XXH3_64bits_reset(state);
  for (std::size_t y = 0; y < rows; ++y) XXH3_64bits_update(state, bytes + y * stride, row);
  const std::uint64_t hash = XXH3_64bits_digest(state);
  XXH3_freeState(state);
  return hash;
}

}  // namespace

Recorder::Recorder(std::string log_path) : log_path_(std::move(log_path)), thread_([this] { run(); }) {}

Recorder::~Recorder() {
  {
    const std::lock_guard lock(mutex_);
    quit_ = true;
  }
  wake_.notify_one();
  thread_.join();
  if (log_ != nullptr) std::fclose(log_);
}

void Recorder::log(std::string line) {
  if (!logs()) return;
  {
    const std::lock_guard lock(mutex_);
    items_.push_back({nullptr, std::move(line)});
  }
  wake_.notify_one();
}

void Recorder::look(std::shared_ptr<Look> work) {
  {
    const std::lock_guard lock(mutex_);
    items_.push_back({std::move(work), {}});
  }
  wake_.notify_one();
}

void Recorder::wait_for(const Look& work) {
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&work] { return work.done; });
}

void Recorder::flush() {
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return items_.empty() && !working_; });
}

void Recorder::record(Item& item) {
  if (item.look != nullptr) {
    Look& look = *item.look;
    item.line = std::move(look.log);
    const bool readable = look.frame.read([&look, &item](const std::byte* bytes) {
      if (look.desk != nullptr) look.desk->keep(look.frame.layout(), bytes);
      if (!look.hash) return;
      const std::uint64_t hash = hash_of(look.frame.layout(), bytes);
      look.ledger->set_hash(look.index, hash);
      if (!item.line.empty()) item.line += fmt::format(R"(,"hash":"{:016x}")", hash);
    });
    if (!item.line.empty()) item.line += readable ? "}" : R"(,"unreadable":true})";
    look.frame = {};
  }
  if (!item.line.empty()) write(item.line);
}

void Recorder::write(std::string& line) {
  if (log_ == nullptr && !log_failed_) {
    log_ = std::fopen(log_path_.c_str(), "we");
    log_failed_ = log_ == nullptr;
    if (log_failed_) {
      std::fprintf(stderr, "virtual card: cannot write the log %s (%s); going on without\n", log_path_.c_str(),
                   std::strerror(errno));
    }
  }
  if (log_failed_) return;
  line += '\n';
  if (std::fwrite(line.data(), 1, line.size(), log_) != line.size()) {
    std::fprintf(stderr, "virtual card: the log %s ends here (%s)\n", log_path_.c_str(), std::strerror(errno));
    log_failed_ = true;
  }
}

void Recorder::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return quit_ || !items_.empty(); });
    if (items_.empty()) return;
    working_ = true;
    while (!items_.empty()) {
      Item item = std::move(items_.front());
      items_.pop_front();
      lock.unlock();
      record(item);
      lock.lock();
      if (item.look != nullptr) {
        item.look->done = true;
        done_.notify_all();
      }
    }
    if (log_ != nullptr) {
      lock.unlock();
      std::fflush(log_);
      lock.lock();
    }
    working_ = false;
    if (items_.empty()) done_.notify_all();
  }
}

}  // namespace rig::decklink::card
