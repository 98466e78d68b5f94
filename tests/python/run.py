#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests the Python binding as its users get it: installs the library, builds the wheel, installs that, runs the tests.

Everything is made in <build>/python; the virtual environment there stays for as long as requirements and interpreter do. Ends
with 77 when the machine cannot do it, and says why: no venv module, no Python headers, no package index. Other arguments go to
pytest.
"""

import argparse
import hashlib
import importlib.util
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig

SKIPPED = 77
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BINDING = ROOT / "bindings" / "python"
REQUIREMENTS = BINDING / "requirements-dev.txt"

# Whatever could lead a compiler or an interpreter to another Relume.
LEADS = re.compile("(PKG_CONFIG|LD|RELUME|PYTHON)_?.*|(C|CPP|CXX|LD)FLAGS|(C|CPLUS_INCLUDE|LIBRARY)_?PATH")
# pip has no exit status for this.
NO_INDEX = re.compile("connection ?(broken|error)|name resolution|timed out|network is unreachable", re.IGNORECASE)


class CannotTest(Exception):
    """Why the machine cannot do it."""


def run(*command: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if not LEADS.fullmatch(name)}
    return subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={**clean, **environment},
    )


def must(*command: object, **environment: str) -> None:
    done = run(*command, **environment)
    if done.returncode != 0:
        raise SystemExit(f"{done.stdout}\nrun.py: error: {' '.join(map(str, command))} ended with {done.returncode}")


def check_interpreter() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036  # the system's own may be older than what the binding is made for
        raise CannotTest(f"the binding needs Python 3.11, and this is {sys.version.split()[0]}")
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise CannotTest(f"this Python has no module {module}: install python3-venv")
    if not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists():
        raise CannotTest("this Python has no headers: install python3-dev")


def environment(place: pathlib.Path) -> pathlib.Path:
    """The interpreter of a virtual environment that has the requirements; made where it is not there yet."""
    key = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode() + sys.executable.encode()).hexdigest()[:16]
    folder = place / f"venv-{key}"
    python, complete = folder / "bin" / "python", folder / "complete"
    if complete.exists():
        return python
    for old in place.glob("venv-*"):
        shutil.rmtree(old)
    must(sys.executable, "-m", "venv", folder)
    installed = run(python, "-m", "pip", "install", "--retries", "1", "--requirement", REQUIREMENTS)
    if installed.returncode != 0:
        if NO_INDEX.search(installed.stdout):
            raise CannotTest(f"pip cannot reach a package index. It said: {installed.stdout.strip().splitlines()[-1]}")
        raise SystemExit(f"{installed.stdout}\nrun.py: error: pip could not install {REQUIREMENTS}")
    complete.touch()
    return python


def build_wheel(place: pathlib.Path, python: pathlib.Path, libraries: pathlib.Path) -> pathlib.Path:
    source, wheels = place / "source", place / "wheels"
    for folder in (source, wheels):
        shutil.rmtree(folder, ignore_errors=True)
    # A copy: setuptools builds beside what it finds.
    shutil.copytree(BINDING, source, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    must(
        python,
        "-m",
        "pip",
        "wheel",
        "--no-build-isolation",
        "--no-deps",
        "--no-index",
        "--wheel-dir",
        wheels,
        source,
        PKG_CONFIG_PATH=str(libraries / "pkgconfig"),
    )
    (wheel,) = wheels.iterdir()
    if not re.fullmatch(r"relume-[\d.]+-cp311-abi3-linux_\w+\.whl", wheel.name):
        raise SystemExit(f"run.py: error: {wheel.name} is not a wheel for every Python from 3.11 on")
    return wheel


def bench_program(program: pathlib.Path, python: pathlib.Path) -> pathlib.Path:
    """The benchmark as a program like the others."""
    words = shlex.join([str(python), str(ROOT / "bench" / "python_bench.py")])
    program.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return program


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="build folder of a release build")
    parser.add_argument("--cmake", default="cmake")
    parser.add_argument("--bench", action="store_true", help="make <build>/bin/python_bench, and run no tests")
    options, arguments = parser.parse_known_args()
    place = options.build.resolve() / "python"
    place.mkdir(parents=True, exist_ok=True)
    try:
        check_interpreter()
        python = environment(place)
    except CannotTest as why:
        print(f"skipped: {why}")
        return SKIPPED
    prefix = place / "prefix"
    shutil.rmtree(prefix, ignore_errors=True)
    must(options.cmake, "--install", options.build, "--prefix", prefix)
    libraries = next(prefix.rglob("relume.pc")).parent.parent
    wheel = build_wheel(place, python, libraries)
    must(python, "-m", "pip", "install", "--no-deps", "--no-index", "--force-reinstall", wheel)
    if options.bench:
        print(bench_program(options.build.resolve() / "bin" / "python_bench", python))
        return 0
    os.chdir(place)  # what the tests leave behind belongs there; the installed library is out of reach, the wheel has what it needs
    # Freed memory is overwritten: who still looks at it sees nonsense instead of what was there.
    memory = {"PYTHONMALLOC": "malloc", "MALLOC_PERTURB_": "165"}
    pytest = [python, "-X", "dev", "-m", "pytest", "-p", "no:cacheprovider", HERE, *arguments]
    tests = run(*pytest, PYTHONDONTWRITEBYTECODE="1", **memory)
    print(tests.stdout)
    return tests.returncode


if __name__ == "__main__":
    sys.exit(main())
