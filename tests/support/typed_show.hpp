// SPDX-License-Identifier: Apache-2.0
// Shows whose types change: two layers of one type, and how a test exchanges a type and catches what it throws.
#pragma once

#include <relume/relume.hpp>

#include <string>
#include <utility>
#include <vector>

#include "support/test_show.hpp"

namespace relume::test {

inline Param level() { return Param("level", RELUME_FLOAT).range(0, 1).initial(scalar(1)).smoothing(100 * kMs); }
inline Param mode(std::vector<std::string> labels) { return Param("mode", RELUME_ENUM).labels(std::move(labels)); }

inline Schema two_layers() {
  Schema schema;
  schema.type("plasma", {level(), Param("tint", RELUME_COLOR).range(0, 1), Param("steps", RELUME_INT).range(0, 100),
                         mode({"off", "slow", "fast"}), Param("name", RELUME_TEXT)});
  schema.type("rings", {Param("width", RELUME_FLOAT).range(0, 1), level()});
  schema.layer("back", "plasma").layer("front", "plasma");
  return schema;
}

inline relume_outcome reload(Show& show, const LayerType& type) { return show.commit_type(show.prepare_type(type)); }

template <class F>
relume_result code_of(F f) {
  try {
    f();
  } catch (const Error& error) { return error.code(); }
  return RELUME_OK;
}

}  // namespace relume::test
