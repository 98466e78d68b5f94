// SPDX-License-Identifier: Apache-2.0
// The show document and its generations as files. Disk role only.
//
//   show.json                                          the document
//   generations/<revision>-<history>[-<n>].json        documents that were replaced: revision in 16 decimal digits, history in
//                                                      16 hex digits, n from 2 up where two contents have the same of both
//   *.damaged-N, *.conflict-N                          what was refused; nobody writes there or deletes it
//
// A document becomes a generation by a hard link before it is replaced, so that its name is never without a file; where there
// are no hard links, it is copied first. Kept are the newest three by revision, and of the older ones one of about an hour ago
// and one of about a day ago, by the time in their headers. No wall clock decides what is newer.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "persistence/document_codec.hpp"
#include "platform/files.hpp"

namespace relume::core {

class DocumentStore {
 public:
  static constexpr const char* kName = "show.json";
  static constexpr const char* kGenerations = "generations";
  static constexpr unsigned kRecent = 3;

  enum class Verdict { ok, absent, damaged, newer_format, unreadable };
  struct Found {
    Verdict verdict = Verdict::absent;
    std::string path;
    std::string reason;     // why it is not ok
    DocumentHeader header;  // of an ok one
    DocumentMark mark;
    std::string bytes;  // of an ok one
  };

  /// @param folder the show folder, an open and locked directory. @param path its path, for messages and to find out whether
  /// the document is a symbolic link: that is resolved here, once.
  DocumentStore(platform::Files& files, int folder, std::string path);
  DocumentStore(const DocumentStore&) = delete;
  DocumentStore& operator=(const DocumentStore&) = delete;

  /// What `stat` says of the file under the document's name, without hash and revision; a mark of zeros when there is none.
  /// 0, or -errno.
  int look(DocumentMark& out);
  /// Reads and proves the document.
  Found read();
  /// What was read is on the disk afterwards, whoever wrote it and died before the end; 0 or -errno.
  int settle();
  /// Reads and proves the generations, the highest revision first. Nothing is changed.
  std::vector<Found> read_generations();

  /// Replaces the document. The one that is there becomes a generation first, unless it is one, or has the same state.
  /// `was` is the document as the caller knows it, by its hash: when another one is there, nothing is written, and the result
  /// is {not_committed, EEXIST, "compare"}; {not_committed, EUCLEAN, "compare"} when what is there does not prove itself,
  /// EBUSY when somebody replaces it at this moment.
  /// One that an earlier write of this store left with an unknown end is no other one.
  /// On success `mark` is the new document's.
  platform::ReplaceResult write(const std::string& bytes, const DocumentHeader& header, const DocumentMark& was,
                                DocumentMark& mark);

  /// Moves what has the document's name to "show.json.<word>-N" with the first N that is free; the new path, empty on failure.
  std::string keep_aside(const char* word);
  /// The same for a generation that is refused, by its path; the word is "damaged".
  std::string keep_generation_aside(const std::string& path);

  const std::string& path() const { return document_path_; }

 private:
  /// The document that is about to be replaced.
  struct Present {
    bool there = false;
    DocumentMark mark;
    DocumentHeader header;
  };
  /// A content that proved itself to this store, or was written by it.
  struct Proved {
    std::uint64_t hash = 0;
    DocumentHeader header;
  };
  struct Generation {
    std::string name;
    std::uint64_t revision = 0;
    std::uint64_t history = 0;
    unsigned number = 1;
    std::int64_t saved_ns = 0;  // filled in for those that are neither recent nor unproved
  };

  /// The hash of a whole file, without holding it in memory.
  int hash_file(int folder, const std::string& name, std::uint64_t& out);
  Found read_file(int folder, const std::string& name, std::string path);
  platform::ReplaceResult compare(const DocumentMark& was, Present& out);
  platform::ReplaceResult make_generation(const Present& present);
  int open_generations(bool make, platform::File& out, const char*& step);
  /// 0 when it has that name now, -EEXIST when another content has it, -errno.
  int place_generation(int generations, const std::string& name, const Present& present, const char*& step);
  int copy_generation(int generations, const std::string& name, const Present& present);
  static std::optional<Generation> parse_name(const std::string& name);
  int list_generations(std::vector<Generation>& newest_first);
  bool know_saved_time(Generation& generation);
  void thin_out();
  std::string rename_aside(int folder, const std::string& name, const std::string& path, const char* word);

  platform::Files& files_;
  platform::File owned_folder_;  // of a document that lies elsewhere, behind a symbolic link
  int folder_;                   // where the document lies; -errno when that cannot be opened
  int show_folder_;
  std::string show_path_;
  std::string name_ = kName;
  std::string document_path_;
  Proved proved_;
  std::uint64_t unsure_ = 0;                   // hash of what a write with an unknown end may have left
  std::map<std::string, std::int64_t> saved_;  // of generations that proved themselves, by name
};

}  // namespace relume::core
