# SPDX-License-Identifier: Apache-2.0
"""A reader of sixty lines reads what the library writes, and refuses what does not prove itself."""

import os
import re
import subprocess
import sys
import tempfile
import unittest

READER, EMITTER = sys.argv[1:]


class ShowReader(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.document = subprocess.run([EMITTER], capture_output=True, check=True).stdout

    def run_reader(self, data):
        with tempfile.TemporaryDirectory() as place:
            path = os.path.join(place, "show.json")
            with open(path, "wb") as file:
                file.write(data)
            return subprocess.run([sys.executable, READER, path], capture_output=True, text=True, encoding="utf-8",
                                  env={**os.environ, "PYTHONIOENCODING": "utf-8"}, check=False)

    def refuse(self, data, words):
        result = self.run_reader(data)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn(words, result.stderr)
        self.assertNotIn("Traceback", result.stderr)

    def test_prints_values_and_records(self):
        result = self.run_reader(self.document)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(result.stdout, '''revision 42 of history 0123456789abcdef
wash/level = 1
wash/at = [1, 0, 0.1]
wash/on = true
wash/pan = [1, 0]
wash/count = 1
wash/quad = [1, 0, 0.1, 0.5]
wash/title = "Grüße, \\"du\\"\\n"
wash/start = 1
wash/color = [1, 0, 0.1, 0.5]
wash/go = 1
wash/mode = "schnell \\"ü\\""
dormant/x = 3.1415927
record patch = b'\\x00\\xff\\x10'
record scene = {"x": [1, 2]}
''')

    def test_refuses_what_does_not_prove_itself(self):
        whole = self.document
        self.refuse(b"", "Expecting value")
        self.refuse(whole[:-1], f"it has {len(whole) - 1} bytes, and should have {len(whole)}")
        self.refuse(whole.replace(b"3.1415927", b"3.1415926"), "its checksum is ")
        self.refuse(re.sub(rb"\s+", b" ", whole), '"checksum": "none"')
        self.refuse(b"[1]", "no show document")
        self.refuse(whole.replace(b'"wash"', b'"w\xff\xff\xff"'), "its checksum is ")

    def test_takes_a_change_by_hand_that_says_so(self):
        by_hand = re.sub(rb'"checksum": "........"', b'"checksum": "none"', self.document)
        result = self.run_reader(by_hand.replace(b"3.1415927", b"2"))
        self.assertIn("dormant/x = 2\n", result.stdout)
        self.refuse(by_hand.replace(b'"format": 2', b'"format": 3'), "its format is 3")

    def test_is_short_and_explains_itself(self):
        with open(READER, encoding="utf-8") as file:
            self.assertLessEqual(len(file.readlines()), 60)
        usage = subprocess.run([sys.executable, READER], capture_output=True, text=True, check=False)
        self.assertEqual(usage.returncode, 1)
        self.assertIn("usage: ", usage.stderr)
        nowhere = subprocess.run([sys.executable, READER, "/nowhere"], capture_output=True, text=True, check=False)
        self.assertEqual(nowhere.returncode, 1)
        self.assertIn("No such file", nowhere.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
