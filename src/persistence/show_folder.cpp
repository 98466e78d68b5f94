// SPDX-License-Identifier: Apache-2.0
#include "persistence/show_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <ctime>
#include <utility>
#include <vector>

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
  return out.lock();
}

Fault ShowFolder::lock() {
  const std::string name = path_ + "/lock";
  const int fd = files_->open(name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  if (fd < 0) return io_fault(name, "open", fd);
  lock_ = platform::File(*files_, fd);
  if (const int r = files_->lock(fd); r == -EWOULDBLOCK) {
    std::string content;
    platform::read_whole(*files_, name, 256, content);  // unreadable is as good as empty: only the name is lost
    return {RELUME_E_OWNED, path_,
            fmt::format("show {} is owned by {}; close it there first", path_, owner_text(content))};
  } else if (r < 0) {
    return io_fault(name, "lock", r);
  }
  platform::FileStatus folder;
  const int folder_fd = files_->open(path_, O_RDONLY | O_DIRECTORY, 0);
  if (folder_fd < 0) return io_fault(path_, "open", folder_fd);
  const platform::File folder_file(*files_, folder_fd);
  if (const int r = files_->status(folder_fd, folder); r < 0) return io_fault(path_, "status", r);
  identity_.folder_device = folder.device;
  identity_.folder_inode = folder.inode;
  identity_.boot_id = platform::boot_id(*files_);

  const std::string owner = fmt::format("{} {}\n", platform::process_id(), platform::process_start_seconds(*files_));
  if (const int r = files_->truncate(fd, 0); r < 0) return io_fault(name, "truncate", r);
  const ssize_t written = files_->write(fd, owner.data(), owner.size());
  if (written < 0) return io_fault(name, "write", static_cast<int>(written));
  return {};
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

Fault ShowFolder::identify(const std::string& runtime_dir, std::string& kept_as) {
  const std::string name = path_ + "/id";
  std::string text;
  const int r = platform::read_whole(*files_, name, 256, text);
  if (r == 0 || r == -EFBIG) {
    if (text.size() == 33 && text.back() == '\n' &&
        platform::from_hex(std::string_view(text).substr(0, 32), identity_.show_id.data(), identity_.show_id.size())) {
      return {};
    }
    kept_as = keep_aside(*files_, name);
    if (kept_as.empty()) {
      return {RELUME_E_IO, name, fmt::format("{} is damaged and cannot be renamed; move it away by hand", name)};
    }
  } else if (r != -ENOENT) {
    return io_fault(name, "read", r);
  }
  if (!id_from_mirror(runtime_dir)) platform::random_bytes(identity_.show_id.data(), identity_.show_id.size());
  std::string step;
  const std::string id = platform::to_hex(identity_.show_id.data(), identity_.show_id.size()) + "\n";
  if (const int written = platform::replace_whole(*files_, path_, "id", id, step); written < 0) {
    return io_fault(name, step.c_str(), written);
  }
  return {};
}

}  // namespace relume::core
