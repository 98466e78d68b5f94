// SPDX-License-Identifier: Apache-2.0
#include "video/folder_watch.hpp"

#include "adapters/notice.hpp"
#include "video/shader_package.hpp"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace rig {

FolderWatch::FolderWatch(std::string folder)
    : folder_(std::move(folder)), inotify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (inotify_.get() >= 0 && again()) return;
  const int number = errno;
  const char* remedy = number == ENOSPC   ? "; raise fs.inotify.max_user_watches"
                       : number == EMFILE ? "; raise fs.inotify.max_user_instances or the limit of open files"
                                          : "";
  throw PackageError(fmt::format("the folder of shaders cannot be watched: {} ({}{})", printable(folder_, 400),
                                 std::strerror(number), remedy));
}

bool FolderWatch::again() noexcept {
  constexpr std::uint32_t kWanted =
      IN_MODIFY | IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
  watch_ = inotify_add_watch(inotify_.get(), folder_.c_str(), kWanted);
  return watch_ >= 0;
}

FolderWatch::News FolderWatch::read(ShaderChanges& changes, std::int64_t now_ns) {
  News news;
  alignas(inotify_event) std::array<char, 16 * 1024> buffer;
  for (;;) {
    const ssize_t got = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return news;
    for (ssize_t at = 0; at < got;) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const std::string file = event.len > 0 ? buffer.data() + at + sizeof event : "";
      at += static_cast<ssize_t>(sizeof event + event.len);
      if ((event.mask & IN_Q_OVERFLOW) != 0) news.lost = true;
      if (event.wd != watch_) continue;  // of a folder that was there before
      if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) != 0) {
        news.gone = true;
        if ((event.mask & IN_IGNORED) == 0) inotify_rm_watch(inotify_.get(), watch_);
        watch_ = -1;
      } else if ((event.mask & IN_MODIFY) != 0) {
        changes.writing(file, now_ns);
      } else {
        changes.settled(file, now_ns);
      }
    }
  }
}

}  // namespace rig
