// SPDX-License-Identifier: Apache-2.0
// Any bytes: the parser refuses them with a reason in one line, or gives a patch that the rig can rely on.
#include "lights/patch.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_patch(const rig::Patch& patch) {
  std::set<std::string> names;
  std::map<std::uint16_t, std::vector<bool>> taken;
  require(!patch.groups.empty() && patch.groups.size() <= rig::kMaxGroups);
  for (const rig::Group& group : patch.groups) {
    require(!group.name.empty() && group.name.size() <= 63);
    require(group.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos);
    require(group.name != "relume" && group.name != rig::kMasterLayer);
    require(names.insert(group.name).second);
    require(std::set<std::uint8_t>(group.order.begin(), group.order.end()) == std::set<std::uint8_t>{0, 1, 2});
    std::vector<bool>& channels = taken[group.universe];
    channels.resize(512);
    for (std::size_t i = 0; i < std::size_t{3} * group.count; ++i) {
      const std::size_t channel = group.start - std::size_t{1} + i;
      require(channel < channels.size() && !channels[channel]);
      channels[channel] = true;
    }
  }
  require(rig::patched_universes(patch).size() == taken.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    check_patch(rig::parse_patch(std::string_view(reinterpret_cast<const char*>(data), size)));
  } catch (const rig::PatchError& error) {
    const std::string text = error.where() + error.what();
    require(!text.empty() && text.find('\n') == std::string::npos);
  }
  return 0;
}
