# SPDX-License-Identifier: Apache-2.0
"""Power cuts: the rig is killed at a random instant of a stream of changes and its mirror is deleted, which is what a power cut
leaves; now and then the checkpoint goes too, or checkpoint and document.

What comes back is the state of one revision, whole: not older than what the rig had reported as saved before its last change,
not newer than what was sent. It is a new history, and its revisions go on far above, so that no pair of both means two things.
The reference is model.py."""

import os
import random
import sys
import time

import artnet
import harness
import kill_loop
import osc
from kill_loop import check
from model import State
from show_folder import ShowFolder
from wire import Wire

JUMP = 1 << 32
RATE = "250"


class Life:
    """One run of the rig, answer by answer, with what it reported as saved."""

    def __init__(self, rig, state, states):
        self.rig = rig
        self.states = states
        self.states[state.revision] = self.newest = state
        self.checkpointed = -1
        self.documented = -1

    def send(self, prepared):
        packet, after, answers = prepared
        self.states[after.revision] = self.newest = after
        self.rig.send_raw(packet)
        return answers

    def change(self, prepared):
        for expected in self.send(prepared):
            answer = self.rig.reply()
            check(answer == osc.decode(expected), f"answer {answer} instead of {osc.decode(expected)}")

    def read_status(self):
        status = self.rig.status()
        check(status["accepted"] == self.newest.revision, f"{status} at revision {self.newest.revision}")
        for column, before in (("checkpointed", self.checkpointed), ("document_saved", self.documented)):
            check(before <= status[column] <= status["accepted"], f"{column} was {before}: {status}")
        self.checkpointed, self.documented = status["checkpointed"], status["document_saved"]

    def save(self):
        answer = self.rig.ask("/relume/save")
        check(answer == osc.Message("/relume/saved", "h", [self.newest.revision]), f"{answer} at {self.newest.revision}")
        self.checkpointed = self.documented = self.newest.revision


class PowerCuts:
    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.operator = kill_loop.LayerOperator(self.chance)
        self.place = harness.Place()
        self.folder = ShowFolder(self.place.show)
        self.node = artnet.Receiver()
        self.last = None  # the life before
        self.states = {}  # of all lives: a document that nothing was written to may be older than the life before
        self.rung = "defaults"
        self.histories = set()
        self.changes = 0
        self.lost = 0  # acknowledged changes that a power cut took, all of them reported as not saved
        self.rungs = {}

    def close(self):
        self.node.close()
        self.place.close()

    def summary(self):
        rungs = ", ".join(f"{count} from {rung}" for rung, count in sorted(self.rungs.items()))
        return f"{self.changes} packets of changes, {rungs}, {self.lost} unsaved revisions lost"

    def round(self, number):
        rig = harness.Rig(self.place, self.node, "--rate", RATE)
        try:
            life = Life(rig, self.meet(rig), self.states)
            self.look(life)
            self.operate(life, number)
            self.cut(life, number)
        finally:
            rig.close()

    def meet(self, rig):
        """The state that the rig came up with, at the revision that it goes on from."""
        ready = rig.ready
        check((ready["recovered"], ready["refused"]) == (self.rung, "0"), f"expected {self.rung}: {rig.ready_line}; {rig.said()}")
        check(rig.said() == "", rig.said())
        revision, _, _, history = rig.ask("/relume/ping").values
        check(history not in self.histories, f"history {history} for the second time")
        self.histories.add(history)
        self.rungs[self.rung] = self.rungs.get(self.rung, 0) + 1
        if self.last is None:
            check(revision == 0, f"a new show is at revision {revision}")
            return State.fresh()
        found = int(ready["revision"])
        check(revision == found + JUMP, f"found {found}, and goes on at {revision}")
        least = {"checkpoint": self.last.checkpointed, "document": self.last.documented, "generation": 0}[self.rung]
        check(least <= found <= self.last.newest.revision,
              f"revision {found} from the {self.rung}; {least} was reported, {self.last.newest.revision} sent")
        check(found in self.states, f"revision {found} never was")
        self.lost += sum(found < other <= self.last.newest.revision for other in self.states)
        state = self.states[found]
        return state.at(revision) if self.rung == "checkpoint" else state.base(revision)

    def look(self, life):
        packets = self.node.collect(lambda got: len(got) >= 2)
        Wire([life.newest.look]).judge(packets[:2])
        kill_loop.check_values(life.rig, life.newest)

    def operate(self, life, number):
        """A stream of changes, some of which are saved by the timers, some by request, and some not at all."""
        deadline = time.monotonic() + self.chance.choice((0.1, 0.4, 0.8, 1.2))
        while time.monotonic() < deadline:
            for _ in range(self.chance.randint(1, 20)):
                life.change(self.operator.packet(life.newest))
                self.changes += 1
            life.read_status()
            if self.chance.random() < 0.05:
                life.save()
            # The operator's pace: now a flood, now a pause that the quiet time fits into.
            time.sleep(self.chance.choice((0, 0, 0.002, 0.02, 0.3)))
        if self.rung_after(number) == "generation":
            for _ in range(2):
                life.change(self.operator.packet(life.newest))
                life.save()
        life.read_status()
        for _ in range(self.chance.randint(0, 20)):
            life.send(self.operator.packet(life.newest))

    @staticmethod
    def rung_after(number):
        return {4: "generation", 9: "document"}.get(number % 10, "checkpoint")

    def cut(self, life, number):
        kill_loop.wait_exactly(self.chance.uniform(0, self.chance.choice((0, 0.001, 0.01))))
        life.rig.kill()
        self.node.drain()
        os.unlink(life.rig.ready["mirror"])
        self.rung = self.rung_after(number)
        if self.rung != "checkpoint":
            self.folder.lose_checkpoint()
        if self.rung == "generation":
            self.folder.lose_document()
        self.last = life


def main():
    return kill_loop.run("power cuts", PowerCuts, 100, __doc__)[1]


if __name__ == "__main__":
    sys.exit(main())
