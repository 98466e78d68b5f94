# SPDX-License-Identifier: Apache-2.0
"""The rig killed by SIGKILL between the steps 1 hot state and mirror, 2 output, 3 clients, 4 disk of a mutation, for every kind
of request. The change that had begun is in the next life's first packets and in its answers, whole; it was never acknowledged."""

import os
import signal
import sys
import unittest

import harness
import kill_loop
from model import DEFAULTS, State
from wire import Wire

KILLSTEP = os.environ["RELUME_LIGHTS_KILLSTEP"]

# One packet each: a change-set, with what the model makes of it.
STORY = (
    [("set", "wash/level", 0.5)],
    [("persist", "tubes/color", (1.0, 0.5, 0.25, 1.0))],
    [("set", "tubes/level", 0.25), ("set", "master/dimmer", 0.75), ("persist", "wash/color", (0.0, 1.0, 0.5, 1.0))],
    [("store", "wash")],
    [("set", "master/blackout", True)],
    [("revert", "master")],
    [("reset", "")],
    [("add", "spots", "tubes")],
    [("move", "spots", "")],
    [("bypass", "tubes", True)],
    [("remove", "wash"), ("add", "wash", "master"), ("set", "tubes/level", 0.75)],
    [("remove", "wash")],
)


class KillSteps(harness.RigTest):
    def die(self, mutation, step):
        """Runs the rig until it kills itself; returns the states after 0, 1, ... packets."""
        binary, harness.BINARY = harness.BINARY, KILLSTEP
        os.environ["RELUME_KILL_AT"] = f"{mutation}:{step}"
        try:
            rig = self.start()
        finally:
            harness.BINARY = binary
        states = [State.fresh()]
        for changes in STORY[:mutation]:
            states.append(states[-1].after(changes))
            messages = [kill_loop.encode(change) for change in changes]
            rig.send_raw(messages[0] if len(messages) == 1 else kill_loop.osc.bundle(*messages))
        self.assertEqual(rig.process.wait(5), -signal.SIGKILL)
        answers = [reply.values[0] for reply in rig.pending_replies()]
        self.assertEqual(sorted(set(answers)), [state.revision for state in states[1:-1]], "what died was not acknowledged")
        packets = self.node.drain()
        shown = Wire([state.look for state in states]).judge(packets, complete=False)
        self.assertLessEqual(shown, mutation - (1 if step < 2 else 0), "the output has it after step 2, not before")
        return states

    def test_every_request_at_every_step(self):
        for mutation in range(1, len(STORY) + 1):
            for step in (1, 2, 3, 4):
                with self.subTest(mutation=mutation, step=step):
                    state = self.die(mutation, step)[-1]
                    rig = self.start()
                    self.assertEqual(rig.ready["recovered"], "mirror")
                    self.assertEqual(rig.ready["revision"], str(mutation))
                    Wire([state.look]).judge(self.node.collect(lambda got: len(got) >= 2))
                    for route in state.tiers:
                        self.assertEqual(rig.get(route), (state.tier(route), state.value(route)))
                    for route in set(DEFAULTS) - set(state.tiers):
                        self.assert_reject(rig.ask("/relume/get", route), route, "unknown-route")
                    rig.close()
                    self.place.close()
                    self.place = harness.Place()
                    self.addCleanup(self.place.close)


if __name__ == "__main__":
    sys.exit(unittest.main())
