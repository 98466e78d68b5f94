# SPDX-License-Identifier: Apache-2.0
"""Roles and threads: a role that is held twice raises, what may overlap does."""

import sys
import time
from collections.abc import Callable, Iterator

import pytest
import relume
from conftest import LONG, Worker, make_schema
from relume import ParamDef, Type

DEADLINE = 60.0  # seconds; what is looked for happens within milliseconds


@pytest.fixture
def eager() -> Iterator[None]:
    """Threads take turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def overlap(call: Callable[[], object]) -> tuple[int, int]:
    """Two threads call until one of them has found the role held; how often it went well, and how often not."""
    stop: list[bool] = []
    end = time.monotonic() + DEADLINE

    def insist() -> tuple[int, int]:
        good = held = 0
        while not stop and time.monotonic() < end:
            try:
                call()
                good += 1
            except relume.RoleHeld as error:
                assert error.reason == "state"
                held += 1
                stop.append(True)
        return good, held

    first, second = [thread.result(2 * DEADLINE) for thread in (Worker(insist), Worker(insist))]
    return first[0] + second[0], first[1] + second[1]


def test_a_reader_is_one_threads_at_a_time(light: relume.Show, eager: None) -> None:
    with light.reader() as reader:
        good, held = overlap(reader.acquire)
        assert good > 0
        assert held > 0
        reader.acquire()  # and nothing is left of it


def test_a_source_is_one_threads_at_a_time(light: relume.Show, eager: None) -> None:
    level = light.param("wash/level")
    with light.source() as source:
        for call in (
            lambda: source.write(level, 0.5, 1),
            lambda: source.write_many({level: 0.5}, 1),
            lambda: source.release(level, 1),
            lambda: source.info,
        ):
            _, held = overlap(call)
            assert held > 0
        source.write(level, 0.5, 1)


def test_a_stream_is_one_threads_at_a_time(eager: None) -> None:
    schema = relume.Schema().type("universe", [ParamDef(f"c{n}", Type.FLOAT) for n in range(512)]).layer("u", "universe")
    with relume.Show(schema) as show, show.stream("u/c0", 512) as stream:
        _, held = overlap(lambda: stream.write(1))
        assert held > 0
        stream.write(1)


def test_a_subscription_is_one_threads_at_a_time(light: relume.Show, eager: None) -> None:
    with light.events() as events:
        _, held = overlap(events.poll)
        assert held > 0
        assert events.poll() == []


def test_the_frame_role_is_one_threads_at_a_time() -> None:
    """The library itself finds the second thread; a show that composes for a while makes sure that there is one."""
    channels = [ParamDef(f"c{n}", Type.FLOAT, max=1.0, smoothing_ns=LONG) for n in range(4096)]
    schema = relume.Schema().type("universe", channels)
    for n in range(64):
        schema.layer(f"u{n}", "universe")
    slots = 64 * 4096
    with relume.Show(schema, max_slots=slots, max_sources=64) as show:
        now = 1
        for n in range(64):
            stream = show.stream(f"u{n}/c0", 4096)
            stream.values[:] = 1
            stream.write(now)
            show._keep = [*getattr(show, "_keep", []), stream]  # type: ignore[attr-defined]  # held until the end

        def compose() -> None:
            nonlocal now
            now += 1_000_000
            show.compose(now)

        good, held = overlap(compose)
        assert good > 0
        assert held > 0
        compose()


def test_readers_sources_and_mutations_overlap(eager: None) -> None:
    """Each thread its own role: nobody is refused, and nobody sees a torn frame."""
    with relume.Show(make_schema(), max_retained=32) as show:
        routes = [show.param("wash/level"), show.param("spot/level")]
        position = show.param("wash/position")
        rounds = 400
        done: list[bool] = []

        def mutate() -> None:
            for step in range(rounds):
                show.set_many(dict.fromkeys(routes, step / rounds))

        def automate() -> None:
            with show.source(commit_policy=relume.CommitPolicy.RENDER_ONLY) as source:
                for step in range(rounds):
                    source.write(position, (step, step, step), step)

        def compose() -> int:
            now = 0
            while not done or not now:
                now += 1_000_000
                show.compose(now)
            return now

        def read() -> int:
            seen = 0
            with show.reader() as reader:
                while not done or not seen:
                    frame = reader.acquire()
                    assert frame.at(routes[0]) == frame.at(routes[1])
                    lanes = frame.at(position)
                    assert lanes[0] == lanes[1] == lanes[2]  # type: ignore[index]
                    seen += 1
            return seen

        workers = [Worker(mutate), Worker(automate)]
        lookers = [Worker(compose), Worker(read), Worker(read)]
        for worker in workers:
            worker.result()
        done.append(True)
        assert all(looker.result() != 0 for looker in lookers)
        assert show.get(routes[0]) == pytest.approx(1 - 1 / rounds)


def test_other_threads_run_while_one_waits(show: relume.Show) -> None:
    """A blocking call gives the interpreter to the others."""
    waiting = Worker(lambda: show.wait(show.status().accepted, relume.Level.DOCUMENTED, LONG))
    waiting.result()
    ticket = show.save()
    waiting = Worker(lambda: show.save_wait(ticket, LONG))
    show.set("wash/level", 0.5)
    assert waiting.result().state == relume.SaveState.COMMITTED


def test_a_closed_role_can_be_opened_again(light: relume.Show) -> None:
    for _ in range(100):
        with light.reader() as reader, light.source() as source, light.events() as events:
            reader.acquire()
            source.write(light.param("wash/level"), 0.5, 1)
            events.poll()
        light.compose(1)  # the place of a closed source is free with the next frame
    for role in (reader, source, events):
        assert role.closed
        role.close()
    for call in (reader.acquire, lambda: source.write(light.param("wash/level"), 1, 1), events.poll):
        with pytest.raises(relume.Closed):
            call()
