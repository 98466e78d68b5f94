# SPDX-License-Identifier: Apache-2.0
"""Death and return: what the ready line says, what the first packets carry, and what happens when there is no mirror."""

import json
import os
import shutil
import signal
import unittest

from harness import RigTest


class Recovery(RigTest):
    def end(self, rig, how):
        if how == "kill":
            rig.kill()
        else:
            self.assertEqual(rig.stop()[0], 0)

    def test_the_look_returns_after_a_kill_and_after_a_clean_close(self):
        for how in ("kill", "close"):
            with self.subTest(how):
                rig = self.start()
                rig.ask("/relume/set", "wash/color", 1.0, 0.5, 0.25)
                rig.ask("/relume/persist", "tubes/level", 0.5)
                revision = rig.revision()
                self.wait_for_channels(1, 1, [128] * 96)
                self.end(rig, how)
                self.node.drain()
                rig = self.start()
                self.assertEqual((rig.ready["recovered"], int(rig.ready["revision"])), ("mirror", revision))
                self.assertLess(int(rig.ready["age_ms"]), 60000)
                packets = self.node.collect(lambda got: len(got) >= 2)
                self.assertEqual([(p.universe, p.sequence) for p in packets], [(0, 1), (1, 1)])
                self.assertEqual(packets[0].channels[:24], bytes([255, 128, 64] * 8))
                self.assertEqual(packets[1].channels[:96], bytes([128] * 96))
                self.assertEqual(rig.get("wash/color"), ("committed", (1.0, 0.5, 0.25, 1.0)))
                self.assertEqual(rig.get("tubes/level"), ("persisted", 0.5))
                self.end(rig, "close")
                self.node.drain()

    def test_restarts_rise_by_one_and_identities_stay(self):
        seen = []
        for start in range(3):
            rig = self.start()
            revision, restarts, show_id, history_id = rig.ask("/relume/ping").values
            self.assertEqual((restarts, int(rig.ready["restarts"])), (start, start))
            seen.append((show_id, history_id))
            rig.kill()
        self.assertEqual(len(set(seen)), 1)

    def test_revisions_go_on_where_they_were(self):
        rig = self.start()
        rig.ask("/relume/set", "wash/level", 0.5)
        rig.kill()
        rig = self.start()
        self.assert_ack(rig.ask("/relume/set", "wash/level", 0.25), 2, "wash/level")

    def test_a_deleted_mirror_is_a_power_cut_and_no_pair_of_history_and_revision_comes_back(self):
        rig = self.start()
        rig.ask("/relume/set", "wash/level", 0.5)
        before = rig.ask("/relume/ping").values
        rig.kill()
        os.unlink(rig.ready["mirror"])
        self.node.drain()
        rig = self.start()
        self.assertEqual((rig.ready["recovered"], rig.ready["age_ms"]), ("defaults", "unknown"))
        self.assertEqual(self.first_look()[0].channels[:24], bytes([255] * 24))
        after = rig.ask("/relume/ping").values
        self.assertEqual(after[2], before[2], "the show is the same")
        self.assertNotEqual(after[3], before[3], "its history is a new one")

    def test_a_damaged_mirror_is_refused_kept_and_told(self):
        rig = self.start()
        rig.ask("/relume/set", "wash/level", 0.5)
        rig.kill()
        mirror = rig.ready["mirror"]
        size = os.path.getsize(mirror)
        with open(mirror, "r+b") as file:
            file.write(os.urandom(4096))
        self.node.drain()
        rig = self.start()
        self.assertEqual((rig.ready["recovered"], rig.ready["refused"]), ("defaults", "1"))
        self.assertEqual(self.first_look()[0].channels[:24], bytes([255] * 24))
        kept = [name for name in os.listdir(self.place.runtime) if ".damaged-" in name]
        self.assertEqual(len(kept), 1)
        self.assertEqual(os.path.getsize(os.path.join(self.place.runtime, kept[0])), size)
        self.wait_for_error(rig, kept[0])

    def wait_for_error(self, rig, text):
        rig.ask("/relume/ping")  # the warnings come before OSC is answered
        self.assertIn(text, rig.error_text())

    def test_without_a_mirror_the_rig_runs_and_says_so(self):
        real = self.place.runtime
        self.addCleanup(shutil.rmtree, real, ignore_errors=True)
        self.place.runtime = os.path.join(real, "nothing-here")
        rig = self.start()
        self.assertEqual(rig.ready["mirror"], "none")
        self.assert_ack(rig.ask("/relume/set", "wash/level", 0.5), 1, "wash/level")
        self.assertEqual(rig.status()["mirrored"], -1)
        self.wait_for_error(rig, "mirror")

    def test_another_patch_adds_and_removes_groups_and_keeps_the_others(self):
        rig = self.start()
        rig.ask("/relume/set", "tubes/level", 0.5)
        rig.ask("/relume/set", "wash/level", 0.5)
        rig.kill()
        patch = os.path.join(self.place.root, "patch.json")
        with open(patch, "w", encoding="utf-8") as file:
            json.dump({"groups": [{"name": "spots", "universe": 2, "start": 1, "count": 1},
                                  {"name": "tubes", "universe": 1, "start": 1, "count": 32}]}, file)
        self.node.drain()
        rig = self.start("--patch", patch)
        self.assertEqual(int(rig.ready["revision"]), 2, "the ready line says what was found")
        look = self.first_look()
        self.assertEqual(look[1].channels[:96], bytes([128] * 96))
        self.assertEqual(look[2].channels[:3], bytes([255] * 3))
        self.assertEqual(rig.revision(), 3)
        self.assert_reject(rig.ask("/relume/get", "wash/level"), "wash/level", "unknown-route")
        rig.kill()
        rig = self.start()
        self.assertEqual(rig.get("wash/level"), ("default", 1.0), "a group that comes back is new")
        self.assertEqual(rig.get("tubes/level"), ("committed", 0.5))

    def test_a_copied_folder_keeps_its_show_id_and_has_a_mirror_of_its_own(self):
        rig = self.start()
        rig.ask("/relume/set", "wash/level", 0.5)
        show_id = rig.ask("/relume/ping").values[2]
        copy = os.path.join(self.place.root, "copy.show")
        shutil.copytree(self.place.show, copy)
        original, self.place.show = self.place.show, copy
        try:
            other = self.start()
        finally:
            self.place.show = original
        self.assertEqual(other.ask("/relume/ping").values[2], show_id)
        self.assertNotEqual(other.ready["mirror"], rig.ready["mirror"])
        self.assertEqual(other.get("wash/level"), ("default", 1.0))

    def test_settled_automation_returns_after_a_kill(self):
        rig = self.start()
        rig.send("/wash/level", 0.5)
        while rig.get("wash/level")[0] != "committed":
            pass
        rig.kill()
        self.node.drain()
        rig = self.start()
        self.assertEqual(self.first_look()[0].channels[:24], bytes([128] * 24))

    def test_a_stopped_rig_is_still_the_owner(self):
        rig = self.start()
        rig.process.send_signal(signal.SIGSTOP)
        self.addCleanup(rig.process.send_signal, signal.SIGCONT)
        with self.assertRaises(RuntimeError) as caught:
            self.start()
        self.assertIn("ended with 3", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
