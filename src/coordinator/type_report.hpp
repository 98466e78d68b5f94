// SPDX-License-Identifier: Apache-2.0
// What became of each value at a change of type, and why: written while the change is made, kept for those who ask later.
#pragma once

#include <relume/type.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "model/conversion.hpp"
#include "model/stack.hpp"

namespace relume::core {

/// Bounded, and without allocation once there is room: rows are written under the mutex that every mutation takes.
class TypeReport {
 public:
  static constexpr std::size_t kMaxRows = 16384;

  /// Room for the values of one more layer, in all tiers. Before the mutex is taken.
  void make_room(const LayerType& from);
  /// The rows that follow are of this layer.
  void begin(const Layer& from, const Layer& to);
  /// `value` as slots, of a text its size in the first; `to` as the new type has it, nullptr if it does not.
  void add(const ParamDef& from, const ParamDef* to, relume_tier tier, Fit fit, relume_unfit why, const Lanes& value);

  bool empty() const { return lost_.empty() && kept_.empty() && omitted_ == 0; }
  std::size_t size() const { return lost_.size() + kept_.size(); }
  std::uint64_t omitted() const { return omitted_; }
  /// The first rows, as many as fit.
  void read(std::span<relume_type_fate> out) const;

  /// Nothing more will be added: rows that were kept make way for those that were not.
  void finish() noexcept;

 private:
  struct Place {
    std::uint64_t id;
    relume_layer to;
    std::shared_ptr<const LayerType> from_type;
    std::shared_ptr<const LayerType> to_type;
  };
  struct Row {
    Lanes value;
    std::uint32_t place;
    std::uint16_t from;
    std::uint16_t to;  // kNone: there is none
    std::uint8_t tier;
    std::uint8_t fate;
    std::uint8_t why;
  };
  static constexpr std::uint16_t kNone = UINT16_MAX;  // a type has at most 65,535 parameters
  void tell(const Row& row, relume_type_fate& out) const;

  std::vector<Place> places_;
  std::vector<Row> lost_;
  std::vector<Row> kept_;
  std::uint64_t omitted_ = 0;
};

/// The newest reports by revision. Not synchronised: the coordinator's mutex of structure is held around it.
class TypeReports {
 public:
  static constexpr std::size_t kRemembered = 8;

  /// Needs no memory: the change that it is about has taken effect.
  void put(std::uint64_t revision, std::shared_ptr<TypeReport> report) noexcept;
  /// nullptr: there is none.
  std::shared_ptr<const TypeReport> find(std::uint64_t revision) const;

 private:
  struct Entry {
    std::uint64_t revision = 0;
    std::shared_ptr<const TypeReport> report;
  };
  std::array<Entry, kRemembered> entries_;
  std::size_t next_ = 0;
};

}  // namespace relume::core
