// SPDX-License-Identifier: Apache-2.0
// Looks at what is displayed and writes the log, on a thread of its own: hashing a picture or waiting for a disk on the clock
// thread would cause the very late frames that it reports.
#pragma once

#include "decklink/virtual_card/ledger.hpp"
#include "decklink/virtual_card/picture.hpp"
#include "decklink/virtual_card/submitted_frame.hpp"

#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace rig::decklink::card {

/// One displayed frame to look at. The card tells its completion only when this is done: then the bytes are the
/// client's again.
struct Look {
  SubmittedFrame frame;
  Ledger* ledger = nullptr;
  std::size_t index = 0;  // of the ledger's entry
  bool hash = false;
  PictureDesk* desk = nullptr;  // nullptr: no picture is kept
  std::string log;              // an open JSON object, to which the hash is added
  bool wanted = false;          // the recorder has it; one that never went out is not waited for
  bool done = false;
};

class Recorder {
 public:
  /// The log is made with its first line, so that a process that only looks for cards leaves another's alone. One that cannot
  /// be made is named on standard error.
  explicit Recorder(std::string log_path);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  bool logs() const { return !log_path_.empty(); }
  /// One JSON object without its end of line. Does not wait.
  void log(std::string line);
  /// Does not wait.
  void look(std::shared_ptr<Look> work);
  void wait_for(const Look& work);
  /// Until everything that was logged is in the file.
  void flush();

 private:
  struct Item {
    std::shared_ptr<Look> look;
    std::string line;
  };
  void run();
  void record(Item& item);
  void write(std::string& line);

  const std::string log_path_;
  std::FILE* log_ = nullptr;  // this and the next: of the thread
  bool log_failed_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  std::deque<Item> items_;
  bool working_ = false;
  bool quit_ = false;
  std::thread thread_;  // last: it runs as soon as it is made
};

}  // namespace rig::decklink::card
