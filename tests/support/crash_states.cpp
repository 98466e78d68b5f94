// SPDX-License-Identifier: Apache-2.0
#include "support/crash_states.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <random>
#include <set>
#include <utility>

namespace relume::test {
namespace {

SectorContent garbage() {
  static const SectorContent content = [] {
    auto sector = std::make_shared<Sector>();
    std::mt19937 random(512);
    for (unsigned char& byte : *sector) byte = static_cast<unsigned char>(random());
    return sector;
  }();
  return content;
}

}  // namespace

CrashStates::CrashStates(DiskState state, Order order) : state_(std::move(state)) {
  for (const auto& node : state_.nodes()) {
    if (!node->synced() && !node->is_volatile) add_units(*node, order);
  }
  couple();
}

void CrashStates::add_units(const Node& node, Order order) {
  DirtyNode open{node.number, units_.size(), 0, {}};
  if (!node.earlier.empty()) {
    const auto n = static_cast<std::uint32_t>(node.earlier.size());
    units_.push_back({Unit::Kind::attributes, node.number, 0, "", n + 1, n});
  }
  for (const auto& [sector, earlier] : node.earlier_sectors) {
    const auto n = static_cast<std::uint32_t>(earlier.size());
    const bool behind_the_end = sector * kSectorSize >= node.durable().size;
    units_.push_back({Unit::Kind::data, node.number, sector, "", n + (behind_the_end ? 2U : 1U), n});
  }
  if (order == Order::prefix && !node.changes.empty()) {
    const auto n = static_cast<std::uint32_t>(node.changes.size());
    for (std::uint32_t i = 1; i <= n; ++i) open.changes.emplace_back(units_.size(), i);
    units_.push_back({Unit::Kind::names, node.number, 0, "", n + 1, n});
  } else {
    std::map<std::string, std::size_t> of_name;
    for (const NameChange& entry : node.changes) {
      const auto [unit, fresh] = of_name.emplace(entry.name, units_.size());
      if (fresh) units_.push_back({Unit::Kind::names, node.number, 0, entry.name, 1, 0});
      ++units_[unit->second].choices;
      open.changes.emplace_back(unit->second, ++units_[unit->second].newest);
    }
  }
  open.end_unit = units_.size();
  dirty_.push_back(std::move(open));
}

void CrashStates::couple() {
  struct Half {
    std::size_t unit;
    std::uint32_t choice;
    NodeNumber moved;
  };
  std::map<std::uint64_t, Half> targets;
  std::map<std::uint64_t, Half> sources;
  for (const DirtyNode& open : dirty_) {
    const Node& node = state_.at(open.node);
    for (std::size_t i = 0; i < node.changes.size(); ++i) {
      const NameChange& entry = node.changes[i];
      if (entry.rename == 0) continue;
      auto& halves = entry.node != 0 ? targets : sources;
      halves[entry.rename] = {open.changes[i].first, open.changes[i].second, entry.node};
    }
  }
  for (const auto& [rename, source] : sources) {
    const auto target = targets.find(rename);
    if (target == targets.end()) continue;
    const bool directory = state_.at(target->second.moved).directory;
    if (source.unit == target->second.unit) {
      // One directory in order: the source's removal is the change right behind the target's, and a cut never parts them.
      couplings_.push_back({target->second.unit, target->second.choice, source.unit, source.choice, false});
      continue;
    }
    couplings_.push_back({source.unit, source.choice, target->second.unit, target->second.choice, directory});
  }
}

bool CrashStates::settle(Choices& choices) const {
  bool settled = true;
  for (bool again = true; again;) {
    again = false;
    for (const Coupling& c : couplings_) {
      const bool from = choices[c.from_unit] >= c.from_choice;
      const bool to = choices[c.to_unit] >= c.to_choice;
      if (from && !to) {
        choices[c.from_unit] = c.from_choice - 1;
      } else if (c.directory && to && !from) {
        choices[c.to_unit] = c.to_choice - 1;
      } else {
        continue;
      }
      again = true;
      settled = false;
    }
  }
  return settled;
}

std::uint64_t CrashStates::combinations(std::uint64_t limit) const {
  std::uint64_t product = 1;
  for (const Unit& unit : units_) {
    if (product > limit / unit.choices) return limit + 1;
    product *= unit.choices;
  }
  return product;
}

const CrashStates::DirtyNode* CrashStates::dirty(NodeNumber node) const {
  const auto found = std::lower_bound(dirty_.begin(), dirty_.end(), node,
                                      [](const DirtyNode& open, NodeNumber n) { return open.node < n; });
  return found != dirty_.end() && found->node == node ? &*found : nullptr;
}

void CrashStates::leave_file(const Node& node, const DirtyNode& open, const Choices& choices, Node& out) const {
  for (std::size_t u = open.first_unit; u < open.end_unit; ++u) {
    const Unit& unit = units_[u];
    const std::uint32_t choice = choices[u];
    if (unit.kind == Unit::Kind::attributes) {
      out.now = choice < unit.newest ? node.earlier[choice] : node.now;
    } else if (choice != unit.newest) {
      const auto& earlier = node.earlier_sectors.at(unit.sector);
      if (unit.sector >= out.sectors.size()) out.sectors.resize(unit.sector + 1);
      out.sectors[unit.sector] = choice < unit.newest ? earlier[choice] : garbage();
    }
  }
  // What lies behind the end is never seen: a file that grows again later grows with zeros.
  const std::size_t count = static_cast<std::size_t>((out.now.size + kSectorSize - 1) / kSectorSize);
  if (out.sectors.size() > count) out.sectors.resize(count);
  const std::size_t tail = out.now.size % kSectorSize;
  if (tail == 0 || out.sectors.size() != count || out.sectors.back() == nullptr) return;
  const auto behind = out.sectors.back()->begin() + static_cast<std::ptrdiff_t>(tail);
  if (std::all_of(behind, out.sectors.back()->end(), [](unsigned char c) { return c == 0; })) return;
  auto cut = std::make_shared<Sector>(*out.sectors.back());
  std::fill(cut->begin() + static_cast<std::ptrdiff_t>(tail), cut->end(), static_cast<unsigned char>(0));
  out.sectors.back() = std::move(cut);
}

void CrashStates::leave_folder(const Node& node, const DirtyNode& open, const Choices& choices, Node& out) const {
  if (!node.earlier.empty()) {
    const std::uint32_t choice = choices[open.first_unit];
    out.now = choice < node.earlier.size() ? node.earlier[choice] : node.now;
  }
  if (node.changes.empty()) {
    out.entries = node.entries;
    return;
  }
  out.entries = node.durable_entries;
  for (std::size_t i = 0; i < node.changes.size(); ++i) {
    const auto& [unit, choice] = open.changes[i];
    if (choices[unit] < choice) continue;
    if (node.changes[i].node == 0) {
      out.entries.erase(node.changes[i].name);
    } else {
      out.entries[node.changes[i].name] = node.changes[i].node;
    }
  }
}

DiskState CrashStates::leave(const Choices& choices) const {
  std::vector<std::shared_ptr<Node>> left;
  std::vector<std::pair<NodeNumber, NodeNumber>> todo{{DiskState::kRoot, DiskState::kRoot}};  // and its parent
  const auto bare = [](const Node& node, NodeNumber parent) {
    auto copy = std::make_shared<Node>();
    copy->number = node.number;
    copy->label = node.label;
    copy->directory = node.directory;
    copy->is_volatile = node.is_volatile;
    copy->parent = parent;
    copy->now = node.now;
    return copy;
  };
  for (std::size_t i = 0; i < todo.size(); ++i) {
    const auto [number, parent] = todo[i];
    const Node& node = state_.at(number);
    const DirtyNode* const open = dirty(number);
    if (node.is_volatile) {  // a tmpfs, mounted anew
      left.push_back(bare(node, parent));
      continue;
    }
    if (open == nullptr && (!node.directory || (node.parent == parent && !node.removed))) {
      const auto& nodes = state_.nodes();
      left.push_back(*std::lower_bound(nodes.begin(), nodes.end(), number,
                                       [](const auto& n, NodeNumber wanted) { return n->number < wanted; }));
    } else if (node.directory) {
      left.push_back(bare(node, parent));
      leave_folder(node, open != nullptr ? *open : DirtyNode{}, choices, *left.back());
    } else {
      left.push_back(bare(node, 0));
      left.back()->sectors = node.sectors;
      leave_file(node, *open, choices, *left.back());
    }
    for (const auto& [name, child] : left.back()->entries) todo.emplace_back(child, number);
  }
  std::sort(left.begin(), left.end(), [](const auto& a, const auto& b) { return a->number < b->number; });
  const auto same = [](const auto& a, const auto& b) { return a->number == b->number; };
  left.erase(std::unique(left.begin(), left.end(), same), left.end());  // files of several names
  return DiskState(std::move(left), state_.next(), state_.clock_ns());
}

std::vector<CrashStates::Choices> CrashStates::extremes() const {
  struct Extreme {
    bool names;
    bool attributes;
    enum { old, newest, last } data;  // the last choice is garbage where that may be
  };
  static constexpr Extreme kExtremes[] = {
      {false, false, Extreme::old},   {true, true, Extreme::newest},  {true, false, Extreme::old},
      {false, true, Extreme::newest}, {true, false, Extreme::newest}, {true, true, Extreme::old},
      {true, true, Extreme::last},
  };
  std::vector<Choices> all;
  for (const Extreme& extreme : kExtremes) {
    Choices choices;
    for (const Unit& unit : units_) {
      const bool newest = unit.kind == Unit::Kind::names        ? extreme.names
                          : unit.kind == Unit::Kind::attributes ? extreme.attributes
                                                                : extreme.data != Extreme::old;
      const bool last = unit.kind == Unit::Kind::data && extreme.data == Extreme::last;
      choices.push_back(last ? unit.choices - 1 : newest ? unit.newest : 0);
    }
    settle(choices);
    all.push_back(std::move(choices));
  }
  return all;
}

bool CrashStates::visit(std::uint64_t exhaustive, std::uint64_t samples, std::uint64_t seed,
                        const std::function<void(const Choices&)>& visit) const {
  if (combinations(exhaustive) <= exhaustive) {
    Choices choices(units_.size(), 0);
    for (;;) {
      Choices whole = choices;
      if (settle(whole)) visit(choices);
      std::size_t digit = 0;
      while (digit < choices.size() && ++choices[digit] == units_[digit].choices) choices[digit++] = 0;
      if (digit == choices.size()) return true;
    }
  }
  std::set<Choices> seen;
  for (const Choices& extreme : extremes()) {
    if (seen.insert(extreme).second) visit(extreme);
  }
  std::mt19937_64 random(seed);
  const std::uint64_t wanted = seen.size() + samples;
  // Each kind leans its own way, so that states near the extremes come up as well as thorough mixtures.
  static constexpr std::uint32_t kLeanings[] = {2, 15, 50, 85, 98};
  for (std::uint64_t tries = 0; seen.size() < wanted && tries < 4 * samples; ++tries) {
    std::uint32_t newest_percent[3];
    for (std::uint32_t& percent : newest_percent) percent = kLeanings[random() % std::size(kLeanings)];
    Choices choices;
    for (const Unit& unit : units_) {
      const bool newest = random() % 100 < newest_percent[static_cast<int>(unit.kind)];
      const auto other = static_cast<std::uint32_t>(random() % (2 * unit.choices));
      choices.push_back(newest ? unit.newest : other < unit.choices ? other : 0);
    }
    settle(choices);
    if (seen.insert(choices).second) visit(choices);
  }
  return false;
}

std::string CrashStates::describe(const Choices& choices) const {
  std::string text;
  for (std::size_t u = 0; u < units_.size(); ++u) {
    const Unit& unit = units_[u];
    const std::string of = fmt::format("{}#{}", state_.at(unit.node).label, unit.node);
    const std::string what = unit.kind == Unit::Kind::data         ? fmt::format("{} sector {}", of, unit.sector)
                             : unit.kind == Unit::Kind::attributes ? fmt::format("{} size", of)
                             : unit.name.empty()                   ? fmt::format("{} entries", of)
                                                                   : fmt::format("{} entry {}", of, unit.name);
    const std::string which = choices[u] > unit.newest    ? "garbage"
                              : choices[u] == unit.newest ? "new"
                              : choices[u] == 0           ? "old"
                                                          : fmt::format("{} of {}", choices[u], unit.newest);
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", what, which);
    if (text.size() > 2000) return text + ", ...";
  }
  return text.empty() ? "all synced" : text;
}

void Journal::begin(std::uint64_t number) {
  const std::lock_guard<std::mutex> guard(mutex_);
  promise_.begun = number;
}

void Journal::acknowledge(std::uint64_t number) {
  const std::lock_guard<std::mutex> guard(mutex_);
  promise_.acknowledged = number;
  if (!cuts_.empty()) cuts_.push_back({cuts_.back().state, fmt::format("acknowledge {}", number), promise_});
}

void Journal::changed(const DiskState& state, const std::string& call) {
  const std::lock_guard<std::mutex> guard(mutex_);
  cuts_.push_back({state, call, promise_});
}

std::vector<Cut> Journal::take() {
  const std::lock_guard<std::mutex> guard(mutex_);
  return std::exchange(cuts_, {});
}

std::uint64_t CutOptions::crash_seed() {
  const char* const text = std::getenv("RELUME_CRASH_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 20261121;
}

std::uint64_t CutReport::violated() const {
  std::uint64_t sum = 0;
  for (const auto& [what, count] : violations) sum += count;
  return sum;
}

std::string CutReport::text() const {
  std::string text = fmt::format("{} calls, {} cuts ({} exhaustive), {} states", calls, cuts, exhaustive_cuts, images);
  if (images_again > 0) text += fmt::format(" ({} of them cut again while recovering)", images_again);
  text +=
      fmt::format(" in {:.2f} s, {:.0f}/s, {} violations", seconds, static_cast<double>(images) / seconds, violated());
  for (const auto& [what, count] : violations) text += fmt::format("; {} {}", count, what);
  return text;
}

namespace {

/// Checks what each of some cuts leaves, and, when asked to, what a cut of the check itself leaves.
class Cutter {
 public:
  Cutter(Workload& workload, const CutOptions& options, CutReport& report)
      : workload_(workload), options_(options), report_(report) {}

  void cut(const std::vector<Cut>& cuts, const std::string& before) {
    const bool again = !before.empty();
    for (std::size_t i = 0; i < cuts.size(); i += again ? 1 : options_.every) {
      for (const Order order : options_.orders) {
        const CrashStates states(cuts[i].state, order);
        const std::uint64_t exhaustive = again ? options_.samples_again : options_.exhaustive;
        const std::uint64_t samples = again ? options_.samples_again : options_.samples;
        const std::string where = fmt::format("{}cut {} after \"{}\", order {}", before, i, cuts[i].call,
                                              order == Order::prefix ? "prefix" : "any");
        const bool all = states.visit(exhaustive, samples, options_.seed + i, [&](const auto& choices) {
          check(states, choices, cuts[i].promise, where, again);
        });
        ++report_.cuts;
        report_.exhaustive_cuts += all ? 1 : 0;
      }
    }
  }

 private:
  void check(const CrashStates& states, const CrashStates::Choices& choices, const Promise& promise,
             const std::string& where, bool again) {
    SimDisk disk(states.leave(choices));
    Journal journal;
    const bool cut_again = options_.samples_again > 0 && !again;
    if (cut_again) {
      journal.begin(promise.begun);
      journal.acknowledge(promise.acknowledged);
      disk.observe(&journal);
    }
    const std::string wrong = workload_.check(disk, promise);
    ++report_.images;
    report_.images_again += again ? 1 : 0;
    if (!wrong.empty()) {
      ++report_.violations[wrong];
      if (report_.first.empty()) {
        report_.first = fmt::format("{}: {} (promised {} to {}): {}; RELUME_CRASH_SEED={}", wrong, where,
                                    promise.acknowledged, promise.begun, states.describe(choices), options_.seed);
      }
    } else if (cut_again) {
      disk.observe(nullptr);
      std::vector<Cut> cuts = journal.take();
      cuts.erase(cuts.begin());  // the start is the state that was just checked
      cut(cuts, where + ", left with " + states.describe(choices) + "; then ");
    }
  }

  Workload& workload_;
  const CutOptions& options_;
  CutReport& report_;
};

}  // namespace

CutReport cut_everywhere(Workload& workload, const CutOptions& options) {
  CutReport report;
  Journal journal;
  {
    SimDisk disk;
    disk.observe(&journal);
    workload.run(disk, journal);
    disk.observe(nullptr);
  }
  const std::vector<Cut> cuts = journal.take();
  report.calls = static_cast<std::uint64_t>(
      std::count_if(cuts.begin(), cuts.end(), [](const Cut& c) { return c.call.rfind("acknowledge", 0) != 0; }));
  const auto start = std::chrono::steady_clock::now();
  Cutter(workload, options, report).cut(cuts, "");
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace relume::test
