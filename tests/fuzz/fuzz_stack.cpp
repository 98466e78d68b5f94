// SPDX-License-Identifier: Apache-2.0
// Any bytes as the saved stack of a mirror whose checksums hold: they are refused with a reason, or restored to a stack whose
// layers lie within the show, apart from each other, with every value fit for its definition.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/restore.hpp"
#include "persistence/structure_codec.hpp"

namespace {

using namespace relume::core;

void require(bool condition) {
  if (!condition) std::abort();
}

constexpr std::uint32_t kSlots = 512;

Schema schema() {
  Schema out;
  const char* const labels[] = {"off", "on"};
  relume_param_def params[4];
  for (relume_param_def& def : params) def = RELUME_PARAM_DEF_INIT;
  params[0].key = "level", params[0].type = RELUME_FLOAT, params[0].max = 1;
  params[1].key = "color", params[1].type = RELUME_COLOR;
  params[2].key = "mode", params[2].type = RELUME_ENUM, params[2].labels = labels, params[2].label_count = 2;
  params[3].key = "on", params[3].type = RELUME_BOOL;
  relume_layer_type_def def = RELUME_LAYER_TYPE_DEF_INIT;
  def.key = "t";
  def.params = params;
  def.param_count = 4;
  require(!out.add_type(def) && !out.add_layer("a", "t") && !out.add_layer("b", "t"));
  return out;
}

void check(const Stack& stack, const RestoredLayers& restored) {
  std::vector<bool> taken(kSlots);
  std::set<std::string> keys;
  for (const auto& layer : stack.order()) {
    require(keys.insert(layer->key).second);
    for (std::uint32_t i = 0; i < layer->type->slot_count(); ++i) {
      require(layer->first_slot + i < kSlots && !taken[layer->first_slot + i]);
      taken[layer->first_slot + i] = true;
    }
    if (layer->dormant()) continue;
    for (const ParamDef& param : layer->type->params()) {
      const std::uint32_t slot = layer->first_slot + param.slot;
      const SavedBlock& block = restored.blocks[slot / kBlockSlots];
      Lanes lanes{};
      for (std::uint32_t i = 0; i < param.lanes; ++i) lanes[i] = block.resting(slot % kBlockSlots + i);
      Lanes again{};
      require(encode_value(param, decode_value(param.type, lanes.data()), again) == RELUME_OK);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Schema declared = schema();
  // The first bytes fill the values, so that they are hostile too.
  std::vector<SavedBlock> blocks(kSlots / kBlockSlots);
  for (std::size_t i = 0; i < blocks.size() && size > 0; ++i) {
    blocks[i].persisted_present = blocks[i].committed_present = ~std::uint64_t{0} / (data[0] + 1U);
    blocks[i].persisted.fill(data[0] * 0x01010101U);
    blocks[i].committed.fill(static_cast<std::uint32_t>(i) * data[0] * 0x10204081U);
  }
  const std::string_view bytes(reinterpret_cast<const char*>(data) + (size > 0), size - (size > 0));
  SavedStack saved;
  if (const Fault fault = decode_stack(bytes, saved)) return require(!fault.message.empty()), 0;
  Stack stack(64, kSlots);
  RestoredLayers restored;
  const auto block = [&](std::uint32_t i) { return i < blocks.size() ? &blocks[i] : nullptr; };
  if (const Fault fault = restore_saved(declared, saved, block, Lend::no, {}, stack, restored))
    return require(!fault.message.empty()), 0;
  check(stack, restored);
  // What was restored reads back as the same stack.
  SavedStack again;
  require(!decode_stack(encode_stack(stack), again) && again.layers.size() == saved.layers.size());
  return 0;
}
