# SPDX-License-Identifier: Apache-2.0
"""What pyproject.toml cannot say: the extension, its limited API, and the version, which is the library's."""

import pathlib
import sys

from setuptools import setup

sys.path.insert(0, str(pathlib.Path(__file__).parent))  # a PEP 517 frontend does not
import native_build

setup(
    version=native_build.library().version,
    cffi_modules=["native_build.py:builder"],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
