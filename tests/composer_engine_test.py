# SPDX-License-Identifier: Apache-2.0
"""An engine with a state model of its own, 60 lines long, takes precedence, glides and settling from the composer alone.

composer_engine_test.py SOURCE PROGRAM"""

import math
import re
import subprocess
import sys
import unittest

SOURCE, PROGRAM = sys.argv[1], sys.argv[2]
FRAME, SMOOTHING, SETTLE = 1 / 44, 0.1, 0.5


def lfo(frame):
    return 0.5 + 0.5 * math.sin(frame * 0.1)


class Engine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.told = subprocess.run([PROGRAM], capture_output=True, text=True, check=True, timeout=20).stdout
        cls.frames = {int(frame): [float(value) for value in values.split()]
                      for frame, values in re.findall(r"^frame (\d+): ([\d. ]+)$", cls.told, re.MULTILINE)}

    def test_the_lfo_is_followed_by_a_low_pass(self):
        value = shown = 0.2
        for frame in range(133):
            if frame > 0:
                # From frame to frame towards the target of the one before; in frame 1 it begins.
                shown = value if frame == 1 else lfo(frame - 1) + (value - lfo(frame - 1)) * math.exp(-FRAME / SMOOTHING)
                value = shown
            if frame in self.frames:
                self.assertAlmostEqual(self.frames[frame][0], shown, delta=0.0011, msg=f"frame {frame}")

    def test_the_slider_glides_settles_once_and_stays(self):
        self.assertEqual([self.frames[frame][1] for frame in (0, 22)], [0.2, 0.2])
        self.assertAlmostEqual(self.frames[44][1], 0.9 - 0.7 * math.exp(-22 * FRAME / SMOOTHING), delta=0.0006)
        self.assertEqual([self.frames[frame][1] for frame in (66, 88, 110, 132)], [0.9] * 4)
        settled = re.findall(r"frame (\d+): dimmer 1 has settled at 0\.90", self.told)
        self.assertEqual(len(settled), 1)
        arrival = SMOOTHING * math.log(0.7 / 1e-4)
        self.assertEqual(int(settled[0]), 22 + math.ceil(max(SETTLE, arrival) / FRAME))
        self.assertEqual(self.told.count("settled"), 1)

    def test_the_hand_has_the_rest(self):
        self.assertEqual({values[2] for values in self.frames.values()}, {0.2})
        self.assertEqual(sorted(self.frames), [0, 22, 44, 66, 88, 110, 132])

    def test_is_short(self):
        with open(SOURCE, encoding="utf-8") as file:
            self.assertLessEqual(len(file.readlines()), 60)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
