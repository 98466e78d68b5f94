// SPDX-License-Identifier: Apache-2.0
// What a simulated disk holds: files in sectors, directories, and of both what no sync has made durable yet. sim_disk.hpp
// says which model of durability that follows.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace relume::test {

inline constexpr std::size_t kSectorSize = 512;
using Sector = std::array<unsigned char, kSectorSize>;
using SectorContent = std::shared_ptr<const Sector>;  // never changed in place; nullptr is zeros
using NodeNumber = std::uint64_t;                     // 0: none

struct Attributes {
  std::uint64_t size = 0;
  std::uint32_t mode = 0;  // permission bits
  std::uint32_t owner = 0;
  std::uint32_t group = 0;
  std::int64_t modified_ns = 0;
};

/// A change of one directory entry that no sync has made durable.
struct NameChange {
  std::string name;
  NodeNumber node = 0;       // 0: the entry went away
  std::uint64_t rename = 0;  // both entries of a rename carry its number
};

/// The bytes of a file on tmpfs, which may be mapped. They live in a memfd, so that maps, reads and sizes agree.
class VolatileMemory {
 public:
  VolatileMemory();
  ~VolatileMemory();
  VolatileMemory(const VolatileMemory&) = delete;
  VolatileMemory& operator=(const VolatileMemory&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

struct Node {
  NodeNumber number = 0;
  std::string label;  // its first name, for messages
  bool directory = false;
  bool removed = false;                          // a directory that only an open descriptor still holds
  NodeNumber parent = 0;                         // of a directory
  bool is_volatile = false;                      // on tmpfs
  std::shared_ptr<const VolatileMemory> memory;  // of a volatile file

  // As calls see it. Beyond the size, sectors hold zeros.
  Attributes now;
  std::vector<SectorContent> sectors;  // the rest of the file, up to its size, is a hole
  std::map<std::string, NodeNumber> entries;

  // What was there before, where no sync has settled it: the durable state first, then each that a call left behind.
  std::vector<Attributes> earlier;
  std::map<std::size_t, std::vector<SectorContent>> earlier_sectors;
  std::map<std::string, NodeNumber> durable_entries;  // when there are changes; otherwise the entries are durable
  std::vector<NameChange> changes;

  bool synced() const { return earlier.empty() && earlier_sectors.empty() && changes.empty(); }
  const Attributes& durable() const { return earlier.empty() ? now : earlier.front(); }
  void set(const Attributes& next);
  void resize(std::uint64_t size, std::int64_t at_ns);
  void write(const unsigned char* data, std::size_t size, std::uint64_t offset, std::int64_t at_ns);
  std::size_t read(unsigned char* data, std::size_t size, std::uint64_t offset) const;
  void sync_content();

 private:
  void put(std::size_t index, SectorContent content);
};

/// Every node of a disk. A copy shares the nodes; one that is shared is copied before it changes.
class DiskState {
 public:
  static constexpr NodeNumber kRoot = 1;

  /// An empty root directory.
  DiskState();
  /// @param nodes in ascending order of their numbers. @param next above every number that was ever given.
  DiskState(std::vector<std::shared_ptr<Node>> nodes, NodeNumber next, std::int64_t clock_ns);

  const std::vector<std::shared_ptr<Node>>& nodes() const { return nodes_; }
  const Node& at(NodeNumber number) const { return *nodes_[index_of(number)]; }
  Node& change(NodeNumber number);
  NodeNumber add(const Node& node);
  NodeNumber next() const { return next_; }
  /// A clock that moves on with every call, so that times of change tell changes apart.
  std::int64_t tick() { return clock_ns_ += 1'000'000; }
  std::int64_t clock_ns() const { return clock_ns_; }

  /// Sets (or, with node 0, takes away) an entry.
  void enter(NodeNumber folder, const std::string& name, NodeNumber node, std::uint64_t rename = 0);
  std::uint64_t new_rename() { return ++renames_; }
  /// Makes the entries of a directory durable.
  void sync_folder(NodeNumber folder);
  /// Forgets every node that neither a name, of now or durable, nor one of `open` leads to.
  void collect(const std::vector<NodeNumber>& open);

 private:
  std::size_t index_of(NodeNumber number) const;
  void settle_rename(std::uint64_t rename, NodeNumber except);

  std::vector<std::shared_ptr<Node>> nodes_;  // ascending numbers
  NodeNumber next_ = kRoot;
  std::uint64_t renames_ = 0;
  std::int64_t clock_ns_ = 1'000'000'000'000;
};

}  // namespace relume::test
