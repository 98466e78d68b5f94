// SPDX-License-Identifier: Apache-2.0
#include "support/sim_state.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace relume::test {
namespace {

std::size_t sectors_of(std::uint64_t size) { return static_cast<std::size_t>((size + kSectorSize - 1) / kSectorSize); }

}  // namespace

VolatileMemory::VolatileMemory() : fd_(::memfd_create("relume-sim", MFD_CLOEXEC)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "memfd_create");
}

VolatileMemory::~VolatileMemory() { ::close(fd_); }

void Node::set(const Attributes& next) {
  const bool same =
      next.size == now.size && next.mode == now.mode && next.owner == now.owner && next.group == now.group;
  if (!same && !is_volatile) earlier.push_back(now);
  now = next;
}

void Node::put(std::size_t index, SectorContent content) {
  if (index >= sectors.size()) {
    if (content == nullptr) return;
    sectors.resize(index + 1);
  }
  if (sectors[index] == nullptr && content == nullptr) return;
  earlier_sectors[index].push_back(std::exchange(sectors[index], std::move(content)));
}

void Node::resize(std::uint64_t size, std::int64_t at_ns) {
  Attributes next = now;
  next.size = size;
  next.modified_ns = at_ns;
  set(next);
  if (memory != nullptr) {
    if (::ftruncate(memory->fd(), static_cast<off_t>(size)) < 0) throw std::runtime_error("a memfd cannot be resized");
    return;
  }
  const std::size_t kept = sectors_of(size);
  for (std::size_t i = kept; i < sectors.size(); ++i) put(i, nullptr);
  if (sectors.size() > kept) sectors.resize(kept);
  const std::size_t tail = size % kSectorSize;
  if (tail != 0 && kept <= sectors.size() && sectors[kept - 1] != nullptr) {
    auto cut = std::make_shared<Sector>(*sectors[kept - 1]);
    std::fill(cut->begin() + static_cast<std::ptrdiff_t>(tail), cut->end(), static_cast<unsigned char>(0));
    if (*cut != *sectors[kept - 1]) put(kept - 1, std::move(cut));
  }
}

void Node::write(const unsigned char* data, std::size_t size, std::uint64_t offset, std::int64_t at_ns) {
  Attributes next = now;
  next.size = std::max<std::uint64_t>(now.size, offset + size);
  next.modified_ns = at_ns;
  set(next);
  if (memory != nullptr) {
    if (::pwrite(memory->fd(), data, size, static_cast<off_t>(offset)) != static_cast<ssize_t>(size)) {
      throw std::runtime_error("a memfd cannot be written");
    }
    return;
  }
  while (size > 0) {
    const std::size_t index = static_cast<std::size_t>(offset / kSectorSize);
    const std::size_t begin = offset % kSectorSize;
    const std::size_t n = std::min(size, kSectorSize - begin);
    const bool old = index < sectors.size() && sectors[index] != nullptr;
    auto content = old ? std::make_shared<Sector>(*sectors[index]) : std::make_shared<Sector>();
    std::memcpy(content->data() + begin, data, n);
    put(index, std::move(content));
    data += n;
    offset += n;
    size -= n;
  }
}

std::size_t Node::read(unsigned char* data, std::size_t size, std::uint64_t offset) const {
  if (offset >= now.size) return 0;
  size = static_cast<std::size_t>(std::min<std::uint64_t>(size, now.size - offset));
  if (memory != nullptr) {
    const ssize_t n = ::pread(memory->fd(), data, size, static_cast<off_t>(offset));
    if (n < 0) throw std::runtime_error("a memfd cannot be read");
    return static_cast<std::size_t>(n);
  }
  for (std::size_t done = 0; done < size;) {
    const std::size_t index = static_cast<std::size_t>((offset + done) / kSectorSize);
    const std::size_t begin = (offset + done) % kSectorSize;
    const std::size_t n = std::min(size - done, kSectorSize - begin);
    if (index < sectors.size() && sectors[index] != nullptr) {
      std::memcpy(data + done, sectors[index]->data() + begin, n);
    } else {
      std::memset(data + done, 0, n);
    }
    done += n;
  }
  return size;
}

void Node::sync_content() {
  earlier.clear();
  earlier_sectors.clear();
}

DiskState::DiskState() {
  Node root;
  root.directory = true;
  root.parent = kRoot;
  root.now.mode = 0755;
  add(root);
}

DiskState::DiskState(std::vector<std::shared_ptr<Node>> nodes, NodeNumber next, std::int64_t clock_ns)
    : nodes_(std::move(nodes)), next_(next), clock_ns_(clock_ns) {}

std::size_t DiskState::index_of(NodeNumber number) const {
  const auto found = std::lower_bound(nodes_.begin(), nodes_.end(), number,
                                      [](const auto& node, NodeNumber n) { return node->number < n; });
  if (found == nodes_.end() || (*found)->number != number) throw std::logic_error("no such node on the simulated disk");
  return static_cast<std::size_t>(found - nodes_.begin());
}

Node& DiskState::change(NodeNumber number) {
  std::shared_ptr<Node>& node = nodes_[index_of(number)];
  if (node.use_count() > 1) node = std::make_shared<Node>(*node);
  return *node;
}

NodeNumber DiskState::add(const Node& node) {
  auto added = std::make_shared<Node>(node);
  added->number = next_++;
  nodes_.push_back(std::move(added));
  return nodes_.back()->number;
}

void DiskState::enter(NodeNumber folder, const std::string& name, NodeNumber node, std::uint64_t rename) {
  Node& in = change(folder);
  if (!in.is_volatile) {
    if (in.changes.empty()) in.durable_entries = in.entries;
    in.changes.push_back({name, node, rename});
  }
  if (node == 0) {
    in.entries.erase(name);
  } else {
    in.entries[name] = node;
  }
  in.now.modified_ns = tick();
}

void DiskState::sync_folder(NodeNumber folder) {
  std::vector<NameChange> settled;
  Node& synced = change(folder);
  settled.swap(synced.changes);
  synced.durable_entries.clear();
  synced.earlier.clear();
  for (const NameChange& entry : settled) {
    if (entry.rename == 0) continue;
    const bool folder_moved = entry.node != 0 && at(entry.node).directory;
    if (entry.node == 0 || folder_moved) settle_rename(entry.rename, folder);
  }
}

void DiskState::settle_rename(std::uint64_t rename, NodeNumber except) {
  for (const std::shared_ptr<Node>& node : nodes_) {
    if (node->number == except) continue;
    const auto other = std::find_if(node->changes.begin(), node->changes.end(),
                                    [&](const NameChange& c) { return c.rename == rename; });
    if (other == node->changes.end()) continue;
    const auto at_index = other - node->changes.begin();
    const NameChange entry = *other;
    Node& folder = change(node->number);
    const auto end = folder.changes.begin() + at_index + 1;
    // What the same name was before cannot come back either.
    folder.changes.erase(
        std::remove_if(folder.changes.begin(), end, [&](const NameChange& c) { return c.name == entry.name; }), end);
    if (entry.node == 0) {
      folder.durable_entries.erase(entry.name);
    } else {
      folder.durable_entries[entry.name] = entry.node;
    }
    if (folder.changes.empty()) folder.durable_entries.clear();
    return;
  }
}

void DiskState::collect(const std::vector<NodeNumber>& open) {
  std::set<NodeNumber> reached;
  std::vector<NodeNumber> todo = open;
  todo.push_back(kRoot);
  while (!todo.empty()) {
    const NodeNumber number = todo.back();
    todo.pop_back();
    if (!reached.insert(number).second) continue;
    const Node& node = at(number);
    if (node.directory) todo.push_back(node.parent);  // .. works in a removed directory too
    for (const auto& [name, child] : node.entries) todo.push_back(child);
    for (const auto& [name, child] : node.durable_entries) todo.push_back(child);
    for (const NameChange& entry : node.changes) {
      if (entry.node != 0) todo.push_back(entry.node);
    }
  }
  if (reached.size() == nodes_.size()) return;
  nodes_.erase(
      std::remove_if(nodes_.begin(), nodes_.end(), [&](const auto& node) { return reached.count(node->number) == 0; }),
      nodes_.end());
}

}  // namespace relume::test
