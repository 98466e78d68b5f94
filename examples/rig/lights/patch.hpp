// SPDX-License-Identifier: Apache-2.0
// The patch: which group of fixtures sits on which channels. It comes from a file and is not trusted.
#pragma once

#include "operator/names.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace rig {

/// Equal fixtures of three channels each, one after the other.
struct Group {
  std::string name;  ///< a layer key
  std::uint16_t universe = 0;
  std::uint16_t start = 1;                     ///< first channel, from 1
  std::uint16_t count = 0;                     ///< fixtures
  std::array<std::uint8_t, 3> order{0, 1, 2};  ///< colour lane (0 red, 1 green, 2 blue) of each channel of a fixture
};

struct Patch {
  std::vector<Group> groups;
  std::string json;  ///< the text that it was read from: what the show records
};

inline constexpr std::size_t kMaxGroups = 1'000;
inline constexpr std::size_t kMaxPatchBytes = 1 << 20;

/// The patch cannot be used. The text says why, `where` names the groups or the file.
class PatchError : public std::runtime_error {
 public:
  PatchError(const std::string& what, std::string where) : std::runtime_error(what), where_(std::move(where)) {}
  const std::string& where() const noexcept { return where_; }

 private:
  std::string where_;
};

/// Two groups on two universes.
Patch default_patch();

/// Reads {"groups": [{"name", "universe", "start", "count", "order"}, ...]}; only "order" may be missing ("rgb").
/// \throws PatchError for anything that is not a whole patch whose groups fit their universes and do not overlap.
Patch parse_patch(std::string_view json);

/// \throws PatchError
Patch read_patch(const std::string& path);

/// Port-addresses that the patch uses, ascending.
std::vector<std::uint16_t> patched_universes(const Patch& patch);

}  // namespace rig
