# SPDX-License-Identifier: Apache-2.0
"""A show of every type of parameter, in a folder and a runtime directory of its own."""

import os
import pathlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import relume
from relume import ParamDef, Type

SECOND = 1_000_000_000
LONG = 60 * SECOND

TYPES = [
    ParamDef("level", Type.FLOAT, max=1.0),
    ParamDef("free", Type.FLOAT),
    ParamDef("clamped", Type.FLOAT, max=1.0, clamp=True),
    ParamDef("slow", Type.FLOAT, max=1.0, smoothing_ns=100 * SECOND),
    ParamDef("on", Type.BOOL),
    ParamDef("count", Type.INT),
    ParamDef("few", Type.INT, min=-3, max=3),
    ParamDef("pan-tilt", Type.VEC2),
    ParamDef("position", Type.VEC3),
    ParamDef("quad", Type.VEC4),
    ParamDef("color", Type.COLOR, max=1.0, default=(1.0, 0.5, 0.25, 1.0)),
    ParamDef("mode", Type.ENUM, labels=["open", "gobo", "prism"], default="gobo"),
    ParamDef("start", Type.TIME),
    ParamDef("name", Type.TEXT, default="nobody"),
    ParamDef("go", Type.TRIGGER),
]


def make_schema() -> relume.Schema:
    schema = relume.Schema()
    schema.type("fixture", TYPES).type("dimmer", [ParamDef("level", Type.FLOAT, max=1.0)])
    return schema.layer("wash", "fixture").layer("spot", "fixture").record("patch", {"universe": 1})


class Place:
    """Where a show lives; it can be opened there again and again."""

    def __init__(self, root: pathlib.Path, runtime: pathlib.Path) -> None:
        self.folder = root / "test.show"
        self.runtime = runtime

    def open(self, schema: relume.Schema | None = None, **options: Any) -> relume.Show:
        return relume.Show(schema or make_schema(), self.folder, runtime_dir=self.runtime, **options)


@pytest.fixture
def place(tmp_path: pathlib.Path) -> Iterator[Place]:
    runtime = tempfile.mkdtemp(prefix="relume-test-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    yield Place(tmp_path, pathlib.Path(runtime))
    shutil.rmtree(runtime)


@pytest.fixture
def show(place: Place) -> Iterator[relume.Show]:
    with place.open() as opened:
        yield opened


@pytest.fixture
def light() -> Iterator[relume.Show]:
    """A show without a folder: nothing of it is written."""
    with relume.Show(make_schema()) as opened:
        yield opened


class Worker(threading.Thread):
    """A thread whose result, or error, is its caller's."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._result: Any = None
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._result = self._work()
        except BaseException as error:  # it is raised in result()
            self._error = error

    def result(self, timeout: float = 60.0) -> Any:
        self.join(timeout)
        assert not self.is_alive(), "the thread has not ended"
        if self._error is not None:
            raise self._error
        return self._result
