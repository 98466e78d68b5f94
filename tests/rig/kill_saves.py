# SPDX-License-Identifier: Apache-2.0
"""The kill loop with everything at once: layers that come, go, move and are bypassed, values, saves in flight, deaths while
opening, and now and then a clean close. The mirror is kept, so nothing that was acknowledged may be lost; and no start may find
anything to refuse or to complain about, at whatever instant of a save the one before it died."""

import sys

import kill_loop
import osc
from kill_loop import check
from show_folder import ShowFolder


class SavingLife(kill_loop.Life):
    """Answers to saves come when the disk is done, so they are out of turn."""

    def __init__(self, rig, state):
        super().__init__(rig, state)
        self.saved = 0

    def is_late(self, answer):
        message = osc.decode(answer)
        if message.address == "/relume/saved":
            check(message.tags == "h" and message.values[0] <= self.states[-1].revision, f"{message}")
            self.saved += 1
            return True
        check(message.values[0] != "save", f"{message}")
        return False


class SaveKillLoop(kill_loop.KillLoop):
    OPERATOR = kill_loop.LayerOperator
    LIFE = SavingLife

    def __init__(self, seed):
        super().__init__(seed)
        self.folder = ShowFolder(self.place.show)
        self.saves = 0
        self.closes = 0
        self.opening = 0
        self.closed_stack = None  # of the document, when the last life ended in peace

    def summary(self):
        return f"{super().summary()}, {self.opening} deaths while opening, {self.saves} saves, {self.closes} closes"

    def round(self, number):
        if number % 3 == 0:
            self.die_while_starting()
            self.opening += 1
        life = self.start()
        try:
            complaints = life.rig.said()
            check(complaints == "", complaints)
            if self.closed_stack is not None:
                check(self.closed_stack == life.states[0].stack, f"the document has {self.closed_stack}, not {life.states[0].stack}")
            self.closed_stack = None
            self.stay_quiet(life)
            self.read_all(life)
            self.operate(life)
            if number % 8 == 7:
                self.end(life)
            else:
                self.die(life)
            self.saves += life.saved
        finally:
            life.rig.close()

    def prepare(self, life, count):
        """With a save behind every sixth packet or so, and always one first."""
        prepared = super().prepare(life, count)
        life.rig.send("/relume/save")
        for place in range(len(prepared)):
            if self.chance.random() < 0.15:
                packet, after, answers = prepared[place]
                prepared[place] = (osc.bundle(packet, osc.message("/relume/save")), after, answers)
        return prepared

    def end(self, life):
        code, seconds = life.rig.stop()
        check(code == 0 and seconds < 2.0, f"exit code {code} after {seconds:.2f} s: {life.rig.error_text()}")
        life.read_answers()
        self.node.drain()
        self.possible = life.possible()
        self.shown = life.states[0]
        self.closed_stack = self.folder.stack()
        self.closes += 1


def main():
    return kill_loop.run("kill saves", SaveKillLoop, 300, __doc__)[1]


if __name__ == "__main__":
    sys.exit(main())
