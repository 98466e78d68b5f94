// SPDX-License-Identifier: Apache-2.0
// Power cuts: a workload runs once on a simulated disk; then the power is cut after each of its calls, and again after each
// promise that it gave, and what comes back is checked on every disk that such a cut may leave (the model: sim_disk.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "support/sim_disk.hpp"

namespace relume::test {

enum class Order { prefix, any };  // in which changes of a directory reach the disk

/// All disks that one cut may leave.
class CrashStates {
 public:
  /// What is open, each independent of the others but for the entries of a rename.
  struct Unit {
    enum class Kind { data, attributes, names } kind;
    NodeNumber node;
    std::size_t sector;     // of data
    std::string name;       // of an entry; empty for all entries of a directory as one
    std::uint32_t choices;  // 0 is the durable one
    std::uint32_t newest;   // as the calls saw it last
  };
  /// One per unit.
  using Choices = std::vector<std::uint32_t>;

  CrashStates(DiskState state, Order order);

  const std::vector<Unit>& units() const { return units_; }
  /// How many choices there are, at most `limit` + 1. Some of them contradict each other (settle).
  std::uint64_t combinations(std::uint64_t limit) const;
  /// The disk that is left.
  DiskState leave(const Choices& choices) const;
  /// Takes newer choices back until no rename loses a file or doubles a directory. False if there was one to take back.
  bool settle(Choices& choices) const;
  /// Nothing, everything, only names, only data, all but the sizes, all but the bytes (old, zeros and garbage).
  std::vector<Choices> extremes() const;
  /// Calls `visit` for every combination if there are at most `exhaustive`; else for the extremes and for `samples` different
  /// ones at random. Returns whether it was exhaustive.
  bool visit(std::uint64_t exhaustive, std::uint64_t samples, std::uint64_t seed,
             const std::function<void(const Choices&)>& visit) const;
  std::string describe(const Choices& choices) const;

 private:
  struct DirtyNode {
    NodeNumber node;
    std::size_t first_unit;
    std::size_t end_unit;
    std::vector<std::pair<std::size_t, std::uint32_t>>
        changes;  // of a directory: the unit, and the choice that reaches it
  };
  /// A rename: choosing at least `from_choice` of one unit needs at least `to_choice` of the other.
  struct Coupling {
    std::size_t from_unit;
    std::uint32_t from_choice;
    std::size_t to_unit;
    std::uint32_t to_choice;
    bool directory;  // and the other way round
  };

  void add_units(const Node& node, Order order);
  void couple();
  const DirtyNode* dirty(NodeNumber node) const;
  void leave_file(const Node& node, const DirtyNode& open, const Choices& choices, Node& out) const;
  void leave_folder(const Node& node, const DirtyNode& open, const Choices& choices, Node& out) const;

  DiskState state_;
  std::vector<Unit> units_;
  std::vector<DirtyNode> dirty_;  // ascending
  std::vector<Coupling> couplings_;
};

/// What a workload has promised: nothing older than `acknowledged` may be found, nothing newer than `begun` can be.
struct Promise {
  std::uint64_t begun = 0;
  std::uint64_t acknowledged = 0;
};

/// Where the power is cut.
struct Cut {
  DiskState state;
  std::string call;
  Promise promise;
};

/// Takes down the disk after each call, and the promises in between.
class Journal final : public DiskObserver {
 public:
  void begin(std::uint64_t number);
  /// This is an instant of a cut too: the disk is as it was, the promise is not.
  void acknowledge(std::uint64_t number);
  void changed(const DiskState& state, const std::string& call) override;
  std::vector<Cut> take();

 private:
  std::mutex mutex_;
  Promise promise_;
  std::vector<Cut> cuts_;
};

class Workload {
 public:
  virtual ~Workload() = default;
  /// Does its work below SimDisk::kDisk and kRun, and tells the journal what it promises.
  virtual void run(core::platform::Files& files, Journal& journal) = 0;
  /// Starts anew on what a cut left. @return empty if all is well, else in few words what is not ("blank"): they are counted.
  virtual std::string check(core::platform::Files& files, const Promise& promise) = 0;
};

struct CutOptions {
  std::vector<Order> orders{Order::prefix, Order::any};
  std::uint64_t every = 1;  // after so many calls the power is cut once; in a check that is cut again, after each
  std::uint64_t exhaustive = 4096;  // up to so many combinations of one cut are all tried: 12 units of two choices
  std::uint64_t samples = 100;      // beyond, so many per cut and order, and the extremes
  std::uint64_t samples_again = 0;  // cuts the power again while `check` is at work, with so many samples per cut
  std::uint64_t seed = crash_seed();

  /// RELUME_CRASH_SEED, or always the same one.
  static std::uint64_t crash_seed();
};

struct CutReport {
  std::uint64_t calls = 0;  // of the workload
  std::uint64_t cuts = 0;   // and of the promises; times the orders
  std::uint64_t exhaustive_cuts = 0;
  std::uint64_t images = 0;
  std::uint64_t images_again = 0;                   // of a cut during recovery; among `images`
  std::map<std::string, std::uint64_t> violations;  // by what check() said
  std::string first;                                // where the first violation was, and how to see it again
  double seconds = 0;

  std::uint64_t violated() const;
  /// One line.
  std::string text() const;
};

CutReport cut_everywhere(Workload& workload, const CutOptions& options = {});

}  // namespace relume::test
