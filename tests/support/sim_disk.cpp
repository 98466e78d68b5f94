// SPDX-License-Identifier: Apache-2.0
#include "support/sim_disk.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <limits>
#include <stdexcept>
#include <utility>

namespace relume::test {

using core::platform::FileStatus;
using core::platform::RangeLock;

namespace {

using Guard = std::lock_guard<std::mutex>;

constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 40;
constexpr int kKnownFlags =
    O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;

}  // namespace

SimDisk::SimDisk() {
  for (const char* root : {kDisk, kRun}) {
    Node node;
    node.directory = true;
    node.label = root;
    node.parent = DiskState::kRoot;
    node.is_volatile = root == std::string_view(kRun);
    node.now.mode = 0755;
    node.now.owner = ::geteuid();
    node.now.group = ::getegid();
    state_.enter(DiskState::kRoot, root + 1, state_.add(node));
  }
  state_.sync_folder(DiskState::kRoot);
}

SimDisk::SimDisk(DiskState state) : state_(std::move(state)) {}

DiskState SimDisk::state() const {
  const Guard guard(mutex_);
  return state_;
}

void SimDisk::observe(DiskObserver* observer) {
  const Guard guard(mutex_);
  observer_ = observer;
  if (observer_ != nullptr) observer_->changed(state_, "start");
}

void SimDisk::end_process() {
  const Guard guard(mutex_);
  open_.clear();
  forget_unreachable();
}

std::size_t SimDisk::open_descriptors() const {
  const Guard guard(mutex_);
  return open_.size();
}

void SimDisk::changed(NodeNumber node, const char* call, const std::string& on) {
  if (observer_ != nullptr && !state_.at(node).is_volatile) observer_->changed(state_, std::string(call) + ' ' + on);
}

void SimDisk::forget_unreachable() {
  std::vector<NodeNumber> open;
  for (const auto& [fd, file] : open_) open.push_back(file.node);
  state_.collect(open);
}

SimDisk::OpenFile* SimDisk::file(int fd) {
  const auto found = open_.find(fd);
  return found == open_.end() ? nullptr : &found->second;
}

int SimDisk::step(NodeNumber from, std::string_view component, NodeNumber& out) const {
  const Node& folder = state_.at(from);
  if (!folder.directory) return -ENOTDIR;
  if (component.size() > 255) return -ENAMETOOLONG;
  if (component == ".") {
    out = from;
  } else if (component == "..") {
    out = folder.parent;
  } else {
    const auto entry = folder.entries.find(std::string(component));
    out = entry == folder.entries.end() ? 0 : entry->second;
  }
  return 0;
}

int SimDisk::find(int folder, const std::string& path, Place& out) {
  if (path.empty()) return -ENOENT;
  if (path.size() > 4095) return -ENAMETOOLONG;
  NodeNumber at = DiskState::kRoot;
  if (path[0] != '/' && folder != kNoFolder) {
    const OpenFile* base = file(folder);
    if (base == nullptr) return -EBADF;
    at = base->node;
  }
  out = {at, "", at, Last::root, false};
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view component = std::string_view(path).substr(begin, end - begin);
    begin = end + 1;
    if (component.empty()) continue;
    if (out.node == 0) return -ENOENT;
    out.folder = out.node;
    if (const int r = step(out.folder, component, out.node); r < 0) return r;
    out.name = component;
    out.last = component == "." ? Last::dot : component == ".." ? Last::dot_dot : Last::name;
  }
  out.slash = path.back() == '/';
  return 0;
}

int SimDisk::refuse_found(const Place& place) const {
  if (place.node == 0) return -ENOENT;
  return place.slash && !state_.at(place.node).directory ? -ENOTDIR : 0;
}

int SimDisk::refuse_new(const Place& place) const {
  if (place.node != 0) return -EEXIST;
  return state_.at(place.folder).removed ? -ENOENT : 0;
}

int SimDisk::create(const Place& place, bool directory, unsigned mode, NodeNumber& out) {
  if (const int r = refuse_new(place); r < 0) return r;
  const Node& folder = state_.at(place.folder);
  Node node;
  node.label = place.name;
  node.directory = directory;
  node.parent = directory ? place.folder : 0;
  node.is_volatile = folder.is_volatile;
  if (node.is_volatile && !directory) node.memory = std::make_shared<VolatileMemory>();
  node.now.mode = mode & 07777U;
  node.now.owner = ::geteuid();
  node.now.group = ::getegid();
  node.now.modified_ns = state_.tick();
  out = state_.add(node);
  state_.enter(place.folder, place.name, out);
  return 0;
}

int SimDisk::open(int folder, const std::string& name, int flags, unsigned mode) {
  const Guard guard(mutex_);
  if ((flags & ~kKnownFlags) != 0) throw std::logic_error("the simulated disk knows no such flag of open");
  const int access = flags & O_ACCMODE;
  Place place;
  if (const int r = find(folder, name, place); r < 0) return r;
  const bool writes = access != O_RDONLY;
  if ((flags & O_CREAT) != 0 && place.slash) return -EISDIR;
  if (place.node == 0) {
    if ((flags & O_CREAT) == 0) return -ENOENT;
    if (const int r = create(place, false, mode, place.node); r < 0) return r;
    changed(place.node, "create", place.name);
  } else {
    if ((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) return -EEXIST;
    if (const int r = refuse_found(place); r < 0) return r;
    if (state_.at(place.node).directory && (writes || (flags & O_CREAT) != 0)) return -EISDIR;
    if (!state_.at(place.node).directory && (flags & O_DIRECTORY) != 0) return -ENOTDIR;
    if ((flags & O_TRUNC) != 0 && !state_.at(place.node).directory) {
      state_.change(place.node).resize(0, state_.tick());
      changed(place.node, "truncate", place.name);
    }
  }
  int fd = kFirstDescriptor;
  for (const auto& [used, file] : open_) {
    if (used != fd) break;
    ++fd;
  }
  OpenFile opened;
  opened.node = place.node;
  opened.readable = access != O_WRONLY;
  opened.writable = writes;
  opened.append = (flags & O_APPEND) != 0;
  open_.emplace(fd, std::move(opened));
  return fd;
}

int SimDisk::close(int fd) {
  const Guard guard(mutex_);
  return open_.erase(fd) == 0 ? -EBADF : 0;
}

ssize_t SimDisk::read_locked(OpenFile& open, void* data, std::size_t size, std::uint64_t offset) {
  if (!open.readable) return -EBADF;
  const Node& node = state_.at(open.node);
  if (node.directory) return -EISDIR;
  return static_cast<ssize_t>(node.read(static_cast<unsigned char*>(data), size, offset));
}

ssize_t SimDisk::read(int fd, void* data, std::size_t size) {
  const Guard guard(mutex_);
  OpenFile* open = file(fd);
  if (open == nullptr) return -EBADF;
  const ssize_t n = read_locked(*open, data, size, open->position);
  if (n > 0) open->position += static_cast<std::uint64_t>(n);
  return n;
}

ssize_t SimDisk::read_at(int fd, void* data, std::size_t size, std::uint64_t offset) {
  const Guard guard(mutex_);
  OpenFile* open = file(fd);
  return open == nullptr ? -EBADF : read_locked(*open, data, size, offset);
}

ssize_t SimDisk::write_locked(OpenFile& open, const void* data, std::size_t size, std::uint64_t offset) {
  if (!open.writable) return -EBADF;
  if (size == 0) return 0;
  if (offset > kLargestFile || size > kLargestFile - offset) return -EFBIG;
  Node& node = state_.change(open.node);
  node.write(static_cast<const unsigned char*>(data), size, offset, state_.tick());
  changed(node.number, "write", node.label);
  return static_cast<ssize_t>(size);
}

ssize_t SimDisk::write(int fd, const void* data, std::size_t size) {
  const Guard guard(mutex_);
  OpenFile* open = file(fd);
  if (open == nullptr) return -EBADF;
  if (open->append) open->position = state_.at(open->node).now.size;
  const ssize_t n = write_locked(*open, data, size, open->position);
  if (n > 0) open->position += static_cast<std::uint64_t>(n);
  return n;
}

ssize_t SimDisk::write_at(int fd, const void* data, std::size_t size, std::uint64_t offset) {
  const Guard guard(mutex_);
  OpenFile* open = file(fd);
  if (open == nullptr) return -EBADF;
  // Linux appends, whatever the offset.
  return write_locked(*open, data, size, open->append ? state_.at(open->node).now.size : offset);
}

int SimDisk::truncate(int fd, std::uint64_t size) {
  const Guard guard(mutex_);
  OpenFile* open = file(fd);
  if (size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return -EINVAL;
  if (open == nullptr) return -EBADF;
  if (!open->writable) return -EINVAL;
  if (size > kLargestFile) return -EFBIG;
  Node& node = state_.change(open->node);
  node.resize(size, state_.tick());
  changed(node.number, "truncate", node.label);
  return 0;
}

int SimDisk::allocate(int fd, std::uint64_t size) {
  const Guard guard(mutex_);
  OpenFile* open = file(fd);
  if (size == 0 || size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return -EINVAL;
  if (open == nullptr || !open->writable) return -EBADF;
  if (size > kLargestFile) return -EFBIG;
  if (size <= state_.at(open->node).now.size) return 0;
  Node& node = state_.change(open->node);
  node.resize(size, state_.tick());
  changed(node.number, "allocate", node.label);
  return 0;
}

int SimDisk::sync(int fd) {
  const Guard guard(mutex_);
  OpenFile* open = file(fd);
  if (open == nullptr) return -EBADF;
  if (state_.at(open->node).synced()) return 0;
  if (state_.at(open->node).directory) {
    state_.sync_folder(open->node);
    forget_unreachable();
  } else {
    state_.change(open->node).sync_content();
  }
  changed(open->node, "sync", state_.at(open->node).label);
  return 0;
}

bool SimDisk::is_below(NodeNumber node, NodeNumber folder) const {
  for (;; node = state_.at(node).parent) {
    if (node == folder) return true;
    if (node == DiskState::kRoot) return false;
  }
}

int SimDisk::check_rename(const Place& from, const Place& to) const {
  if (state_.at(from.folder).is_volatile != state_.at(to.folder).is_volatile) return -EXDEV;
  if (from.last != Last::name || to.last != Last::name) return -EBUSY;
  if (from.node == 0) return -ENOENT;
  const Node& moved = state_.at(from.node);
  if (!moved.directory && (from.slash || to.slash)) return -ENOTDIR;
  if (moved.directory && is_below(to.folder, from.node)) return -EINVAL;
  if (to.node == 0) return state_.at(to.folder).removed ? -ENOENT : 0;
  if (to.node == from.node) return 0;
  const Node& target = state_.at(to.node);
  if (target.directory && is_below(from.folder, to.node)) return -ENOTEMPTY;
  if (moved.directory && !target.directory) return -ENOTDIR;
  if (!moved.directory && target.directory) return -EISDIR;
  if (target.directory && !target.entries.empty()) return -ENOTEMPTY;
  if (from.folder == DiskState::kRoot || to.folder == DiskState::kRoot) return -EBUSY;  // the roots are mount points
  return 0;
}

int SimDisk::rename(int from_folder, const std::string& from, int to_folder, const std::string& to) {
  const Guard guard(mutex_);
  Place source;
  Place target;
  if (const int r = find(from_folder, from, source); r < 0) return r;
  if (const int r = find(to_folder, to, target); r < 0) return r;
  if (const int r = check_rename(source, target); r < 0) return r;
  if (source.node == target.node) return 0;
  const std::uint64_t number = state_.new_rename();
  if (target.node != 0 && state_.at(target.node).directory) state_.change(target.node).removed = true;
  state_.enter(target.folder, target.name, source.node, number);
  state_.enter(source.folder, source.name, 0, number);
  if (state_.at(source.node).directory) state_.change(source.node).parent = target.folder;
  changed(source.node, "rename", source.name + " to " + target.name);
  return 0;
}

int SimDisk::link(int from_folder, const std::string& from, int to_folder, const std::string& to) {
  const Guard guard(mutex_);
  Place source;
  Place target;
  if (const int r = find(from_folder, from, source); r < 0) return r;
  if (const int r = refuse_found(source); r < 0) return r;
  if (const int r = find(to_folder, to, target); r < 0) return r;
  if (target.node == 0 && target.slash) return -ENOENT;
  if (const int r = refuse_new(target); r < 0) return r;
  if (state_.at(source.node).is_volatile != state_.at(target.folder).is_volatile) return -EXDEV;
  if (state_.at(source.node).directory) return -EPERM;
  state_.enter(target.folder, target.name, source.node);
  changed(source.node, "link", source.name + " to " + target.name);
  return 0;
}

int SimDisk::unlink(int folder, const std::string& name) {
  const Guard guard(mutex_);
  Place place;
  if (const int r = find(folder, name, place); r < 0) return r;
  if (place.last != Last::name) return -EISDIR;
  if (const int r = refuse_found(place); r < 0) return r;
  if (state_.at(place.node).directory) return -EISDIR;
  state_.enter(place.folder, place.name, 0);
  changed(place.folder, "unlink", place.name);
  return 0;
}

int SimDisk::make_directory(int folder, const std::string& name, unsigned mode) {
  const Guard guard(mutex_);
  Place place;
  if (const int r = find(folder, name, place); r < 0) return r;
  NodeNumber made = 0;
  if (const int r = create(place, true, mode, made); r < 0) return r;
  changed(made, "make directory", place.name);
  return 0;
}

int SimDisk::remove_directory(int folder, const std::string& name) {
  const Guard guard(mutex_);
  Place place;
  if (const int r = find(folder, name, place); r < 0) return r;
  if (place.last == Last::dot) return -EINVAL;
  if (place.last == Last::dot_dot) return -ENOTEMPTY;
  if (place.node == 0) return -ENOENT;
  if (!state_.at(place.node).directory) return -ENOTDIR;
  if (place.last == Last::root || place.folder == DiskState::kRoot) return -EBUSY;
  if (!state_.at(place.node).entries.empty()) return -ENOTEMPTY;
  state_.change(place.node).removed = true;
  state_.enter(place.folder, place.name, 0);
  changed(place.folder, "remove directory", place.name);
  return 0;
}

void SimDisk::fill(const Node& node, FileStatus& out) const {
  out.device = node.is_volatile ? 2 : 1;
  out.inode = node.number;
  out.size = node.now.size;
  out.modified_ns = node.now.modified_ns;
  out.owner = node.now.owner;
  out.group = node.now.group;
  out.mode = node.now.mode;
  out.regular = !node.directory;
}

int SimDisk::status(int folder, const std::string& name, FileStatus& out) {
  const Guard guard(mutex_);
  Place place;
  if (const int r = find(folder, name, place); r < 0) return r;
  if (const int r = refuse_found(place); r < 0) return r;
  fill(state_.at(place.node), out);
  return 0;
}

int SimDisk::status(int fd, FileStatus& out) {
  const Guard guard(mutex_);
  const OpenFile* open = file(fd);
  if (open == nullptr) return -EBADF;
  fill(state_.at(open->node), out);
  return 0;
}

int SimDisk::set_owner(int fd, std::uint32_t owner, std::uint32_t group) {
  const Guard guard(mutex_);
  const OpenFile* open = file(fd);
  if (open == nullptr) return -EBADF;
  Node& node = state_.change(open->node);
  Attributes next = node.now;
  next.owner = owner;
  next.group = group;
  node.set(next);
  changed(node.number, "set owner", node.label);
  return 0;
}

int SimDisk::set_mode(int fd, std::uint32_t mode) {
  const Guard guard(mutex_);
  const OpenFile* open = file(fd);
  if (open == nullptr) return -EBADF;
  Node& node = state_.change(open->node);
  Attributes next = node.now;
  next.mode = mode & 07777U;
  node.set(next);
  changed(node.number, "set mode", node.label);
  return 0;
}

int SimDisk::resolve(const std::string& path, std::string& out) {
  const Guard guard(mutex_);
  Place place;
  if (const int r = find(kNoFolder, path, place); r < 0) return r;
  if (const int r = refuse_found(place); r < 0) return r;
  std::string found;
  NodeNumber at = place.node;
  if (!state_.at(at).directory) {
    found = "/" + place.name;
    at = place.folder;
  }
  while (at != DiskState::kRoot) {
    const Node& parent = state_.at(state_.at(at).parent);
    const auto entry =
        std::find_if(parent.entries.begin(), parent.entries.end(), [&](const auto& e) { return e.second == at; });
    if (entry == parent.entries.end()) return -ENOENT;
    found.insert(0, "/" + entry->first);
    at = parent.number;
  }
  out = found.empty() ? "/" : found;
  return 0;
}

int SimDisk::lock(int fd) {
  const Guard guard(mutex_);
  OpenFile* open = file(fd);
  if (open == nullptr) return -EBADF;
  for (const auto& [other_fd, other] : open_) {
    if (&other != open && other.node == open->node && other.locked) return -EWOULDBLOCK;
  }
  open->locked = true;
  return 0;
}

int SimDisk::lock_range(int fd, RangeLock kind, std::uint64_t start, std::uint64_t length) {
  const Guard guard(mutex_);
  OpenFile* open = file(fd);
  if (open == nullptr) return -EBADF;
  constexpr auto kEnd = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (start > kEnd) return -EINVAL;
  if (length > 0 && length - 1 > kEnd - start) return -EOVERFLOW;
  if ((kind == RangeLock::shared && !open->readable) || (kind == RangeLock::exclusive && !open->writable))
    return -EBADF;
  const Range wanted{kind, start, length == 0 ? kEnd + 1 : start + length};
  for (const auto& [other_fd, other] : open_) {
    if (&other == open || other.node != open->node || kind == RangeLock::none) continue;
    for (const Range& held : other.ranges) {
      const bool overlaps = held.begin < wanted.end && wanted.begin < held.end;
      if (overlaps && (held.kind == RangeLock::exclusive || kind == RangeLock::exclusive)) return -EAGAIN;
    }
  }
  std::vector<Range> kept;
  for (const Range& held : open->ranges) {
    if (held.begin < wanted.begin) kept.push_back({held.kind, held.begin, std::min(held.end, wanted.begin)});
    if (held.end > wanted.end) kept.push_back({held.kind, std::max(held.begin, wanted.end), held.end});
  }
  if (kind != RangeLock::none) kept.push_back(wanted);
  open->ranges = std::move(kept);
  return 0;
}

int SimDisk::list(int folder, const std::string& name, std::vector<std::string>& names) {
  const Guard guard(mutex_);
  Place place;
  if (const int r = find(folder, name, place); r < 0) return r;
  if (place.node == 0) return -ENOENT;
  const Node& node = state_.at(place.node);
  if (!node.directory) return -ENOTDIR;
  std::vector<std::string> found;
  for (const auto& [entry, number] : node.entries) found.push_back(entry);
  // In the order of a hash, as ext4 does, lest somebody comes to rely on the alphabet.
  std::sort(found.begin(), found.end(), [](const std::string& a, const std::string& b) {
    const std::hash<std::string> hash;
    return std::pair(hash(a), a) < std::pair(hash(b), b);
  });
  names.insert(names.end(), found.begin(), found.end());
  return 0;
}

void* SimDisk::map(int fd, std::uint64_t offset, std::size_t size, int& error) {
  const Guard guard(mutex_);
  error = 0;
  const OpenFile* open = file(fd);
  if (open == nullptr) return error = EBADF, nullptr;
  const Node& node = state_.at(open->node);
  if (node.memory == nullptr) return error = ENODEV, nullptr;
  if (!open->readable || !open->writable) return error = EACCES, nullptr;
  void* data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, node.memory->fd(), static_cast<off_t>(offset));
  if (data == MAP_FAILED) return error = errno, nullptr;
  return data;
}

void SimDisk::unmap(void* data, std::size_t size) { ::munmap(data, size); }

}  // namespace relume::test
