// SPDX-License-Identifier: Apache-2.0
#include "persistence/document_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <new>
#include <tuple>
#include <utility>

namespace relume::core {

using platform::errno_name;
using platform::File;
using platform::Replaced;
using platform::ReplaceResult;

namespace {

constexpr std::uint64_t kHour = 3'600'000'000'000;
constexpr std::uint64_t kDay = 24 * kHour;
constexpr unsigned kMaxNames = 10'000;

std::uint64_t hash_of(const std::string& bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

bool no_links_here(int result) {
  return result == -EPERM || result == -ENOTSUP || result == -EOPNOTSUPP || result == -EXDEV || result == -EMLINK;
}

/// Modulo 2^64: a time that runs backwards says nothing about how far two saves are apart, and counts as far enough.
bool apart(std::int64_t newer, std::int64_t older, std::uint64_t least) {
  return static_cast<std::uint64_t>(newer) - static_cast<std::uint64_t>(older) >= least;
}

std::string in_folder(const std::string& folder, const std::string& name) { return folder + "/" + name; }

}  // namespace

DocumentStore::DocumentStore(platform::Files& files, int folder, std::string path)
    : files_(files), folder_(folder), show_folder_(folder), show_path_(std::move(path)) {
  document_path_ = in_folder(show_path_, kName);
  std::string real_folder;
  std::string real;
  if (files_.resolve(show_path_, real_folder) < 0 || files_.resolve(document_path_, real) < 0) return;
  if (real == in_folder(real_folder, kName)) return;
  const std::size_t slash = real.rfind('/');
  document_path_ = real;
  name_ = real.substr(slash + 1);
  const int fd = files_.open(slash == 0 ? "/" : real.substr(0, slash), O_RDONLY | O_DIRECTORY, 0);
  folder_ = fd;
  if (fd >= 0) owned_folder_ = File(files_, fd);
}

int DocumentStore::look(DocumentMark& out) {
  out = {};
  if (folder_ < 0) return folder_;
  platform::FileStatus status;
  const int r = files_.status(folder_, name_, status);
  if (r < 0) return r == -ENOENT ? 0 : r;
  out.device = status.device;
  out.inode = status.inode;
  out.size = status.size;
  out.modified_ns = status.modified_ns;
  return 0;
}

int DocumentStore::hash_file(int folder, const std::string& name, std::uint64_t& out) {
  const int fd = files_.open(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
  if (fd < 0) return fd;
  const File file(files_, fd);
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(), XXH3_freeState);
  if (state == nullptr) throw std::bad_alloc();
  XXH3_64bits_reset(state.get());
  char chunk[65536];
  for (;;) {
    const ssize_t n = files_.read(fd, chunk, sizeof chunk);
    if (n == -EINTR) continue;
    if (n < 0) return static_cast<int>(n);
    if (n == 0) break;
    XXH3_64bits_update(state.get(), chunk, static_cast<std::size_t>(n));
  }
  out = XXH3_64bits_digest(state.get());
  return 0;
}

int DocumentStore::settle() {
  const int fd = files_.open(folder_, name_, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
  if (fd < 0) return fd;
  const File file(files_, fd);
  const int r = files_.sync(fd);
  return r < 0 ? r : files_.sync(folder_);
}

DocumentStore::Found DocumentStore::read_file(int folder, const std::string& name, std::string path) {
  Found found;
  found.path = std::move(path);
  const int r = folder < 0 ? folder : platform::read_whole(files_, folder, name, kMaxDocumentBytes, found.bytes);
  if (r < 0) {
    found.verdict = r == -ENOENT ? Verdict::absent : Verdict::unreadable;
    found.reason = fmt::format("{}: read: {}", found.path, errno_name(-r));
    found.bytes.clear();
    return found;
  }
  found.mark.hash = hash_of(found.bytes);
  switch (prove_document(found.bytes, found.header, found.reason)) {
    case DocumentVerdict::ok: found.verdict = Verdict::ok; break;
    case DocumentVerdict::damaged: found.verdict = Verdict::damaged; break;
    case DocumentVerdict::newer_format: found.verdict = Verdict::newer_format; break;
  }
  found.mark.revision = found.header.head.revision;
  if (found.verdict != Verdict::ok) {
    found.reason = fmt::format("{}: {}", found.path, found.reason);
    found.bytes.clear();
  }
  return found;
}

DocumentStore::Found DocumentStore::read() {
  // Looked at before it is read: when it is replaced in between, its hash is the new one's, and the next look sees the change.
  DocumentMark before;
  const int r = look(before);
  Found found = read_file(r < 0 ? r : folder_, name_, document_path_);
  before.hash = found.mark.hash;
  before.revision = found.mark.revision;
  if (found.verdict != Verdict::absent) found.mark = before;
  if (found.verdict == Verdict::ok) proved_ = {found.mark.hash, found.header};
  return found;
}

std::optional<DocumentStore::Generation> DocumentStore::parse_name(const std::string& name) {
  Generation found;
  found.name = name;
  const char* const end = name.data() + name.size();
  if (name.size() < 38 || name[16] != '-' || !name.ends_with(".json")) return std::nullopt;
  const auto whole = [](const char* from, const char* to, auto& value, int base) {
    const auto [stop, error] = std::from_chars(from, to, value, base);
    return error == std::errc() && stop == to;
  };
  const char* const begin = name.data();
  if (!whole(begin, begin + 16, found.revision, 10) || !whole(begin + 17, begin + 33, found.history, 16))
    return std::nullopt;
  if (name.size() > 38 && (name[33] != '-' || !whole(begin + 34, end - 5, found.number, 10))) return std::nullopt;
  return found;
}

int DocumentStore::list_generations(std::vector<Generation>& newest_first) {
  std::vector<std::string> names;
  if (const int r = files_.list(show_folder_, kGenerations, names); r < 0) return r;
  for (const std::string& name : names) {
    if (auto generation = parse_name(name)) newest_first.push_back(std::move(*generation));
  }
  std::sort(newest_first.begin(), newest_first.end(), [](const Generation& a, const Generation& b) {
    return std::tie(a.revision, a.history, a.number) > std::tie(b.revision, b.history, b.number);
  });
  return 0;
}

std::vector<DocumentStore::Found> DocumentStore::read_generations() {
  std::vector<Found> found;
  std::vector<Generation> generations;
  File folder;
  const char* step = "";
  if (open_generations(false, folder, step) < 0 || list_generations(generations) < 0) return found;
  for (const Generation& generation : generations) {
    found.push_back(
        read_file(folder.fd(), generation.name, in_folder(in_folder(show_path_, kGenerations), generation.name)));
  }
  return found;
}

ReplaceResult DocumentStore::compare(const DocumentMark& was, Present& out) {
  const auto refused = [](int error) { return ReplaceResult{Replaced::not_committed, error, "compare"}; };
  if (const int r = look(out.mark); r < 0) return refused(-r);
  if (out.mark == DocumentMark{}) return {};
  if (const int r = hash_file(folder_, name_, out.mark.hash); r < 0) return refused(-r);
  out.there = true;
  const std::uint64_t hash = out.mark.hash;
  if (hash != proved_.hash) {
    const Found found = read_file(folder_, name_, document_path_);
    if (found.verdict != Verdict::ok) return refused(EUCLEAN);
    if (found.mark.hash != hash) return refused(EBUSY);
    proved_ = {hash, found.header};
  }
  out.header = proved_.header;
  return hash == was.hash || hash == unsure_ ? ReplaceResult{} : refused(EEXIST);
}

int DocumentStore::open_generations(bool make, File& out, const char*& step) {
  step = "open generations";
  const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
  int fd = files_.open(show_folder_, kGenerations, flags, 0);
  if (fd == -ENOENT && make) {
    step = "make generations";
    int r = files_.make_directory(show_folder_, kGenerations, 0700);
    if (r == 0) r = files_.sync(show_folder_);
    if (r < 0) return r;
    step = "open generations";
    fd = files_.open(show_folder_, kGenerations, flags, 0);
  }
  if (fd < 0) return fd;
  out = File(files_, fd);
  return 0;
}

int DocumentStore::place_generation(int generations, const std::string& name, const Present& present,
                                    const char*& step) {
  step = "link generation";
  int r = files_.link(folder_, name_, generations, name);
  platform::FileStatus status;
  const int there = files_.status(generations, name, status);
  if (r == 0 && there == 0) {
    const DocumentMark linked{status.device, status.inode, status.size, status.modified_ns, 0, 0};
    if (linked.same_file(present.mark)) return 0;
    // Somebody has replaced the document since it was read.
    files_.unlink(generations, name);
    step = "compare";
    return -EBUSY;
  }
  if (there == 0) {
    std::uint64_t hash = 0;
    return hash_file(generations, name, hash) == 0 && hash == present.mark.hash ? 0 : -EEXIST;
  }
  if (!no_links_here(r)) return r < 0 ? r : there;
  step = "copy generation";
  return copy_generation(generations, name, present);
}

int DocumentStore::copy_generation(int generations, const std::string& name, const Present& present) {
  std::string bytes;
  if (const int r = platform::read_whole(files_, folder_, name_, kMaxDocumentBytes, bytes); r < 0) return r;
  if (hash_of(bytes) != present.mark.hash) return -EBUSY;
  const ReplaceResult copied = platform::replace_whole(files_, generations, name, bytes);
  return copied ? 0 : -copied.error;
}

ReplaceResult DocumentStore::make_generation(const Present& present) {
  const char* step = "";
  File folder;
  int r = open_generations(true, folder, step);
  std::string name = fmt::format("{:016}-{:016x}", present.header.head.revision, present.header.head.history);
  const std::size_t plain = name.size();
  for (unsigned n = 1; r == 0; ++n) {
    name.resize(plain);
    if (n > 1) name += fmt::format("-{}", n);
    name += ".json";
    r = place_generation(folder.fd(), name, present, step);
    if (r != -EEXIST || n == kMaxNames) break;
    r = 0;
  }
  if (r == 0) {
    step = "sync generations";
    r = files_.sync(folder.fd());
  }
  if (r < 0) return {Replaced::not_committed, -r, step};
  saved_[name] = present.header.saved_ns;
  return {};
}

bool DocumentStore::know_saved_time(Generation& generation) {
  auto known = saved_.find(generation.name);
  if (known == saved_.end()) {
    File folder;
    const char* step = "";
    if (open_generations(false, folder, step) < 0) return false;
    const Found found = read_file(folder.fd(), generation.name, generation.name);
    if (found.verdict != Verdict::ok) return false;
    known = saved_.emplace(generation.name, found.header.saved_ns).first;
  }
  generation.saved_ns = known->second;
  return true;
}

void DocumentStore::thin_out() {
  std::vector<Generation> old;
  if (list_generations(old) < 0 || old.size() <= kRecent) return;
  old.erase(old.begin(), old.begin() + kRecent);
  const Generation* hour = nullptr;
  const Generation* day = nullptr;
  std::vector<const Generation*> drop;
  // Oldest first: each comes out of the recent ones, and takes the place of an hour ago if it is late enough for that.
  for (auto at = old.rbegin(); at != old.rend(); ++at) {
    if (!know_saved_time(*at)) continue;  // does not prove itself: recovery's to judge, not ours to delete
    if (hour == nullptr) {
      hour = &*at;
    } else if (!apart(at->saved_ns, hour->saved_ns, kHour)) {
      drop.push_back(&*at);
    } else {
      const bool takes_day = day == nullptr || apart(hour->saved_ns, day->saved_ns, kDay);
      if (takes_day && day != nullptr) drop.push_back(day);
      if (!takes_day) drop.push_back(hour);
      if (takes_day) day = hour;
      hour = &*at;
    }
  }
  File folder;
  const char* step = "";
  if (drop.empty() || open_generations(false, folder, step) < 0) return;
  for (const Generation* generation : drop) {
    files_.unlink(folder.fd(), generation->name);  // if that fails, the next save tries again
    saved_.erase(generation->name);
  }
}

ReplaceResult DocumentStore::write(const std::string& bytes, const DocumentHeader& header, const DocumentMark& was,
                                   DocumentMark& mark) {
  if (bytes.size() > kMaxDocumentBytes) return {Replaced::not_committed, EFBIG, "size"};
  Present present;
  if (const ReplaceResult compared = compare(was, present); !compared) return compared;
  // A state that is saved again pushes no other one out; but a change by hand is a state of its own, whatever its revision.
  const SavedHead& old = present.header.head;
  const bool same_state =
      old.revision == header.head.revision && old.history == header.head.history && !present.header.by_hand;
  const bool keep = present.there && !same_state;
  if (keep) {
    if (const ReplaceResult kept = make_generation(present); !kept) return kept;
  }
  const std::uint64_t hash = hash_of(bytes);
  const ReplaceResult replaced = platform::replace_whole(files_, folder_, name_, bytes);
  if (replaced.state == Replaced::not_committed) return replaced;
  proved_ = {hash, header};
  unsure_ = replaced.state == Replaced::unknown ? hash : 0;
  if (!replaced) return replaced;
  look(mark);  // a mark without it still has its hash, and that is what counts
  mark.hash = hash;
  mark.revision = header.head.revision;
  if (keep) thin_out();
  return replaced;
}

std::string DocumentStore::rename_aside(int folder, const std::string& name, const std::string& path,
                                        const char* word) {
  for (unsigned n = 1; n < kMaxNames; ++n) {
    const std::string suffix = fmt::format(".{}-{}", word, n);
    platform::FileStatus status;
    const int r = files_.status(folder, name + suffix, status);
    if (r == 0) continue;
    if (r != -ENOENT || files_.rename(folder, name, folder, name + suffix) < 0) return {};
    files_.sync(folder);  // if that fails, it may come back under its old name, and is judged again
    return path + suffix;
  }
  return {};
}

std::string DocumentStore::keep_aside(const char* word) { return rename_aside(folder_, name_, document_path_, word); }

std::string DocumentStore::keep_generation_aside(const std::string& path) {
  File folder;
  const char* step = "";
  if (open_generations(false, folder, step) < 0) return {};
  const std::string name = path.substr(path.rfind('/') + 1);
  saved_.erase(name);
  return rename_aside(folder.fd(), name, path, "damaged");
}

}  // namespace relume::core
