// SPDX-License-Identifier: Apache-2.0
// The demo show: a master, and one layer per group of the patch.
#pragma once

#include "lights/patch.hpp"

#include <relume/relume.hpp>

#include <string>
#include <vector>

namespace rig {

/// The types `master` and `group`, and the stack that a new show starts with.
relume::Schema demo_schema(const Patch& patch);

/// Capacities that hold every patch that can be parsed, whatever patch the show had before. Borrows both paths.
relume_show_options demo_options(const std::string& folder, const std::string& runtime_dir);

/// Makes the stack of a recovered show fit the patch, as one change-set: groups that lack a layer get one, layers of groups
/// that are gone are removed. Values of groups that stay are kept.
void reconcile(relume::Show& show, const Patch& patch);

struct GroupParams {
  relume_param level;
  relume_param color;
};

/// Handles of everything that reaches DMX; groups in the order of the patch.
struct DemoParams {
  relume_param dimmer;
  relume_param blackout;
  std::vector<GroupParams> groups;
};

DemoParams find_params(const relume::Show& show, const Patch& patch);

}  // namespace rig
