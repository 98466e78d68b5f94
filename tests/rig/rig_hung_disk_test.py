# SPDX-License-Identifier: Apache-2.0
"""A disk that hangs (hang_disk.c): the output, the operator and the end of the rig do not wait for it."""

import os
import subprocess
import time
import unittest

import harness
from artnet import sequence_errors
from harness import RigTest

BUILT = os.path.join(os.path.dirname(harness.BUILT), "../lib/librelume_hang_disk.so")
HANG = os.environ.get("RELUME_HANG_DISK", BUILT)


class HungDisk(RigTest):
    def setUp(self):
        super().setUp()
        self.flags = {name: os.path.join(self.place.root, name) for name in ("RELUME_HANG_SYNC", "RELUME_HANG_OPEN")}

    def start(self, *arguments, **options):
        return super().start(*arguments, environment={"LD_PRELOAD": HANG, **self.flags}, **options)

    def hang(self, *names):
        for name in names:
            with open(self.flags[name], "w", encoding="utf-8"):
                pass

    def release(self):
        for flag in self.flags.values():
            if os.path.exists(flag):
                os.unlink(flag)

    def hang_while_saving(self, rig):
        self.hang("RELUME_HANG_SYNC")
        rig.send("/relume/save")

    def test_operator_and_output_do_not_wait_for_it(self):
        rig = self.start("--rate", "100")
        self.first_look()
        self.hang_while_saving(rig)
        slowest, packets = 0.0, []
        for step in range(300):
            begin = time.monotonic()
            self.assert_ack(rig.ask("/relume/persist", "wash/level", step * 37 % 256 / 255), step + 1, "wash/level")
            slowest = max(slowest, time.monotonic() - begin)
            packets += self.node.collect_for(0.005)
        self.assertLess(slowest, 0.1)
        times = [packet.time for packet in packets if packet.universe == 0]
        self.assertLess(max(b - a for a, b in zip(times, times[1:])), 0.15)
        self.assertEqual(sequence_errors(packets), [])
        self.assertEqual(rig.status()["document_saved"], 0)
        self.release()
        # The save was asked for before the changes; its answer is the one that was still to come.
        self.assert_reply(rig.reply(), "/relume/saved", "h", 0)
        self.wait_until(lambda: rig.status()["document_saved"] == 300)

    def test_an_end_in_time_with_4_and_nothing_lost_that_the_mirror_has(self):
        for rate in ("44", "2"):
            with self.subTest(rate=rate):
                rig = self.start("--rate", rate)
                self.hang_while_saving(rig)
                revision = rig.revision()
                self.assert_ack(rig.ask("/relume/persist", "wash/level", 0.25 if revision == 0 else 0.5), revision + 1, "wash/level")
                code, seconds = rig.stop()
                self.assertEqual(code, 4, rig.error_text())
                self.assertLess(seconds, 2.0)
                self.assertRegex(rig.error_text().splitlines()[-1], "^relume-lights: error: .+, .+: .+")
                self.release()
                rig = self.start()
                self.assertEqual((rig.ready["recovered"], rig.ready["revision"], rig.ready["refused"]), ("mirror", str(revision + 1), "0"))
                self.assertEqual(rig.stop()[0], 0)

    def test_a_disk_that_hangs_is_told_and_told_again_when_it_is_over(self):
        rig = self.start()
        self.hang_while_saving(rig)
        self.wait_until(lambda: "does not answer" in rig.error_text(), 8)
        self.release()
        self.wait_until(lambda: "answers again" in rig.error_text())

    def test_a_choice_that_hangs_holds_up_neither_the_operator_nor_the_end(self):
        rig = self.start()
        rig.ask("/relume/persist", "wash/level", 0.40625)
        rig.ask("/relume/save")
        rig = self.restart(rig, meanwhile=lambda: self.folder.edit_value("wash/level", 0.75))
        self.hang("RELUME_HANG_OPEN", "RELUME_HANG_SYNC")
        rig.send("/relume/accept", "file")
        self.assert_ack(rig.ask("/relume/set", "tubes/level", 0.5), 2, "tubes/level")
        self.assert_reject(rig.ask("/relume/accept", "keep"), "keep", "state")
        code, seconds = rig.stop()
        self.assertEqual(code, 4, rig.error_text())
        self.assertLess(seconds, 2.0)
        self.assertIn("while a choice about the document was under way", rig.error_text())
        self.release()
        rig = self.start()
        self.assertEqual((rig.ready["recovered"], rig.get("tubes/level")), ("mirror", ("committed", 0.5)))

    def test_the_recovered_look_does_not_wait_for_it(self):
        rig = self.start()
        rig.ask("/relume/set", "wash/level", 0.5)
        rig.kill()
        self.node.drain()
        self.hang("RELUME_HANG_OPEN", "RELUME_HANG_SYNC")
        rig = self.start()
        packets = self.node.drain()
        self.assertEqual([(p.universe, p.sequence) for p in packets[:2]], [(0, 1), (1, 1)])
        self.assertEqual(packets[0].channels[:24], bytes([128] * 24))
        self.assertLess(packets[0].time - rig.spawned, 0.5)
        self.assertEqual(rig.ready["recovered"], "mirror")
        self.assertIn("have not been looked at", rig.said())
        self.assert_ack(rig.ask("/relume/set", "wash/level", 0.25), 2, "wash/level")
        self.wait_for_channels(0, 1, [64] * 24)
        # Two keep-alives at least were due while it waited for the disk.
        times = [p.time for p in packets if p.universe == 1]
        self.assertGreaterEqual(len(times), 3)
        self.assertLess(max(b - a for a, b in zip(times, times[1:])), 0.85)
        self.release()
        self.wait_until(lambda: rig.status()["checkpointed"] == 2)

    def test_a_signal_is_heard_while_the_start_waits_for_it(self):
        rig = self.start()
        rig.kill()
        self.node.drain()
        self.hang("RELUME_HANG_OPEN")
        process = self.spawn()
        self.node.collect(lambda got: len(got) >= 2)
        begin = time.monotonic()
        process.terminate()
        process.wait(5)
        self.assertLess(time.monotonic() - begin, 2.0)

    def spawn(self):
        process = subprocess.Popen(harness.command(self.place, self.node), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env={**os.environ, "LD_PRELOAD": HANG, **self.flags})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process


if __name__ == "__main__":
    unittest.main()
