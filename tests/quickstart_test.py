# SPDX-License-Identifier: Apache-2.0
"""The quickstarts tell their story: set, die by SIGKILL, come back with the same value; each is at most 60 lines long."""

import glob
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest

SOURCES, PROGRAMS = sys.argv[1], sys.argv[2:]


class Quickstart(unittest.TestCase):
    def test_dies_and_comes_back(self):
        for program in PROGRAMS:
            with self.subTest(program=os.path.basename(program)), tempfile.TemporaryDirectory() as place:
                before = set(glob.glob("/dev/shm/relume-*"))
                try:
                    self.tell(program, os.path.join(place, "quickstart.show"))
                finally:
                    for mirror in set(glob.glob("/dev/shm/relume-*")) - before:
                        if os.path.isfile(mirror):
                            os.remove(mirror)

    def tell(self, program, show):
        fresh = subprocess.run([program, show], capture_output=True, text=True, check=True).stdout
        self.assertRegex(fresh, r"wash/level is 0(\.00)? at revision 0\n")
        death = subprocess.run([program, show, "die"], capture_output=True, text=True, check=False)
        self.assertEqual(death.returncode, -signal.SIGKILL)
        self.assertEqual(death.stdout, "set wash/level to 0.75, revision 1\n")
        self.assertEqual(subprocess.run([program, show], capture_output=True, text=True, check=True).stdout,
                         "wash/level is 0.75 at revision 1\n")

    def test_is_short(self):
        for source in glob.glob(os.path.join(SOURCES, "quickstart.c*")):
            with open(source, encoding="utf-8") as file:
                self.assertLessEqual(len(file.readlines()), 60, source)

    def test_wrong_use_is_explained(self):
        for program in PROGRAMS:
            usage = subprocess.run([program], capture_output=True, text=True, check=False)
            self.assertEqual((usage.returncode, bool(re.match("usage: ", usage.stderr))), (2, True))
            nowhere = subprocess.run([program, "/nowhere/at/all"], capture_output=True, text=True, check=False)
            self.assertEqual(nowhere.returncode, 1)
            self.assertIn("/nowhere/at/all: make folder: ENOENT", nowhere.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
