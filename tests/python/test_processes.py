# SPDX-License-Identifier: Apache-2.0
"""Deaths, forks, and the quickstart."""

import doctest
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest
import relume
from conftest import LONG, Place

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
QUICKSTART = pathlib.Path(os.environ.get("RELUME_QUICKSTART", ROOT / "examples/quickstart/quickstart.py"))

# Sets values for ever and writes each revision down once it is acknowledged.
ACKNOWLEDGES = """
import os, pathlib, sys
sys.path.insert(0, sys.argv[1])
import conftest
show = conftest.Place(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])).open()
for number in range(1, 2**31):
    with show.change() as change:
        change.set("wash/count", number)
        change.set("spot/count", number)
        change.set("wash/name", str(number))
    os.write(1, b"%d\\n" % number)
"""


@pytest.mark.parametrize("seed", range(8))
def test_a_killed_process_loses_nothing_that_was_acknowledged(place: Place, seed: int) -> None:
    child = subprocess.Popen([sys.executable, "-c", ACKNOWLEDGES, HERE, place.folder.parent, place.runtime], stdout=subprocess.PIPE)
    assert child.stdout is not None
    first = child.stdout.readline()
    threading.Timer(random.Random(seed).uniform(0, 0.2), child.kill).start()  # at any instruction
    acknowledged = int((first + child.stdout.read()).split()[-1])
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    with place.open() as show:
        report = show.recovery()
        assert (report.rung, report.clean_close) == (relume.Rung.MIRROR, False)
        number = show.get("wash/count")
        assert number in (acknowledged, acknowledged + 1)  # the next one may have been on its way
        assert (show.get("spot/count"), show.get("wash/name")) == (number, str(number))


def in_child(work: Callable[[], None]) -> int:
    """The exit status of a fork that does this work: 0 when it ends well."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    end = time.monotonic() + 60
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)


def test_in_a_forked_child_every_call_raises_forked_and_the_parent_goes_on(place: Place) -> None:
    show = place.open()
    param, reader, source, events = show.param("wash/level"), show.reader(), show.source(), show.events()
    show.set(param, 0.5)
    show.compose(1)
    frame = reader.acquire()
    assert reader._lock.acquire(blocking=False)  # as if another thread were inside a call at the fork

    def work() -> None:
        for call in (
            lambda: show.set(param, 1), show.health, lambda: show.compose(2), reader.acquire, events.poll,
            lambda: source.write(param, 1, 1), show.reader, lambda: param.label(0),
        ):  # fmt: skip
            with pytest.raises(relume.Forked, match="parent"):
                call()
        assert frame.at(param) == 0.5  # a picture of the moment
        for role in (reader, source, events, show):
            role.close()  # nothing, and so not a clean close of the parent's show
        with pytest.raises(relume.Owned):
            place.open()

    assert in_child(work) == 0
    reader._lock.release()
    assert not show.closed
    assert show.set(param, 0.75).changed
    show.compose(2)
    assert reader.acquire().at(param) == 0.75
    show.flush(LONG)
    show.close()
    with place.open() as again:
        assert again.get("wash/level") == 0.75


def test_a_child_may_open_a_show_of_its_own(place: Place, tmp_path: pathlib.Path) -> None:
    other = Place(tmp_path / "other", place.runtime)
    other.folder.parent.mkdir()
    with place.open():

        def work() -> None:
            with other.open() as show:
                show.set("wash/level", 0.25)

        assert in_child(work) == 0
    with other.open() as show:
        assert show.get("wash/level") == 0.25


def quickstart(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, QUICKSTART, *map(str, arguments)], capture_output=True, text=True, check=False)


def test_the_quickstart_tells_its_story(place: Place) -> None:
    try:
        assert quickstart(place.folder).stdout == "wash/level is 0.00 at revision 0\n"
        death = quickstart(place.folder, "die")
        assert (death.returncode, death.stdout) == (-signal.SIGKILL, "set wash/level to 0.75, revision 1\n")
        assert quickstart(place.folder).stdout == "wash/level is 0.75 at revision 1\n"
    finally:
        with relume.Show(relume.Schema(), place.folder) as show:
            mirror = show.info().mirror_path  # in /dev/shm, where a quickstart keeps it
        os.remove(mirror)
    assert len(QUICKSTART.read_text().splitlines()) <= 40


def test_the_quickstart_explains_wrong_use() -> None:
    usage, nowhere = quickstart(), quickstart("/nowhere/at/all")
    assert (usage.returncode, usage.stderr[:7]) == (2, "usage: ")
    assert nowhere.returncode == 1
    assert "/nowhere/at/all: make folder: ENOENT" in nowhere.stderr


def test_the_examples_of_the_readme_are_true(place: Place) -> None:
    names = {"FOLDER": str(place.folder), "RUNTIME": str(place.runtime)}
    readme = ROOT / "bindings/python/README.md"
    tried = doctest.testfile(str(readme), module_relative=False, globs=names, optionflags=doctest.ELLIPSIS)
    assert (tried.failed, tried.attempted > 20) == (0, True)
