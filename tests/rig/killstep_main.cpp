// SPDX-License-Identifier: Apache-2.0
// relume-lights that kills itself between two steps of a mutation: RELUME_KILL_AT=mutation:step, steps as in DESIGN 3.
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "capi/handles.hpp"
#include "lights/app.hpp"

namespace {

struct DeathAt {
  unsigned mutation = 0;
  int step = 0;
  unsigned seen = 0;
};

void die_at(void* user, int step) {
  auto& death = *static_cast<DeathAt*>(user);
  if (step == 1) ++death.seen;
  if (death.seen == death.mutation && step == death.step) std::raise(SIGKILL);
}

}  // namespace

int main(int argc, char** argv) {
  static DeathAt death;
  const char* const at = std::getenv("RELUME_KILL_AT");
  if (at == nullptr || std::sscanf(at, "%u:%d", &death.mutation, &death.step) != 2) {
    std::fputs("relume-lights-killstep: error: set RELUME_KILL_AT to mutation:step\n", stderr);
    return 2;
  }
  rig::LightsSeams seams;
  seams.show_opened = [](relume_show* show) { show->show->coordinator().observe_steps(die_at, &death); };
  return rig::run_lights(argc, argv, seams);
}
