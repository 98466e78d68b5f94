# SPDX-License-Identifier: Apache-2.0
"""The emulated card as a file and in a process. It exports its factories and its control entry, and nothing else: clients load it so
that its symbols are seen by all. Whoever looks into the file sees that it is an emulation."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from check_exports import compare, exported_names  # noqa: E402

LIBRARY = os.path.join(os.environ["RELUME_VIRTUAL_CARD"], "libDeckLinkAPI.so")
EXPORTS = {"CreateDeckLinkIteratorInstance_0004", "CreateDeckLinkDiscoveryInstance_0003",
           "CreateDeckLinkAPIInformationInstance_0001", "VirtualCardControl_0001"}


class Exports(unittest.TestCase):
    def test_nothing_but_factories_and_control(self):
        output = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], check=True, capture_output=True, text=True).stdout
        self.assertEqual(compare(exported_names(output), EXPORTS), [])

    def test_marked_as_emulated(self):
        with open(LIBRARY, "rb") as file:
            content = file.read()
        self.assertIn(b"Emulated Playout Card", content)
        self.assertNotIn(b"Blackmagic", content)


# Finds a card, forks, and ends in peace on both sides.
FORKING = """
import ctypes, os, sys
library = ctypes.CDLL(sys.argv[1])
library.CreateDeckLinkIteratorInstance_0004.restype = ctypes.c_void_p
assert library.CreateDeckLinkIteratorInstance_0004()
child = os.fork()
if child:
    assert os.waitpid(child, 0)[1] == 0
"""


class Process(unittest.TestCase):
    def test_a_forked_child_ends_and_leaves_the_log_to_its_parent(self):
        with tempfile.TemporaryDirectory() as folder:
            log = os.path.join(folder, "log")
            subprocess.run([sys.executable, "-c", FORKING, LIBRARY], env={**os.environ, "VCARD_LOG": log}, timeout=15, check=True)
            with open(log, encoding="ascii") as file:
                self.assertEqual([json.loads(line)["event"] for line in file], ["summary"])

    def test_a_log_that_cannot_be_written_is_named(self):
        said = subprocess.run([sys.executable, "-c", FORKING, LIBRARY], env={**os.environ, "VCARD_LOG": "/nowhere/log"},
                              timeout=15, check=True, capture_output=True, text=True).stderr
        self.assertIn("virtual card: cannot write the log /nowhere/log (No such file or directory)", said)


if __name__ == "__main__":
    unittest.main()
