// SPDX-License-Identifier: Apache-2.0
#include "persistence/show_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <ctime>
#include <utility>
#include <vector>

#include "persistence/keep_aside.hpp"
#include "platform/hex.hpp"
#include "platform/process.hpp"

namespace relume::core {

using platform::errno_name;

namespace {

Fault io_fault(const std::string& path, const char* step, int result) {
  return {
      RELUME_E_IO, path,
      fmt::format("{}: {}: {}; check that the folder is there and can be written", path, step, errno_name(-result))};
}

// "1234 1763710000": process and start time, for people only. The lock itself is the kernel's.
std::string owner_text(const std::string& lock_content) {
  long long process = 0;
  long long since = 0;
  if (std::sscanf(lock_content.c_str(), "%lld %lld", &process, &since) != 2 || process <= 0) return "a process";
  const std::time_t time = since;
  std::tm parts{};
  char text[32] = "";
  if (gmtime_r(&time, &parts) != nullptr) std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  return fmt::format("process {}, running since {} UTC", process, text);
}

}  // namespace

Fault ShowFolder::open(platform::Files& files, const std::string& path, ShowFolder& out) {
  out.files_ = &files;
  out.path_ = path;
  if (const int r = files.make_directory(path, 0700); r < 0 && r != -EEXIST) return io_fault(path, "make folder", r);
  const int fd = files.open(path, O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0) return io_fault(path, "open", fd);
  out.folder_ = platform::File(files, fd);
  return out.lock();
}

platform::ReplaceResult ShowFolder::sync_entry() const {
  using platform::Replaced;
  const int fd = files_->open(folder_.fd(), "..", O_RDONLY | O_DIRECTORY, 0);
  if (fd == -EACCES) return {};  // a directory above that we may not read is left to its owner
  if (fd < 0) return {Replaced::not_committed, -fd, "open"};
  const platform::File above(*files_, fd);
  const int r = files_->sync(fd);
  return r < 0 ? platform::ReplaceResult{Replaced::not_committed, -r, "sync"} : platform::ReplaceResult{};
}

Fault ShowFolder::lock() {
  const std::string name = path_ + "/lock";
  const int fd = files_->open(folder_.fd(), "lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  if (fd < 0) return io_fault(name, "open", fd);
  lock_ = platform::File(*files_, fd);
  if (const int r = files_->lock(fd); r == -EWOULDBLOCK) {
    std::string content;
    platform::read_whole(*files_, folder_.fd(), "lock", 256, content);  // unreadable: only the owner's name is lost
    return {RELUME_E_OWNED, path_,
            fmt::format("show {} is owned by {}; close it there first", path_, owner_text(content))};
  } else if (r < 0) {
    return io_fault(name, "lock", r);
  }
  platform::FileStatus folder;
  if (const int r = files_->status(folder_.fd(), folder); r < 0) return io_fault(path_, "status", r);
  identity_.folder_device = folder.device;
  identity_.folder_inode = folder.inode;
  identity_.boot_id = platform::boot_id(*files_);

  std::string before;
  long long process = 0;
  long long since = 0;
  unsigned long long history = 0;
  if (platform::read_whole(*files_, folder_.fd(), "lock", 256, before) == 0 &&
      std::sscanf(before.c_str(), "%lld %lld %llx", &process, &since, &history) == 3) {
    last_history_ = history;
  }
  return write_owner(last_history_);
}

Fault ShowFolder::write_owner(std::uint64_t history) {
  const std::string name = path_ + "/lock";
  const std::string owner =
      fmt::format("{} {} {:016x}\n", platform::process_id(), platform::process_start_seconds(*files_), history);
  const ssize_t written = files_->write_at(lock_.fd(), owner.data(), owner.size(), 0);
  if (written < 0) return io_fault(name, "write", static_cast<int>(written));
  if (const int r = files_->truncate(lock_.fd(), owner.size()); r < 0) return io_fault(name, "truncate", r);
  return {};
}

Fault ShowFolder::note_history(std::uint64_t history) {
  return history != last_history_ ? write_owner(history) : Fault{};
}

bool ShowFolder::id_from_mirror(const std::string& runtime_dir) {
  std::vector<std::string> names;
  if (files_->list(runtime_dir, names) < 0) return false;
  const std::string prefix = fmt::format("relume-{}-", platform::user_id());
  for (const std::string& name : names) {
    MirrorIdentity found;
    const bool ours = name.size() == prefix.size() + 16 && name.compare(0, prefix.size(), prefix) == 0 &&
                      Mirror::read_identity(*files_, runtime_dir + "/" + name, found) &&
                      found.folder_device == identity_.folder_device && found.folder_inode == identity_.folder_inode;
    if (!ours) continue;
    identity_.show_id = found.show_id;
    return true;
  }
  return false;
}

Fault ShowFolder::identify(const std::string& runtime_dir, const std::function<bool(ShowId&)>& elsewhere,
                           std::string& kept_as) {
  const std::string name = path_ + "/id";
  std::string text;
  const int r = platform::read_whole(*files_, folder_.fd(), "id", 256, text);
  if (r == 0 || r == -EFBIG) {
    if (text.size() == 33 && text.back() == '\n' &&
        platform::from_hex(std::string_view(text).substr(0, 32), identity_.show_id.data(), identity_.show_id.size())) {
      return {};
    }
    kept_as = keep_aside(*files_, folder_.fd(), "id", "damaged");
    if (kept_as.empty()) {
      return {RELUME_E_IO, name, fmt::format("{} is damaged and cannot be renamed; move it away by hand", name)};
    }
    kept_as = path_ + "/" + kept_as;
  } else if (r != -ENOENT) {
    return io_fault(name, "read", r);
  }
  if (!id_from_mirror(runtime_dir) && !elsewhere(identity_.show_id))
    platform::random_bytes(identity_.show_id.data(), identity_.show_id.size());
  return write_id();
}

Fault ShowFolder::write_id() {
  const std::string id = platform::to_hex(identity_.show_id.data(), identity_.show_id.size()) + "\n";
  const platform::ReplaceResult written = platform::replace_whole(*files_, folder_.fd(), "id", id);
  return written ? Fault{} : io_fault(path_ + "/id", written.step, -written.error);
}

}  // namespace relume::core
