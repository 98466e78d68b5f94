// SPDX-License-Identifier: Apache-2.0
#include "persistence/mirror.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>

#include "platform/memory.hpp"
#include "platform/process.hpp"

namespace relume::core {

using platform::errno_name;

struct Mirror::HeadCopy {
  std::uint64_t checksum;
  std::uint64_t sequence;
  std::uint64_t revision;
  std::uint64_t history;
  std::uint64_t epoch;
  std::int64_t accepted_ns;
  std::uint64_t document_wanted;
  std::uint32_t restarts;
  std::uint32_t zero;
  ArenaRoot root;
  std::uint64_t
      digest;  // of the checksums of all current block copies: the head proves that none is missing or too old
};

struct Mirror::BlockCopy {
  std::uint64_t checksum;
  std::uint64_t sequence;
  SavedBlock saved;
  TakenLanes taken;
};

struct Mirror::MarkCopy {
  std::uint64_t checksum;
  std::uint64_t sequence;
  DocumentMark mark;
};

// The file: header page, live page, two copies of each block, held area, arena. All numbers are of this machine: shared memory does not
// travel.
struct Mirror::Layout {
  static constexpr char kMagic[8] = {'r', 'e', 'l', 'u', 'm', 'e', 'M', '1'};
  static constexpr std::uint32_t kFormat = 3;
  static constexpr std::uint64_t kLive = 4096;
  static constexpr std::uint64_t kBlocks = 8192;
  static constexpr std::uint64_t kMaxBlocks = 16777216 / kBlockSlots;

  struct Header {
    std::uint64_t checksum;
    char magic[8];
    std::uint32_t format;
    std::uint32_t blocks;
    MirrorIdentity identity;
  };
  struct Live {
    std::atomic<std::uint64_t> sequence;  // what is current
    std::atomic<std::uint64_t> clean;     // clean_word() of the sequence at which the show was closed
    alignas(64) HeadCopy head[2];
    alignas(64) std::atomic<std::uint64_t> mark_sequence;
    MarkCopy mark[2];
  };
  static_assert(sizeof(Live) <= kBlocks - kLive);

  static std::uint64_t held_begin(std::uint32_t blocks) {
    return (kBlocks + std::uint64_t{2} * blocks * sizeof(BlockCopy) + 63) / 64 * 64;
  }
  /// What is mapped at once; the arena follows.
  static std::uint64_t fixed_size(std::uint32_t blocks) {
    const std::uint64_t bytes = held_begin(blocks) + HeldArea::size(blocks);
    return (bytes + MirrorArena::kPiece - 1) / MirrorArena::kPiece * MirrorArena::kPiece;
  }

  static Header& header(std::byte* data) { return *reinterpret_cast<Header*>(data); }
  static Live& live(std::byte* data) { return *reinterpret_cast<Live*>(data + kLive); }

  /// Checksum of what follows the checksum field, bound to the kind and place of the record.
  template <class T>
  static std::uint64_t checksum(const T& record, std::uint64_t place) {
    static_assert(std::has_unique_object_representations_v<T>);  // padding would be anything
    const char* from = reinterpret_cast<const char*>(&record) + sizeof(std::uint64_t);
    return XXH3_64bits_withSeed(from, sizeof record - sizeof(std::uint64_t), place);
  }
  enum Place : std::uint64_t {
    kHeaderPlace = 1ULL << 40U,
    kHeadPlace = 2ULL << 40U,
    kMarkPlace = 3ULL << 40U,
    kCleanPlace = 6ULL << 40U,
  };
  /// Holds until the next commit, and no damage makes it of another word.
  static std::uint64_t clean_word(std::uint64_t sequence) {
    return XXH3_64bits_withSeed(&sequence, sizeof sequence, kCleanPlace);
  }
};

namespace {

// Keeps the compiler from moving stores across; the processor retires them in order before a killed process is taken down.
void order_stores() { std::atomic_signal_fence(std::memory_order_seq_cst); }

// A block's part of the digest: order does not matter, so that one block's part is exchanged without looking at the others.
std::uint64_t digest_part(std::uint32_t index, std::uint64_t checksum) {
  const std::uint64_t place[2] = {index, checksum};
  return XXH3_64bits(place, sizeof place);
}

}  // namespace

Mirror::~Mirror() {
  if (data_ != nullptr) files_.unmap(data_, mapped_);
  if (!temporary_.empty()) files_.unlink(temporary_);
}

Mirror::HeadCopy& Mirror::head_copy(std::uint64_t sequence) const { return Layout::live(data_).head[sequence & 1U]; }

Mirror::MarkCopy& Mirror::mark_copy(std::uint64_t sequence) const { return Layout::live(data_).mark[sequence & 1U]; }

Mirror::BlockCopy& Mirror::block_copy(std::uint32_t index, unsigned copy) const {
  return reinterpret_cast<BlockCopy*>(data_ + Layout::kBlocks)[std::uint64_t{2} * index + copy];
}

bool Mirror::map(std::uint32_t blocks, int& error) {
  blocks_ = blocks;
  mapped_ = Layout::fixed_size(blocks);
  data_ = static_cast<std::byte*>(files_.map(file_.fd(), 0, mapped_, error));
  arena_ = std::make_unique<MirrorArena>(files_, file_.fd(), mapped_, path_);
  current_.assign(blocks, 1);
  parts_.assign(blocks, 0);
  put_.reserve(blocks);
  return data_ != nullptr;
}

Fault Mirror::create(platform::Files& files, const std::string& path, const MirrorIdentity& identity,
                     std::uint32_t blocks, std::unique_ptr<Mirror>& out) {
  const std::string temporary = path + ".new";
  const auto failed = [&](const char* step, int result, const char* remedy) {
    return Fault{RELUME_E_IO, path, fmt::format("mirror {}: {}: {}; {}", path, step, errno_name(-result), remedy)};
  };
  // A leftover of a death in mid-creation; the folder's lock is ours.
  if (const int r = files.unlink(temporary); r < 0 && r != -ENOENT)
    return failed("unlink", r, "check the runtime directory");
  const int fd = files.open(temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (fd < 0) return failed("create", fd, "check that the runtime directory is there and can be written");
  std::unique_ptr<Mirror> mirror(new Mirror(files, path, fd));
  mirror->temporary_ = temporary;
  if (const int r = files.lock(fd); r < 0) return failed("lock", r, "another process holds it");
  // All of it is set aside now: a tmpfs that runs full later would kill the process at a store.
  if (const int r = files.allocate(fd, Layout::fixed_size(blocks)); r < 0) {
    return failed("allocate", r, "make room in the runtime directory or lower max_slots");
  }
  int error = 0;
  if (!mirror->map(blocks, error)) return failed("map", -error, "lower max_slots");
  if (Fault fault = mirror->arena_->create()) return fault;
  mirror->held_ = std::make_unique<HeldArea>(mirror->data_ + Layout::held_begin(blocks), blocks);
  Layout::Header& header = Layout::header(mirror->data_);
  std::memcpy(header.magic, Layout::kMagic, sizeof header.magic);
  header.format = Layout::kFormat;
  header.blocks = blocks;
  header.identity = identity;
  header.checksum = Layout::checksum(header, Layout::kHeaderPlace);
  MarkCopy& mark = mirror->mark_copy(0);
  mark.checksum = Layout::checksum(mark, Layout::kMarkPlace);
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
  std::unique_ptr<Mirror> mirror(new Mirror(files, path, fd));
  platform::FileStatus status;
  if (const int r = files.status(fd, status); r < 0) return reason = "status: " + errno_name(-r), Verdict::unreadable;
  if (!status.regular || status.owner != platform::user_id()) {
    return reason = "it belongs to another user or is no file; have it removed", Verdict::unreadable;
  }
  if (files.lock(fd) < 0) return reason = "another process holds it", Verdict::owned;
  if ((status.mode & 077U) != 0) return reason = "its mode let others change it", Verdict::damaged;
  std::uint32_t blocks = 0;
  if (const Verdict read = read_header(files, fd, status.size, blocks, reason); read != Verdict::ok) return read;
  int error = 0;
  if (!mirror->map(blocks, error)) return reason = "map: " + errno_name(error), Verdict::unreadable;
  const Verdict verdict = mirror->prove(identity, status.size, reason);
  if (verdict == Verdict::ok) out = std::move(mirror);
  return verdict;
}

// Mapping takes memory: before that the file must say itself what it is and that it is as large as it is.
Mirror::Verdict Mirror::read_header(platform::Files& files, int fd, std::uint64_t size, std::uint32_t& blocks,
                                    std::string& reason) {
  Layout::Header header{};
  const ssize_t n = files.read(fd, &header, sizeof header);
  if (n < 0) return reason = "read: " + errno_name(static_cast<int>(-n)), Verdict::unreadable;
  if (n != static_cast<ssize_t>(sizeof header)) return reason = "it ends in its header", Verdict::damaged;
  if (std::memcmp(header.magic, Layout::kMagic, sizeof header.magic) != 0) {
    return reason = "it does not begin like a mirror", Verdict::damaged;
  }
  if (header.format > Layout::kFormat) {
    reason =
        fmt::format("format {} is newer than this library's {}; update the library", header.format, Layout::kFormat);
    return Verdict::newer_format;
  }
  if (header.format < Layout::kFormat) {
    reason =
        fmt::format("format {} is that of an earlier version; this library's is {}", header.format, Layout::kFormat);
    return Verdict::damaged;
  }
  if (header.checksum != Layout::checksum(header, Layout::kHeaderPlace)) {
    return reason = "the header's checksum does not hold", Verdict::damaged;
  }
  if (header.blocks == 0 || header.blocks > Layout::kMaxBlocks || Layout::fixed_size(header.blocks) > size) {
    return reason = "its size and its header do not agree", Verdict::damaged;
  }
  blocks = header.blocks;
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
  if (header.checksum != Layout::checksum(header, Layout::kHeaderPlace)) return false;
  out = header.identity;
  return true;
}

Mirror::Verdict Mirror::prove_identity(const MirrorIdentity& identity, std::string& reason) {
  const Layout::Header& header = Layout::header(data_);
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

Mirror::Verdict Mirror::prove(const MirrorIdentity& identity, std::uint64_t size, std::string& reason) {
  const Verdict whose = prove_identity(identity, reason);
  if (whose != Verdict::ok) return whose;
  Layout::Live& live = Layout::live(data_);
  sequence_ = live.sequence.load(std::memory_order_acquire);
  // A head is written last and checksummed: whole, it stands for a whole commit, even if its process died one store too early.
  if (head_proves_itself(sequence_ + 1)) live.sequence.store(++sequence_, std::memory_order_release);
  if (!head_proves_itself(sequence_)) return reason = "the head's checksum does not hold", Verdict::damaged;
  const HeadCopy& head = head_copy(sequence_);
  head_.revision = head.revision;
  head_.history = head.history;
  head_.epoch = head.epoch;
  head_.accepted_ns = head.accepted_ns;
  head_.document_wanted = head.document_wanted;
  head_.restarts = head.restarts;
  switch (arena_->open(head.root, size, reason)) {
    case MirrorArena::Opened::ok: break;
    case MirrorArena::Opened::damaged: return Verdict::damaged;
    case MirrorArena::Opened::not_mapped: return Verdict::unreadable;
  }
  if (!prove_blocks(reason)) return Verdict::damaged;
  if (digest_ != head.digest) return reason = "a block is older than the head", Verdict::damaged;
  if (!prove_document()) return reason = "what it says of the document does not hold", Verdict::damaged;
  held_ = std::make_unique<HeldArea>(data_ + Layout::held_begin(blocks_), blocks_);
  was_clean_ = live.clean.load(std::memory_order_relaxed) == Layout::clean_word(sequence_);
  return Verdict::ok;
}

bool Mirror::head_proves_itself(std::uint64_t sequence) const {
  const HeadCopy& head = head_copy(sequence);
  return head.sequence == sequence && head.checksum == Layout::checksum(head, Layout::kHeadPlace);
}

bool Mirror::mark_proves_itself(std::uint64_t sequence) const {
  const MarkCopy& copy = mark_copy(sequence);
  return copy.sequence == sequence && copy.checksum == Layout::checksum(copy, Layout::kMarkPlace);
}

// As with heads: the newest whole one counts, and the one before it must not pass for it.
bool Mirror::prove_document() {
  Layout::Live& live = Layout::live(data_);
  mark_sequence_ = live.mark_sequence.load(std::memory_order_acquire);
  if (mark_proves_itself(mark_sequence_ + 1)) live.mark_sequence.store(++mark_sequence_, std::memory_order_release);
  if (!mark_proves_itself(mark_sequence_)) return false;
  document_ = mark_copy(mark_sequence_).mark;
  return true;
}

// Of the two copies of a block the newer one that is not beyond the committed sequence holds. Copies beyond it are what a dead
// process was about to commit; they are wiped, so that no later commit of the same number can make them current.
bool Mirror::prove_blocks(std::string& reason) {
  for (std::uint32_t i = 0; i < blocks_; ++i) {
    std::uint64_t newest = 0;
    for (unsigned copy = 0; copy < 2; ++copy) {
      BlockCopy& c = block_copy(i, copy);
      if (c.sequence > sequence_) c.sequence = 0;
      if (c.sequence <= newest) continue;
      newest = c.sequence;
      current_[i] = static_cast<std::uint8_t>(copy);
    }
    const BlockCopy& c = block_copy(i, current_[i]);
    if (newest != 0 && c.checksum != Layout::checksum(c, i)) {
      return reason = fmt::format("the checksum of block {} does not hold", i), false;
    }
    if (newest != 0) {
      parts_[i] = digest_part(i, c.checksum);
      found_order_ = std::max(found_order_, c.taken.newest());
    }
    digest_ ^= parts_[i];
  }
  return true;
}

const SavedBlock* Mirror::block(std::uint32_t index) const {
  const BlockCopy& copy = block_copy(index, current_[index]);
  return copy.sequence != 0 ? &copy.saved : nullptr;
}

const TakenLanes& Mirror::taken(std::uint32_t index) const {
  const BlockCopy& copy = block_copy(index, current_[index]);
  return copy.sequence != 0 ? copy.taken : kNothingTaken;
}

void Mirror::warm(std::uint32_t index) const {
  platform::prefetch_write(&block_copy(index, current_[index] ^ 1U), sizeof(BlockCopy));
}

void Mirror::put_block(std::uint32_t index, const SavedBlock& saved, const TakenLanes& taken) {
  BlockCopy& copy = block_copy(index, current_[index] ^ 1U);
  if (copy.sequence != sequence_ + 1) put_.push_back(index);
  copy.sequence = sequence_ + 1;  // first: a copy that is torn is one that is not committed
  order_stores();
  copy.saved = saved;
  copy.taken = taken;
  copy.checksum = Layout::checksum(copy, index);
}

void Mirror::commit(const SavedHead& head) { flip(head, arena_->current()); }

void Mirror::commit_staged(const SavedHead& head) {
  flip(head, arena_->staged());
  arena_->take_staged();
}

void Mirror::flip(const SavedHead& head, const ArenaRoot& root) {
  const std::uint64_t next = sequence_ + 1;
  order_stores();  // blocks and arena are whole before a head can be
  HeadCopy& copy = head_copy(next);
  copy.sequence = next;
  copy.revision = head.revision;
  copy.history = head.history;
  copy.epoch = head.epoch;
  copy.accepted_ns = head.accepted_ns;
  copy.document_wanted = head.document_wanted;
  copy.restarts = head.restarts;
  copy.root = root;
  for (const std::uint32_t index : put_) {
    current_[index] ^= 1U;
    const std::uint64_t part = digest_part(index, block_copy(index, current_[index]).checksum);
    digest_ ^= parts_[index] ^ part;
    parts_[index] = part;
  }
  copy.digest = digest_;
  order_stores();
  copy.checksum = Layout::checksum(copy, Layout::kHeadPlace);
  order_stores();
  Layout::live(data_).sequence.store(next, std::memory_order_release);
  sequence_ = next;
  put_.clear();
  head_ = head;
}

void Mirror::note_document(const DocumentMark& mark) {
  const std::uint64_t next = mark_sequence_ + 1;
  MarkCopy& copy = mark_copy(next);
  copy.sequence = next;
  copy.mark = mark;
  copy.checksum = Layout::checksum(copy, Layout::kMarkPlace);
  order_stores();
  Layout::live(data_).mark_sequence.store(next, std::memory_order_release);
  mark_sequence_ = next;
  document_ = mark;
}

// What cannot be looked at is not taken for gone: a mirror is not given up for that.
bool Mirror::still_linked() {
  platform::FileStatus ours;
  platform::FileStatus named;
  if (files_.status(file_.fd(), ours) < 0) return true;
  const int r = files_.status(path_, named);
  const bool there = r < 0 ? r != -ENOENT && r != -ENOTDIR : named.device == ours.device && named.inode == ours.inode;
  lost_.store(!there, std::memory_order_relaxed);
  return there;
}

void Mirror::mark_clean_close() {
  Layout::live(data_).clean.store(Layout::clean_word(sequence_), std::memory_order_release);
}

std::string mirror_name(std::uint32_t user, const MirrorIdentity& identity) {
  struct {
    std::array<std::uint8_t, 16> show_id;
    std::uint64_t device;
    std::uint64_t inode;
  } key{identity.show_id, identity.folder_device, identity.folder_inode};
  return fmt::format("relume-{}-{:016x}", user, XXH3_64bits(&key, sizeof key));
}

}  // namespace relume::core
