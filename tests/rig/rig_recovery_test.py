# SPDX-License-Identifier: Apache-2.0
"""Death and return: what the ready line says, what the first packets carry, and what happens when there is no mirror."""

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
        rig.ask("/relume/save")
        before = rig.ask("/relume/ping").values
        rig = self.restart(rig, mirror=False)
        self.assertEqual((rig.ready["recovered"], rig.ready["revision"], rig.ready["refused"]), ("checkpoint", "1", "0"))
        self.assertLess(int(rig.ready["age_ms"]), 60000)
        self.assertEqual(self.first_look()[0].channels[:24], bytes([128] * 24))
        after = rig.ask("/relume/ping").values
        self.assertEqual(after[0], 1 + (1 << 32), "revisions go on far above")
        self.assertEqual(after[1:3], [1, before[2]], "the show is the same")
        self.assertNotEqual(after[3], before[3], "its history is a new one")
        self.assert_ack(rig.ask("/relume/set", "wash/level", 0.25), 2 + (1 << 32), "wash/level")

    def test_what_is_left_decides_what_comes_back(self):
        """Checkpoint, else document, else a generation of it, else the defaults."""
        rig = self.start()
        for level in (0.25, 0.5):
            rig.ask("/relume/persist", "wash/level", level)
            rig.ask("/relume/save")
        rig.ask("/relume/set", "wash/level", 0.75)
        rig.ask("/relume/save")
        losses = (("checkpoint", lambda: None, ("committed", 0.75), 191),
                  ("document", self.folder.lose_checkpoint, ("persisted", 0.5), 128),
                  ("generation", self.lose_checkpoint_and_document, ("persisted", 0.5), 128),
                  ("defaults", self.lose_everything, ("default", 1.0), 255))
        for recovered, lose, value, channel in losses:
            with self.subTest(recovered):
                rig = self.restart(rig, mirror=False, meanwhile=lose)
                self.assertEqual((rig.ready["recovered"], rig.ready["refused"]), (recovered, "0"), rig.said())
                self.assertEqual(self.first_look()[0].channels[:24], bytes([channel] * 24))
                self.assertEqual(rig.get("wash/level"), value)
                self.assertEqual(rig.said(), "")

    def lose_checkpoint_and_document(self):
        self.folder.lose_checkpoint()
        self.folder.lose_document()

    def lose_everything(self):
        self.lose_checkpoint_and_document()
        shutil.rmtree(self.folder.generations)

    def test_a_damaged_mirror_is_refused_kept_and_told(self):
        rig = self.start()
        rig.ask("/relume/set", "wash/level", 0.5)
        rig.ask("/relume/save")
        rig.kill()
        mirror = rig.ready["mirror"]
        size = os.path.getsize(mirror)
        with open(mirror, "r+b") as file:
            file.write(os.urandom(4096))
        self.node.drain()
        rig = self.start()
        self.assertEqual((rig.ready["recovered"], rig.ready["refused"]), ("checkpoint", "1"))
        self.assertEqual(self.first_look()[0].channels[:24], bytes([128] * 24))
        kept = [name for name in os.listdir(self.place.runtime) if ".damaged-" in name]
        self.assertEqual(len(kept), 1)
        self.assertEqual(os.path.getsize(os.path.join(self.place.runtime, kept[0])), size)
        self.wait_for_error(rig, kept[0])

    def wait_for_error(self, rig, text):
        self.assertIn(text, rig.said())

    def test_without_a_mirror_the_rig_runs_and_says_so(self):
        real = self.place.runtime
        self.addCleanup(shutil.rmtree, real, ignore_errors=True)
        self.place.runtime = os.path.join(real, "nothing-here")
        rig = self.start()
        self.assertEqual(rig.ready["mirror"], "none")
        self.assert_ack(rig.ask("/relume/set", "wash/level", 0.5), 1, "wash/level")
        self.assertEqual(rig.status()["mirrored"], -1)
        self.wait_for_error(rig, "mirror")

    def test_a_copied_folder_keeps_its_show_id_and_has_a_history_and_a_mirror_of_its_own(self):
        rig = self.start()
        rig.ask("/relume/set", "wash/level", 0.5)
        self.assertEqual(rig.stop()[0], 0)
        original, copy = self.place.show, os.path.join(self.place.root, "copy.show")
        shutil.copytree(original, copy)
        rig = self.start()
        self.place.show = copy
        other = self.start()
        self.place.show = original
        self.assertEqual((rig.ready["recovered"], other.ready["recovered"], other.ready["refused"]), ("mirror", "checkpoint", "0"))
        pong, other_pong = rig.ask("/relume/ping").values, other.ask("/relume/ping").values
        self.assertEqual(pong[2], other_pong[2])
        self.assertNotEqual(pong[3], other_pong[3])
        self.assertNotEqual(other.ready["mirror"], rig.ready["mirror"])
        self.assertEqual(other.get("wash/level"), ("committed", 0.5))
        other.ask("/relume/set", "wash/level", 0.25)
        self.assertEqual(rig.get("wash/level"), ("committed", 0.5))

    def test_a_lost_id_is_found_again(self):
        for mirror in (True, False):
            with self.subTest(mirror=mirror):
                rig = self.start()
                show_id = rig.ask("/relume/ping").values[2]
                rig = self.restart(rig, how="close", mirror=mirror, meanwhile=lambda: os.unlink(self.folder.id))
                self.assertEqual(rig.ask("/relume/ping").values[2], show_id)
                self.assertTrue(os.path.exists(self.folder.id))
                self.assertEqual(rig.stop()[0], 0)

    def test_the_stack_returns_after_a_kill(self):
        rig = self.start()
        rig.ask("/relume/layer/remove", "wash")
        rig.ask("/relume/layer/add", "spots", "group", "tubes")
        rig.ask("/relume/layer/bypass", "tubes", 1)
        rig.ask("/relume/set", "spots/level", 0.25)
        rig.kill()
        self.node.drain()
        rig = self.start()
        self.assertEqual((rig.ready["recovered"], rig.ready["revision"]), ("mirror", "4"))
        look = self.first_look()
        self.assertEqual((look[0].channels[:24], look[1].channels[:96]), (bytes(24), bytes(96)))
        self.assertEqual(rig.get("spots/level"), ("committed", 0.25))
        self.assert_ack(rig.ask("/relume/layer/bypass", "tubes", 0), 5, "tubes")
        self.wait_for_channels(1, 1, [255] * 96)

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
