# SPDX-License-Identifier: Apache-2.0
"""The extension that native_build.py makes of the C headers; include/relume is its manual."""

from typing import Any

ffi: Any
lib: Any
