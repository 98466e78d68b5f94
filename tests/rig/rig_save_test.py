# SPDX-License-Identifier: Apache-2.0
"""Saving: on request, by the timers, at the end, and what is said when it fails."""

import math
import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from harness import RigTest

QUIET, MAX_AGE = 0.25, 2.0
MARGIN = 0.75  # for a machine that does other things as well


class Saves(RigTest):
    def test_the_files_of_a_new_show_are_there_before_the_first_acknowledgement(self):
        self.start()
        # No waiting: what is there when the ready line has been read was there before any answer.
        self.assertEqual(self.folder.revision(), 0)
        self.assertEqual([layer for layer, _ in self.folder.stack()], ["master", "wash", "tubes"])
        for path in (self.folder.id, self.folder.checkpoint + "/state.db"):
            self.assertTrue(os.path.exists(path), path)

    def test_a_saved_revision_is_in_document_and_checkpoint(self):
        rig = self.start()
        rig.ask("/relume/persist", "wash/level", 0.40625)
        rig.ask("/relume/set", "tubes/level", 0.5)
        self.assert_reply(rig.ask("/relume/save"), "/relume/saved", "h", 2)
        self.assertEqual((self.folder.revision(), self.folder.value("wash/level"), self.folder.value("tubes/level")), (2, 0.40625, None))
        status = rig.status()
        self.assertEqual((status["checkpointed"], status["document_wanted"], status["document_saved"]), (2, 1, 2))

    def test_save_always_writes(self):
        rig = self.start()
        before = self.folder.bytes()
        self.assert_reply(rig.ask("/relume/save"), "/relume/saved", "h", 0)
        self.assertNotEqual(self.folder.bytes(), before)

    def test_every_asker_gets_an_answer_and_others_do_not_wait_for_it(self):
        rig = self.start()
        for _ in range(20):
            rig.send("/relume/save")
        rig.send("/relume/get", "wash/level")
        replies = [rig.reply().address for _ in range(21)]
        self.assertEqual(sorted(replies), ["/relume/saved"] * 20 + ["/relume/value"])
        # The question came last and needs no disk.
        self.assertNotEqual(replies[-1], "/relume/value")

    def test_the_timers_save_by_themselves_and_only_what_belongs_there(self):
        rig = self.start()
        document = self.folder.bytes()
        rig.ask("/relume/set", "wash/level", 0.5)
        self.wait_until(lambda: rig.status()["checkpointed"] == 1, QUIET + MARGIN)
        self.assertEqual((rig.status()["document_wanted"], self.folder.bytes()), (0, document), "a set is of this session")
        rig.ask("/relume/persist", "wash/level", 0.25)
        self.wait_until(lambda: rig.status()["document_saved"] == 2, QUIET + MARGIN)
        self.assertEqual((rig.status()["document_wanted"], self.folder.value("wash/level")), (2, 0.25))

    def test_automation_is_saved_when_it_has_settled_and_not_before(self):
        rig = self.start()
        rig.send("/wash/level", 0.5)
        self.wait_until(lambda: rig.get("wash/level")[0] == "transient")
        self.assertEqual(rig.status()["accepted"], 0)
        self.wait_until(lambda: rig.status()["checkpointed"] == 1)

    def test_a_steady_stream_is_saved_within_the_maximum_age(self):
        rig = self.start()
        acknowledged = {}  # time by revision
        worst, seen = 0.0, set()
        begin = time.monotonic()
        for step in range(600):
            rig.send("/relume/persist", "wash/level", step / 600)
            acknowledged[rig.reply().values[0]] = time.monotonic()
            if step % 5 == 0:
                saved = self.folder.revision()
                seen.add(saved)
                unsaved = [when for revision, when in acknowledged.items() if revision > saved]
                worst = max(worst, time.monotonic() - min(unsaved, default=math.inf))
                acknowledged = {revision: when for revision, when in acknowledged.items() if revision > saved}
            time.sleep(max(0.0, begin + (step + 1) / 100 - time.monotonic()))
        self.assertLess(worst, MAX_AGE + MARGIN)
        # Neither never nor at every change.
        self.assertGreaterEqual(len(seen), 3)
        self.assertLessEqual(len(seen), 2 + 6 / (MAX_AGE / 2))

    def test_the_end_saves_what_the_timers_had_not(self):
        rig = self.start()
        rig.ask("/relume/persist", "wash/level", 0.40625)
        rig.ask("/relume/set", "tubes/level", 0.5)
        rig = self.restart(rig, how="close", mirror=False)
        self.assertEqual((rig.ready["recovered"], rig.ready["revision"], rig.ready["refused"]), ("checkpoint", "2", "0"))
        self.assertEqual((rig.get("wash/level"), rig.get("tubes/level")), (("persisted", 0.40625), ("committed", 0.5)))
        self.assertEqual(self.folder.value("wash/level"), 0.40625)

    def test_a_close_without_changes_leaves_the_document_alone(self):
        rig = self.start()
        rig.ask("/relume/persist", "wash/level", 0.5)
        rig.ask("/relume/save")
        document = self.folder.bytes()
        rig = self.restart(rig, how="close")
        self.assertEqual(rig.stop()[0], 0)
        self.assertEqual(self.folder.bytes(), document)

    def test_the_checkpoint_can_be_read_by_sqlite_when_the_rig_is_down(self):
        if shutil.which("sqlite3") is None:
            self.skipTest("sqlite3 is not installed")
        rig = self.start()
        rig.ask("/relume/set", "wash/level", 0.5)
        self.assertEqual(rig.stop()[0], 0)
        said = subprocess.run(["sqlite3", self.folder.checkpoint + "/state.db", "pragma integrity_check; select count(*) from head;"],
                              capture_output=True, text=True, timeout=10, check=True).stdout.split()
        self.assertEqual(said[0], "ok")
        self.assertGreaterEqual(int(said[1]), 1)


class FullDisk(RigTest):
    """The show on a file system of its own, which is then filled to the last byte."""

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("mounting a small tmpfs needs root")
        self.disk = tempfile.mkdtemp(prefix="relume-test-")
        self.addCleanup(os.rmdir, self.disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", self.disk], capture_output=True, text=True, timeout=10,
                                 check=False)
        if mounted.returncode:
            self.skipTest(f"no tmpfs can be mounted: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], timeout=10, check=True)
        self.place.show = os.path.join(self.disk, "demo.show")
        self.filling = os.path.join(self.disk, "filling")

    def fill(self):
        with open(self.filling, "wb", buffering=0) as file:
            for size in (65536, 4096, 1):
                try:
                    while file.write(bytes(size)):
                        pass
                except OSError:
                    pass

    def test_a_failed_save_is_told_with_step_and_errno_and_healed_when_there_is_room(self):
        rig = self.start()
        rig.ask("/relume/persist", "wash/level", 0.5)
        self.assertEqual(rig.ask("/relume/save").address, "/relume/saved")
        document = self.folder.bytes()
        self.fill()
        rig.ask("/relume/persist", "wash/level", 0.25)
        reply = rig.ask("/relume/save")
        self.assertEqual((reply.address, reply.values[0]), ("/relume/reject", "save"))
        self.assertRegex(reply.values[1], r"^io:[a-z ]+:ENOSPC$")
        self.assertEqual(self.folder.bytes(), document, "the good document stands")
        self.assertEqual(rig.get("wash/level"), ("persisted", 0.25))
        status = rig.status()
        self.assertEqual((status["document_wanted"], status["document_saved"]), (2, 1))
        line = self.wait_until(lambda: re.search("relume-lights: warning: the document cannot be saved .*", rig.error_text()))[0]
        self.assertIn("show.json", line)
        os.unlink(self.filling)
        self.wait_until(lambda: rig.status()["document_saved"] == 2, 30)
        self.assertEqual(self.folder.value("wash/level"), 0.25)
        self.wait_until(lambda: "the document is saved again" in rig.error_text())
        self.assertEqual(rig.stop()[0], 0)

    def test_an_end_with_something_unsaved_is_4_and_says_what(self):
        rig = self.start()
        self.fill()
        rig.ask("/relume/persist", "wash/level", 0.25)
        code, seconds = rig.stop()
        self.assertEqual(code, 4, rig.error_text())
        self.assertLess(seconds, 2.0)
        line = rig.error_text().splitlines()[-1]
        self.assertRegex(line, r"^relume-lights: error: .*document.*, .+: .+")
        os.unlink(self.filling)
        rig = self.start()
        self.assertEqual((rig.ready["recovered"], rig.get("wash/level")), ("mirror", ("persisted", 0.25)))


if __name__ == "__main__":
    unittest.main()
