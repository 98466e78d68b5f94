# SPDX-License-Identifier: Apache-2.0
"""Builds relume._native, the C API as it stands in the installed headers: nothing of it is written down a second time.

The library is found by pkg-config (PKG_CONFIG_PATH, if it is not in a standard place). Where there is a static archive it is
linked into the extension, so that the wheel needs no librelume.so; CC chooses the compiler.
"""

import dataclasses
import functools
import os
import pathlib
import re
import shlex
import subprocess
import tempfile

import cffi

LIMITED_API = "0x030B0000"  # CPython 3.11: one wheel for it and all later ones

# An object-like macro whose whole body is an integer.
NUMBER = re.compile(r"^#define (RELUME_[A-Z0-9_]+) (?:\d+|0x[0-9a-f]+)U?$", re.MULTILINE)


class BuildError(Exception):
    """Why the extension cannot be built, and what to do."""


@dataclasses.dataclass(frozen=True)
class Library:
    """An installed library, as pkg-config knows it."""

    version: str
    include: str
    archive: str | None
    link: tuple[str, ...]


def pkg_config(*arguments: str) -> str:
    try:
        run = subprocess.run(["pkg-config", "--print-errors", *arguments, "relume"], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise BuildError("pkg-config is missing: install it") from None
    except subprocess.CalledProcessError as error:
        raise BuildError(
            f"pkg-config does not find relume; install the library and name the folder of relume.pc in PKG_CONFIG_PATH. "
            f"It said: {error.stderr.strip()}"
        ) from None
    return run.stdout.strip()


@functools.cache
def library() -> Library:
    folder = pathlib.Path(pkg_config("--variable=libdir")).resolve()
    archive = folder / "librelume.a"
    if not archive.exists():
        return Library(
            pkg_config("--modversion"), include_folder(), None, (*shlex.split(pkg_config("--libs")), f"-Wl,-rpath,{folder}")
        )
    link = [word for word in shlex.split(pkg_config("--static", "--libs")) if word != "-lrelume"]
    return Library(pkg_config("--modversion"), include_folder(), str(archive), tuple(link))


def include_folder() -> str:
    folder = pathlib.Path(pkg_config("--variable=includedir"))
    if not (folder / "relume" / "relume.h").exists():
        raise BuildError(f"relume.pc names {folder}, and there is no relume/relume.h: install the headers")
    return str(folder)


def preprocess(include: str, *options: str) -> str:
    """The public headers through the C preprocessor, on their own: no system headers and no compiler's macros, which leaves
    the attributes out. cffi knows what stddef.h and stdint.h would say."""
    with tempfile.TemporaryDirectory() as empty:
        for name in ("stddef.h", "stdint.h"):
            pathlib.Path(empty, name).touch()
        compiler = shlex.split(os.environ.get("CC", "cc"))
        command = [*compiler, "-E", "-P", "-undef", "-nostdinc", *options, "-I", include, "-I", empty, "-x", "c", "-"]
        run = subprocess.run(command, input="#include <relume/relume.h>\n", capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise BuildError(f"{compiler[0]} cannot preprocess the headers in {include}. It said: {run.stderr.strip()}")
    return run.stdout


def declarations(include: str) -> str:
    constants = sorted(set(NUMBER.findall(preprocess(include, "-dD"))))
    if not constants:
        raise BuildError(f"the headers in {include} define no constants: they are not what this script can read")
    return preprocess(include) + "".join(f"#define {name} ...\n" for name in constants)


def builder() -> cffi.FFI:
    found = library()
    ffi = cffi.FFI()
    ffi.cdef(declarations(found.include))
    ffi.set_source(
        "relume._native",
        "#include <relume/relume.h>\n",
        include_dirs=[found.include],
        define_macros=[("Py_LIMITED_API", LIMITED_API)],
        py_limited_api=True,
        extra_objects=[found.archive] if found.archive else [],
        # Never unloaded, since a thread of the library may be left behind in it; and what it brings is nobody else's.
        extra_link_args=[*found.link, "-Wl,-z,nodelete", "-Wl,--exclude-libs,ALL"],
    )
    return ffi
