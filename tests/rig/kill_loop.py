# SPDX-License-Identifier: Apache-2.0
"""The rig under a stream of operator changes, killed with SIGKILL at a random instant and started again, over and over.

After each start the state must be the one after change k, for one k between the newest change that was acknowledged and the
newest that was sent; the wire must show that look and no other until something new is asked for; and while it ran, the wire
must never have shown anything but whole looks in their order (wire.py). The reference is model.py."""

import argparse
import os
import random
import signal
import sys
import time

import artnet
import harness
import osc
from artnet import sequence_errors
from model import DEFAULTS, State, default_of, single, type_of
from wire import Wire

RATE = 250
QUIET_TICKS = 3
AUTOMATED = ("wash/level", "wash/color", "tubes/level", "tubes/color", "master/dimmer")


class Broken(AssertionError):
    """A promise that was not kept."""


def check(condition, text):
    if not condition:
        raise Broken(text)


class Operator:
    """Makes up packets: what is sent, the change-set that the model applies, and the answers that must come."""

    def __init__(self, chance):
        self.chance = chance

    def value(self, route):
        default = default_of(route)
        if isinstance(default, bool):
            return self.chance.random() < 0.3
        if isinstance(default, tuple):
            return tuple(single(self.chance.random()) for _ in range(3)) + (1.0,)
        if route == "master/bpm":
            return single(self.chance.uniform(20, 300))
        # Now and then a value that was there before, so that "unchanged" is met too.
        return self.chance.choice((0.25, 0.5, 1.0)) if self.chance.random() < 0.2 else single(self.chance.random())

    def change(self, state):
        dice = self.chance.random()
        if dice < 0.85:
            route = self.chance.choice(tuple(state.tiers))
            return ("set" if dice < 0.6 else "persist", route, self.value(route))
        return (self.chance.choice(("store", "revert", "reset")), self.chance.choice(["", *state.layers()]))

    def packet(self, state):
        """Returns bytes, state afterwards, bytes of the answers."""
        dice = self.chance.random()
        if dice < 0.05:
            return self.bad_packet(state)
        return packet_of([self.change(state) for _ in range(1 if dice < 0.7 else self.chance.randint(2, 8))], state)

    def bad_packet(self, state):
        """A bundle with one bad request: all of it is refused and nothing changes."""
        good, bad = self.change(state), ("set", "tubes/level", 2.0)
        answers = [osc.message("/relume/reject", good[1], "bundle"), osc.message("/relume/reject", bad[1], "out-of-range")]
        return osc.bundle(encode(good), encode(bad)), state, answers


def encode(change):
    verb, subject, *value = change
    if verb == "add":
        return osc.message("/relume/layer/add", subject, type_of(subject), *value)
    if verb in ("remove", "move", "bypass"):
        return osc.message("/relume/layer/" + verb, subject, *value)
    lanes = value[0] if value and isinstance(value[0], tuple) else value
    return osc.message("/relume/" + verb, subject, *lanes)


def packet_of(changes, state):
    """A change-set as bytes, the state after it, and its answers."""
    messages = [encode(change) for change in changes]
    after = state.after(changes)
    answers = [osc.message("/relume/ack", osc.h(after.revision), change[1]) for change in changes]
    return (messages[0] if len(messages) == 1 else osc.bundle(*messages)), after, answers


class LayerOperator(Operator):
    """Changes the stack too. What a bundle adds cannot be named in it, so layers come and go in packets of their own."""

    GROUPS = ("wash", "tubes", "spots", "front")

    def packet(self, state):
        if self.chance.random() < 0.7:
            return super().packet(state)
        layers = state.layers()
        absent = [layer for layer in ("master", *self.GROUPS) if layer not in layers]
        dice = self.chance.random()
        if absent and dice < 0.4:
            return packet_of([("add", self.chance.choice(absent), self.chance.choice(["", *layers]))], state)
        layer = self.chance.choice(layers)
        if dice < 0.55 and len(layers) > 2:
            return packet_of([("remove", layer)], state)
        if dice < 0.65:
            return packet_of([("remove", layer), ("add", layer, "")], state)
        if dice < 0.8:
            return packet_of([("move", layer, self.chance.choice(["", *layers]))], state)
        return packet_of([("bypass", layer, self.chance.random() < 0.5)], state)

    def bad_packet(self, state):
        good, bad = self.change(state), ("add", self.chance.choice(state.layers()), "")
        answers = [osc.message("/relume/reject", good[1], "bundle"), osc.message("/relume/reject", bad[1], "exists")]
        return osc.bundle(encode(good), encode(bad)), state, answers


class Life:
    """One run of the rig, from its start to its death, with the states that it may be in."""

    def __init__(self, rig, state):
        self.rig = rig
        self.states = [state]  # after 0, 1, 2, ... packets
        self.acknowledged = 0  # packets whose first answer has come
        self.expected = []     # (answer, number of its packet)
        self.answered = 0
        self.packets = []

    def send(self, prepared):
        for packet, after, answers in prepared:
            self.states.append(after)
            self.expected += [(answer, len(self.states) - 1) for answer in answers]
            self.rig.send_raw(packet)

    def read_answers(self, wait=False):
        """Compares what has come with what must come; after `wait`, everything has."""
        while self.answered < len(self.expected):
            try:
                answer = self.rig.socket.recv(4096, 0 if wait else harness.socket.MSG_DONTWAIT)
            except (BlockingIOError, ConnectionRefusedError):
                return
            if self.is_late(answer):
                continue
            expected, number = self.expected[self.answered]
            check(answer == expected, f"answer {osc.decode(answer)} instead of {osc.decode(expected)}")
            self.answered += 1
            self.acknowledged = number

    def is_late(self, answer):
        """Whether this is an answer that comes out of its turn."""
        return False

    def possible(self):
        """States that the next life may begin with."""
        return self.states[self.acknowledged :]


class KillLoop:
    OPERATOR = Operator
    LIFE = Life

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.operator = self.OPERATOR(self.chance)
        self.place = harness.Place()
        self.node = artnet.Receiver()
        self.possible = [State.fresh()]
        self.shown = State.fresh()  # newest state that the wire has shown for certain
        self.in_flight = None       # route of the automation at the moment of the last death
        self.starts = 0
        self.stillborn = 0
        self.changes = 0
        self.interrupted = 0
        self.unacknowledged = 0
        self.taken_up = 0
        self.latencies = []

    def close(self):
        self.node.close()
        self.place.close()

    def summary(self):
        return (f"{self.changes} packets of changes, {self.interrupted} deaths with some of them unanswered, "
                f"{self.unacknowledged} between a change and its answer, {self.taken_up} with automation that went on")

    def round(self, number):
        if self.chance.random() < 0.1:
            self.die_while_starting()
        life = self.start()
        try:
            if self.in_flight is None:
                self.stay_quiet(life)
                self.read_all(life)
            else:
                self.let_settle(life)
            if number % 40 == 20:
                self.settle_automation(life)
            if number % 40 == 30:
                self.die_in_flight(life)
                return
            self.operate(life)
            self.die(life)
        finally:
            life.rig.close()

    # Starting

    def spawn(self):
        return harness.Rig(self.place, self.node, "--rate", str(RATE))

    def die_while_starting(self):
        """A death before the ready line: what can be recovered is what could be recovered before."""
        command = harness.command(self.place, self.node, "--rate", str(RATE))
        with harness.subprocess.Popen(command, stdout=harness.subprocess.DEVNULL, stderr=harness.subprocess.DEVNULL) as process:
            wait_exactly(self.chance.uniform(0, 0.008))
            process.kill()
        self.stillborn += 1
        packets = self.node.drain()
        if packets and self.in_flight is None:
            Wire([state.look for state in self.possible]).judge(packets, complete=False)

    def start(self):
        rig = self.spawn()
        try:
            return self.meet(rig)
        except BaseException:
            rig.close()
            raise

    def meet(self, rig):
        ready = rig.ready
        if self.starts == 0 and self.stillborn == 0:
            check(ready["recovered"] == "defaults", f"a new show: {rig.ready_line}")
        elif self.starts > 0:
            check(ready["recovered"] == "mirror", f"not from the mirror: {rig.ready_line}; {rig.said()}")
            restarts = int(ready["restarts"])
            check(self.starts <= restarts <= self.starts + self.stillborn, f"restarts after {self.starts} starts: {rig.ready_line}")
        self.starts = int(ready["restarts"]) + 1
        self.stillborn = 0
        check(ready["refused"] == "0", f"{rig.ready_line}; {rig.said()}")
        revision = int(ready["revision"])
        found = next((state for state in self.possible if state.revision == revision), None)
        revisions = [state.revision for state in self.possible]
        check(found is not None, f"revision {revision} found; acknowledged {revisions[0]}, sent {revisions[-1]}")
        check(revision >= self.shown.revision, f"revision {revision} found; {self.shown.revision} had been on the wire")
        self.unacknowledged += revision > revisions[0]
        return self.LIFE(rig, found)

    def stay_quiet(self, life):
        """Before anything is asked for, the wire has the recovered look and nothing else."""
        packets = self.node.collect(lambda got: len(got) >= 2)
        self.latencies.append(packets[0].time - life.rig.spawned)
        if self.chance.random() < 0.5:
            packets += self.node.collect_for(QUIET_TICKS / RATE)
        Wire([life.states[0].look]).judge(packets)
        check(len(packets) == 2, f"a quiet rig sent {len(packets)} packets")
        life.packets += packets

    def read_all(self, life):
        """What does not reach the wire (the tempo, a level in a blackout, a colour at level 0) is asked for."""
        check_values(life.rig, life.states[0])

    # Working

    def operate(self, life):
        """Changes in one of four manners: a backlog, a burst, one by one, or as they come."""
        manner = self.chance.choice(("backlog", "backlog", "burst", "one by one", "stream"))
        if manner == "backlog":
            self.pile_up(life, self.chance.randint(1, 100))
        elif manner == "burst":
            life.send(self.prepare(life, self.chance.randint(1, 100)))
        elif manner == "one by one":
            for _ in range(self.chance.randint(1, 12)):
                life.send(self.prepare(life, 1))
                life.read_answers(wait=True)
            life.send(self.prepare(life, self.chance.randint(0, 1)))
        else:
            deadline = time.monotonic() + self.chance.uniform(0, 0.04)
            while time.monotonic() < deadline:
                life.send(self.prepare(life, self.chance.randint(1, 4)))
                life.read_answers()

    def pile_up(self, life, count):
        """Packets wait for a rig that stands still, so that it dies in the middle of them when it goes on."""
        prepared = self.prepare(life, count)
        life.rig.process.send_signal(signal.SIGSTOP)
        life.send(prepared)
        life.rig.process.send_signal(signal.SIGCONT)
        wait_exactly(self.chance.uniform(0, 25e-6 * count))

    def prepare(self, life, count):
        prepared, state = [], life.states[-1]
        for _ in range(count):
            prepared.append(self.operator.packet(state))
            state = prepared[-1][1]
        self.changes += count
        return prepared

    def settle_automation(self, life):
        """Automation that has settled is the operator's value from then on."""
        route = self.automate(life)
        deadline = time.monotonic() + 5
        while life.rig.get(route) != ("committed", life.states[-1].value(route)):
            check(time.monotonic() < deadline, f"{route} does not settle")
        look = life.states[-1].look
        last = [None, None]

        def arrived(packets):
            for packet in packets:
                last[packet.universe] = packet.channels[:3]
            return tuple(fixture or b"" for fixture in last) == look

        # A universe without a change in this glide is not sent, but is repeated within 0.8 s.
        life.packets = self.node.collect(arrived)
        check(life.rig.revision() == life.states[-1].revision, "settling is one revision")
        life.packets = []

    def let_settle(self, life):
        """Automation that was on its way at the last death settles in this life, unless the rig had never heard of it."""
        route, self.in_flight = self.in_flight, None
        before, after = self.possible
        life.packets = []
        if life.states[0] is before and life.rig.get(route)[0] == "transient":
            self.taken_up += 1
            deadline = time.monotonic() + 5
            while life.rig.get(route) != ("committed", after.value(route)):
                check(time.monotonic() < deadline, f"{route} does not settle after the death")
        settled = after if life.rig.revision() == after.revision else before
        check_values(life.rig, settled)
        life.states, life.acknowledged = [before, settled], 1
        look = settled.look
        last = [None, None]

        def arrived(packets):
            for packet in packets:
                last[packet.universe] = packet.channels[:3]
            return tuple(fixture or b"" for fixture in last) == look

        self.node.collect(arrived)

    def automate(self, life):
        """Sends automation; the state after it has settled is appended to the life."""
        route = self.chance.choice(AUTOMATED)
        value = self.operator.value(route)
        while value == life.states[-1].value(route):
            value = self.operator.value(route)
        life.states.append(life.states[-1].after([("set", route, value)]))
        life.rig.send("/" + route, *(value if isinstance(value, tuple) else (value,)))
        return route

    # Dying

    def die(self, life):
        # Most often at once: the rig is then in the middle of what was sent last.
        wait_exactly(self.chance.uniform(0, self.chance.choice((0, 0, 0.00005, 0.0002, 0.002))))
        life.rig.kill()
        life.read_answers()
        packets = self.node.drain()
        looks = [state.look for state in life.states]
        if life.packets:
            place = Wire(looks).judge(life.packets + packets, complete=False)
        else:  # after a glide, which the model does not describe
            place = 1 + Wire(looks[1:]).judge(packets, complete=False, before=0)
        check(not sequence_errors(life.packets + packets), f"{sequence_errors(life.packets + packets)}")
        check(self.node.lost == 0, "packets were lost in the test's own buffer")
        self.possible = life.possible()
        self.interrupted += len(self.possible) > 1
        self.shown = life.states[place]
        check(self.shown.revision <= self.possible[-1].revision, "the wire is ahead of what was sent")

    def die_in_flight(self, life):
        """Automation at the moment of death: it has been committed, or the next life goes on with it."""
        before = life.states[-1]
        self.in_flight = self.automate(life)
        time.sleep(self.chance.choice((self.chance.uniform(0, 0.1), self.chance.uniform(0.85, 1.05))))
        life.rig.kill()
        self.node.drain()
        self.possible = [before, life.states[-1]]
        self.shown = before


def check_values(rig, state):
    """Every route of the model is what the rig says, and what has no layer has no value."""
    routes = sorted({*DEFAULTS, *state.tiers})
    for route in routes:
        rig.send("/relume/get", route)
    for route in routes:
        reply = rig.reply()
        if route not in state.tiers:
            check(reply == osc.Message("/relume/reject", "ss", [route, "unknown-route"]), f"{route} is {reply}, expected none")
            continue
        values = reply.values
        found = (values[1], values[3] if len(values) == 4 else tuple(values[3:]))
        check(found == (state.tier(route), state.value(route)), f"{route} is {found}, expected {state.tier(route)} {state.value(route)}")


def wait_exactly(seconds):
    """Spins: a sleep of some microseconds would be one of some hundred."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def run(name, make_loop, default_rounds, description):
    """Runs a loop from the command line; returns it and the exit code."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=default_rounds)
    parser.add_argument("--seed", type=int, default=None, help="repeats the choices of a run, though not its instants")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else int.from_bytes(os.urandom(4), "big")
    loop, begin, number = make_loop(seed), time.monotonic(), 0
    try:
        for number in range(options.rounds):
            loop.round(number)
    except (AssertionError, OSError, RuntimeError) as error:
        print(f"{name}: FAILED in round {number} of {options.rounds}, seed {seed}: {type(error).__name__}: {error}")
        return loop, 1
    finally:
        loop.close()
    print(f"{name}: {options.rounds} rounds, seed {seed}, {loop.summary()}, {time.monotonic() - begin:.1f} s")
    return loop, 0


def main():
    loop, code = run("kill loop", KillLoop, 300, __doc__)
    if code == 0:
        print(f"kill loop: start to first right packet p50 {1e3 * percentile(loop.latencies, 0.5):.2f} ms, "
              f"p99 {1e3 * percentile(loop.latencies, 0.99):.2f} ms")
    return code


if __name__ == "__main__":
    sys.exit(main())
