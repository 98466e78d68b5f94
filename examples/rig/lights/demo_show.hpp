// SPDX-License-Identifier: Apache-2.0
// The demo show: a master, and one layer per group of the patch.
#pragma once

#include "lights/options.hpp"
#include "lights/patch.hpp"
#include "operator/master.hpp"

#include <relume/relume.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace rig {

/// Declares the type `group`, and what a new show starts with: a layer per group, and the patch as its record.
void add_lights(relume::Schema& schema, const Patch& patch);

/// The types `master` and `group`, and the stack of a patch.
relume::Schema demo_schema(const Patch& patch);

/// Capacities that hold every patch that can be parsed, whatever patch the show had before. Borrows the paths.
relume_show_options demo_options(const OperatorOptions& options);

/// The patch that the show records; the default one where it records none.
/// \throws PatchError the record is no patch.
Patch recorded_patch(const relume::Show& show);

/// Makes a patch the show's own, as one change-set: the record, a layer for each group that lacks one, and no layer for groups
/// that are gone. Values of groups that stay are kept. The patch that the show records already changes nothing: a layer that
/// was removed by hand stays so, however often the same patch is given.
void import_patch(relume::Show& show, const Patch& patch);

struct GroupParams {
  std::size_t position = kNoLayer;  ///< in DemoParams::stack
  relume_param level{0};
  relume_param color{0};
};

/// Handles of everything that reaches DMX, as the stack was when they were found. They belong to frames of that stack: a layer
/// that was removed takes its handles with it, and one of the same key that comes after it has others.
struct DemoParams {
  std::vector<relume_layer> stack;  ///< bottom to top
  MasterParams master;
  std::vector<GroupParams> groups;  ///< in the order of the patch
};

/// Layers that are not there, or are of another type, have no position.
DemoParams find_params(const relume::Show& show, const Patch& patch);

}  // namespace rig
