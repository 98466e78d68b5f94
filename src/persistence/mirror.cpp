// SPDX-License-Identifier: Apache-2.0
#include "persistence/mirror.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <xxhash.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "platform/process.hpp"

namespace relume::core {

using platform::errno_name;

struct Mirror::HeadCopy {
  std::uint64_t checksum;
  std::uint64_t sequence;
  std::uint64_t revision;
  std::uint64_t history;
  std::int64_t accepted_ns;
  std::uint32_t restarts;
  std::uint32_t structure;  // which copy of the structure is current
  std::uint64_t structure_checksum;
  std::uint64_t
      digest;  // of the checksums of all current block copies: the head proves that none is missing or too old
};

struct Mirror::BlockCopy {
  std::uint64_t checksum;
  std::uint64_t sequence;
  SavedBlock saved;
};

struct Mirror::StructureCopy {
  std::uint64_t checksum;
  std::uint64_t sequence;
  std::uint64_t length;
  char bytes[1];  // as many as the geometry says
};

// The file: header page, live page, two structures, two copies of each block. All numbers are of this machine: shared memory
// does not travel.
struct Mirror::Layout {
  static constexpr char kMagic[8] = {'r', 'e', 'l', 'u', 'm', 'e', 'M', '1'};
  static constexpr std::uint32_t kFormat = 1;
  static constexpr std::uint64_t kLive = 4096;
  static constexpr std::uint64_t kStructure = 8192;
  static constexpr std::uint64_t kMaxBlocks = 16777216 / kBlockSlots;
  static constexpr std::uint64_t kMaxStructure = std::uint64_t{1} << 32U;

  struct Header {
    std::uint64_t checksum;
    char magic[8];
    std::uint32_t format;
    std::uint32_t blocks;
    std::uint64_t structure_capacity;
    MirrorIdentity identity;
  };
  struct Live {
    std::atomic<std::uint64_t> sequence;  // what is current
    std::atomic<std::uint32_t> clean;
    alignas(64) HeadCopy head[2];
  };
  static std::uint64_t structure_bytes(const MirrorGeometry& g) {
    return (offsetof(StructureCopy, bytes) + g.structure_capacity + 63) / 64 * 64;
  }
  static std::uint64_t blocks_at(const MirrorGeometry& g) { return kStructure + 2 * structure_bytes(g); }
  static std::uint64_t size(const MirrorGeometry& g) {
    return blocks_at(g) + std::uint64_t{2} * g.blocks * sizeof(BlockCopy);
  }

  static Header& header(std::byte* data) { return *reinterpret_cast<Header*>(data); }
  static Live& live(std::byte* data) { return *reinterpret_cast<Live*>(data + kLive); }

  /// Checksum of what follows the checksum field, bound to the kind and place of the record.
  template <class T>
  static std::uint64_t checksum(const T& record, std::uint64_t bytes, std::uint64_t place) {
    const char* from = reinterpret_cast<const char*>(&record) + sizeof(std::uint64_t);
    return XXH3_64bits_withSeed(from, bytes - sizeof(std::uint64_t), place);
  }
  enum Place : std::uint64_t { kHeaderPlace = 1ULL << 40U, kHeadPlace = 2ULL << 40U, kStructurePlace = 3ULL << 40U };
};

namespace {

// Keeps the compiler from moving stores across; the processor retires them in order before a killed process is taken down.
void order_stores() { std::atomic_signal_fence(std::memory_order_seq_cst); }

// A block's part of the digest: order does not matter, so that one block's part is exchanged without looking at the others.
std::uint64_t digest_part(std::uint32_t index, std::uint64_t checksum) {
  const std::uint64_t place[2] = {index, checksum};
  return checksum != 0 ? XXH3_64bits(place, sizeof place) : 0;
}

}  // namespace

Mirror::~Mirror() {
  if (data_ != nullptr) files_.unmap(data_, mapped_);
  if (!temporary_.empty()) files_.unlink(temporary_);
}

Mirror::HeadCopy& Mirror::head_copy(std::uint64_t sequence) const { return Layout::live(data_).head[sequence & 1U]; }

Mirror::BlockCopy& Mirror::block_copy(std::uint32_t index, unsigned copy) const {
  return reinterpret_cast<BlockCopy*>(data_ + Layout::blocks_at(geometry_))[std::uint64_t{2} * index + copy];
}

Mirror::StructureCopy& Mirror::structure_copy(unsigned copy) const {
  return *reinterpret_cast<StructureCopy*>(data_ + Layout::kStructure + copy * Layout::structure_bytes(geometry_));
}

std::uint64_t Mirror::size() const { return Layout::size(geometry_); }

bool Mirror::map(std::uint64_t size, int& error) {
  data_ = static_cast<std::byte*>(files_.map(file_.fd(), size, error));
  mapped_ = size;
  return data_ != nullptr;
}

Fault Mirror::create(platform::Files& files, const std::string& path, const MirrorIdentity& identity,
                     const MirrorGeometry& geometry, std::unique_ptr<Mirror>& out) {
  std::unique_ptr<Mirror> mirror(new Mirror(files, path));
  mirror->geometry_ = geometry;
  const std::string temporary = path + ".new";
  const auto failed = [&](const char* step, int result, const char* remedy) {
    return Fault{RELUME_E_IO, path, fmt::format("mirror {}: {}: {}; {}", path, step, errno_name(-result), remedy)};
  };
  // A leftover of a death in mid-creation; the folder's lock is ours.
  if (const int r = files.unlink(temporary); r < 0 && r != -ENOENT)
    return failed("unlink", r, "check the runtime directory");
  const int fd = files.open(temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (fd < 0) return failed("create", fd, "check that the runtime directory is there and can be written");
  mirror->file_ = platform::File(files, fd);
  mirror->temporary_ = temporary;
  if (const int r = files.lock(fd); r < 0) return failed("lock", r, "another process holds it");
  // All of it is set aside now: a tmpfs that runs full later would kill the process at a store.
  if (const int r = files.allocate(fd, mirror->size()); r < 0) {
    return failed("allocate", r, "make room in the runtime directory or lower max_slots");
  }
  int error = 0;
  if (!mirror->map(mirror->size(), error)) return failed("map", -error, "lower max_slots");
  Layout::Header& header = Layout::header(mirror->data_);
  std::memcpy(header.magic, Layout::kMagic, sizeof header.magic);
  header.format = Layout::kFormat;
  header.blocks = geometry.blocks;
  header.structure_capacity = geometry.structure_capacity;
  header.identity = identity;
  header.checksum = Layout::checksum(header, sizeof header, Layout::kHeaderPlace);
  mirror->current_.assign(geometry.blocks, 1);
  mirror->checksums_.assign(geometry.blocks, 0);
  mirror->put_.reserve(geometry.blocks);
  out = std::move(mirror);
  return {};
}

Fault Mirror::publish() {
  if (temporary_.empty()) return {};
  const int r = files_.rename(temporary_, path_);
  if (r < 0) {
    return {RELUME_E_IO, path_,
            fmt::format("mirror {}: rename: {}; check the runtime directory", path_, errno_name(-r))};
  }
  temporary_.clear();
  return {};
}

Mirror::Verdict Mirror::open(platform::Files& files, const std::string& path, const MirrorIdentity& identity,
                             std::unique_ptr<Mirror>& out, std::string& reason) {
  const int fd = files.open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0);
  if (fd == -ENOENT || fd == -ENOTDIR) return Verdict::absent;
  if (fd < 0) return reason = "open: " + errno_name(-fd), Verdict::unreadable;
  std::unique_ptr<Mirror> mirror(new Mirror(files, path));
  mirror->file_ = platform::File(files, fd);
  platform::FileStatus status;
  if (const int r = files.status(fd, status); r < 0) return reason = "status: " + errno_name(-r), Verdict::unreadable;
  if (!status.regular || status.owner != platform::user_id()) {
    return reason = "it belongs to another user or is no file; have it removed", Verdict::unreadable;
  }
  if (files.lock(fd) < 0) return reason = "another process holds it", Verdict::owned;
  if ((status.mode & 077U) != 0) return reason = "its mode let others change it", Verdict::damaged;
  if (const Verdict read = read_header(files, fd, status.size, reason); read != Verdict::ok) return read;
  int error = 0;
  if (!mirror->map(status.size, error)) return reason = "map: " + errno_name(error), Verdict::unreadable;
  const Verdict verdict = mirror->prove(identity, reason);
  if (verdict == Verdict::ok) out = std::move(mirror);
  return verdict;
}

// Mapping takes memory: before that the file must say itself what it is and that it is as large as it is.
Mirror::Verdict Mirror::read_header(platform::Files& files, int fd, std::uint64_t size, std::string& reason) {
  Layout::Header header{};
  if (files.read(fd, &header, sizeof header) != static_cast<ssize_t>(sizeof header)) {
    return reason = "its header cannot be read", Verdict::unreadable;
  }
  if (std::memcmp(header.magic, Layout::kMagic, sizeof header.magic) != 0) {
    return reason = "it does not begin like a mirror", Verdict::damaged;
  }
  if (header.format > Layout::kFormat) {
    reason =
        fmt::format("format {} is newer than this library's {}; update the library", header.format, Layout::kFormat);
    return Verdict::newer_format;
  }
  if (header.checksum != Layout::checksum(header, sizeof header, Layout::kHeaderPlace)) {
    return reason = "the header's checksum does not hold", Verdict::damaged;
  }
  const MirrorGeometry geometry{header.blocks, header.structure_capacity};
  if (header.blocks == 0 || header.blocks > Layout::kMaxBlocks || header.structure_capacity > Layout::kMaxStructure ||
      Layout::size(geometry) != size) {
    return reason = "its size and its header do not agree", Verdict::damaged;
  }
  return Verdict::ok;
}

bool Mirror::read_identity(platform::Files& files, const std::string& path, MirrorIdentity& out) {
  const int fd = files.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);  // a pipe planted there must not hang us
  if (fd < 0) return false;
  const platform::File file(files, fd);
  platform::FileStatus status;
  const bool ours = files.status(fd, status) == 0 && status.regular && status.owner == platform::user_id() &&
                    (status.mode & 077U) == 0;
  if (!ours) return false;
  Layout::Header header{};
  if (files.read(fd, &header, sizeof header) != static_cast<ssize_t>(sizeof header)) return false;
  if (header.checksum != Layout::checksum(header, sizeof header, Layout::kHeaderPlace)) return false;
  out = header.identity;
  return true;
}

Mirror::Verdict Mirror::prove_identity(const MirrorIdentity& identity, std::string& reason) {
  const Layout::Header& header = Layout::header(data_);
  geometry_ = {header.blocks, header.structure_capacity};
  if (header.identity.show_id != identity.show_id || header.identity.folder_device != identity.folder_device ||
      header.identity.folder_inode != identity.folder_inode) {
    return reason = "it belongs to another show folder", Verdict::damaged;
  }
  // A boot that cannot be told (no /proc, or it failed just now) condemns nothing: the checksums judge.
  constexpr std::array<std::uint8_t, 16> unknown{};
  const bool told = header.identity.boot_id != unknown && identity.boot_id != unknown;
  if (told && header.identity.boot_id != identity.boot_id) {
    return reason = "it was written before the machine started anew", Verdict::foreign_boot;
  }
  return Verdict::ok;
}

Mirror::Verdict Mirror::prove(const MirrorIdentity& identity, std::string& reason) {
  const Verdict whose = prove_identity(identity, reason);
  if (whose != Verdict::ok) return whose;
  Layout::Live& live = Layout::live(data_);
  sequence_ = live.sequence.load(std::memory_order_acquire);
  // A head is written last and checksummed: whole, it stands for a whole commit, even if its process died one store too early.
  if (head_proves_itself(sequence_ + 1)) live.sequence.store(++sequence_, std::memory_order_release);
  if (!head_proves_itself(sequence_)) return reason = "the head's checksum does not hold", Verdict::damaged;
  const HeadCopy& head = head_copy(sequence_);
  head_ = {head.revision, head.history, head.accepted_ns, head.restarts};
  structure_current_ = head.structure;
  const StructureCopy& structure = structure_copy(structure_current_);
  if (structure.length > geometry_.structure_capacity || structure.checksum != head.structure_checksum ||
      structure.checksum !=
          Layout::checksum(structure, offsetof(StructureCopy, bytes) + structure.length, Layout::kStructurePlace)) {
    return reason = "the stack's checksum does not hold", Verdict::damaged;
  }
  if (!prove_blocks(reason)) return Verdict::damaged;
  if (digest_ != head.digest) return reason = "a block is older than the head", Verdict::damaged;
  was_clean_ = live.clean.load(std::memory_order_relaxed) != 0;
  return Verdict::ok;
}

bool Mirror::head_proves_itself(std::uint64_t sequence) const {
  const HeadCopy& head = head_copy(sequence);
  return head.sequence == sequence && head.structure <= 1 &&
         head.checksum == Layout::checksum(head, sizeof head, Layout::kHeadPlace);
}

// Of the two copies of a block the newer one that is not beyond the committed sequence holds. Copies beyond it are what a dead
// process was about to commit; they are wiped, so that no later commit of the same number can make them current.
bool Mirror::prove_blocks(std::string& reason) {
  current_.assign(geometry_.blocks, 1);
  checksums_.assign(geometry_.blocks, 0);
  put_.reserve(geometry_.blocks);
  for (std::uint32_t i = 0; i < geometry_.blocks; ++i) {
    std::uint64_t newest = 0;
    for (unsigned copy = 0; copy < 2; ++copy) {
      BlockCopy& c = block_copy(i, copy);
      if (c.sequence > sequence_) c.sequence = 0;
      if (c.sequence <= newest) continue;
      newest = c.sequence;
      current_[i] = static_cast<std::uint8_t>(copy);
    }
    const BlockCopy& c = block_copy(i, current_[i]);
    if (newest != 0 && c.checksum != Layout::checksum(c, sizeof c, i)) {
      return reason = fmt::format("the checksum of block {} does not hold", i), false;
    }
    checksums_[i] = newest != 0 ? c.checksum : 0;
    digest_ ^= digest_part(i, checksums_[i]);
  }
  return true;
}

const SavedBlock* Mirror::block(std::uint32_t index) const {
  const BlockCopy& copy = block_copy(index, current_[index]);
  return copy.sequence != 0 ? &copy.saved : nullptr;
}

std::string_view Mirror::structure() const {
  const StructureCopy& copy = structure_copy(structure_current_);
  return {copy.bytes, copy.length};
}

void Mirror::put_block(std::uint32_t index, const SavedBlock& saved) {
  BlockCopy& copy = block_copy(index, current_[index] ^ 1U);
  copy.sequence = sequence_ + 1;  // first: a copy that is torn is one that is not committed
  order_stores();
  copy.saved = saved;
  copy.checksum = Layout::checksum(copy, sizeof copy, index);
  put_.push_back(index);
}

void Mirror::put_structure(std::string_view bytes) {
  StructureCopy& copy = structure_copy(structure_current_ ^ 1U);
  copy.sequence = sequence_ + 1;
  order_stores();
  copy.length = bytes.size();
  std::memcpy(copy.bytes, bytes.data(), bytes.size());
  copy.checksum = Layout::checksum(copy, offsetof(StructureCopy, bytes) + bytes.size(), Layout::kStructurePlace);
  structure_put_ = true;
}

void Mirror::commit(const MirrorHead& head) {
  const std::uint64_t next = sequence_ + 1;
  order_stores();  // blocks and stack are whole before a head can be
  HeadCopy& copy = head_copy(next);
  copy.sequence = next;
  copy.revision = head.revision;
  copy.history = head.history;
  copy.accepted_ns = head.accepted_ns;
  copy.restarts = head.restarts;
  if (structure_put_) structure_current_ ^= 1U;
  copy.structure = structure_current_;
  copy.structure_checksum = structure_copy(structure_current_).checksum;
  for (const std::uint32_t index : put_) {
    current_[index] ^= 1U;
    const std::uint64_t checksum = block_copy(index, current_[index]).checksum;
    digest_ ^= digest_part(index, checksums_[index]) ^ digest_part(index, checksum);
    checksums_[index] = checksum;
  }
  copy.digest = digest_;
  order_stores();
  copy.checksum = Layout::checksum(copy, sizeof copy, Layout::kHeadPlace);
  order_stores();
  Layout::Live& live = Layout::live(data_);
  live.clean.store(0, std::memory_order_relaxed);  // from the first commit on this is a death until said otherwise
  live.sequence.store(next, std::memory_order_release);
  sequence_ = next;
  put_.clear();
  structure_put_ = false;
  head_ = head;
}

void Mirror::mark_clean_close() { Layout::live(data_).clean.store(1, std::memory_order_release); }

std::string mirror_name(std::uint32_t user, const MirrorIdentity& identity) {
  struct {
    std::array<std::uint8_t, 16> show_id;
    std::uint64_t device;
    std::uint64_t inode;
  } key{identity.show_id, identity.folder_device, identity.folder_inode};
  return fmt::format("relume-{}-{:016x}", user, XXH3_64bits(&key, sizeof key));
}

std::string keep_aside(platform::Files& files, const std::string& path) {
  for (unsigned n = 1; n < 10000; ++n) {
    const std::string kept = fmt::format("{}.damaged-{}", path, n);
    platform::FileStatus status;
    if (files.status(kept, status) == 0) continue;
    return files.rename(path, kept) == 0 ? kept : std::string();
  }
  return {};
}

}  // namespace relume::core
