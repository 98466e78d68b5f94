// SPDX-License-Identifier: Apache-2.0
// Writes a document with every value type to standard output, for tests of other people's readers.
#include <cstdio>

#include "support/document_state.hpp"

int main() {
  using namespace relume::core;
  using namespace relume::test;
  DocumentState state;
  state.header = a_header();
  const auto every = type("every", every_param());
  const Layer& wash = state.layer("wash", every);
  for (const ParamDef& def : every->params()) {
    if (def.type == RELUME_TEXT) {
      state.set_text(wash, def, "Grüße, \"du\"\n");
    } else {
      const std::uint32_t one = is_float_type(def.type) ? 0x3f800000 : 1;
      state.set(wash, def, {one, 0, 0x3dcccccd, 0x3f000000});
    }
  }
  const auto gone = type("gone", {param("x", RELUME_FLOAT)}, false);
  state.set(state.layer("dormant", gone), gone->params()[0], {0x40490fdb});
  state.add(record_name("scene"), ObjectKind::json, R"({"x": [1, 2]})");
  state.add(record_name("patch"), ObjectKind::bytes, std::string("\0\xff\x10", 3));
  const std::string text = state.encode();
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
}
