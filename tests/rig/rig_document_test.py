# SPDX-License-Identifier: Apache-2.0
"""The document meets people and accidents: edited, damaged, emptied, of a newer format. What is shown, what is kept, and how the
operator decides."""

import os
import unittest

from harness import RigTest


class Documents(RigTest):
    """A show whose document says 0.40625 for wash/level; an edit makes it 0.75."""

    SAVED, EDITED = 0.40625, 0.75
    SAVED_CHANNEL, EDITED_CHANNEL = 104, 191

    def setUp(self):
        super().setUp()
        self.rig = self.start()
        self.rig.ask("/relume/persist", "wash/level", self.SAVED)
        self.assertEqual(self.rig.ask("/relume/save").address, "/relume/saved")

    def edit(self):
        self.folder.edit_value("wash/level", self.EDITED)

    def restart_with(self, accident, how="kill", *arguments, mirror=True):
        return self.restart(self.rig, *arguments, how=how, mirror=mirror, meanwhile=accident)

    def assert_look(self, channel):
        self.assertEqual(self.first_look()[0].channels[:24], bytes([channel] * 24))

    # Edited

    def test_a_document_that_was_edited_in_peace_wins(self):
        self.rig.ask("/relume/set", "tubes/level", 0.5)
        before = self.rig.ask("/relume/ping").values
        rig = self.restart_with(self.edit, "close")
        self.assertEqual((rig.ready["recovered"], rig.ready["refused"]), ("document", "0"))
        self.assert_look(self.EDITED_CHANNEL)
        self.assertEqual((rig.get("wash/level"), rig.get("tubes/level")), (("persisted", self.EDITED), ("default", 1.0)))
        after = rig.ask("/relume/ping").values
        self.assertNotEqual(after[3], before[3])
        self.assertGreaterEqual(after[0], before[0] + (1 << 32))
        self.assertEqual(rig.said(), "")
        self.assertEqual(rig.ask("/relume/save").address, "/relume/saved")

    def test_a_document_that_was_edited_while_the_show_was_dead_is_a_conflict(self):
        rig = self.restart_with(self.edit)
        edited = self.folder.bytes()
        self.assertEqual(rig.ready["recovered"], "mirror")
        self.assert_look(self.SAVED_CHANNEL)
        self.assertIn("/relume/accept", rig.said())
        # The show goes on; the document is left alone.
        self.assert_ack(rig.ask("/relume/persist", "tubes/level", 0.5), 2, "tubes/level")
        self.wait_until(lambda: rig.status()["checkpointed"] == 2)
        self.assert_reject(rig.ask("/relume/save"), "save", "read-only")
        self.assertEqual(self.folder.bytes(), edited)
        # And is met again by the next start.
        self.rig = rig
        rig = self.restart_with(None)
        self.assertIn("/relume/accept", rig.said())
        self.assertEqual((self.folder.bytes(), rig.get("wash/level")), (edited, ("persisted", self.SAVED)))

    def test_accept_keep_saves_the_show_and_keeps_the_file(self):
        rig = self.restart_with(self.edit)
        edited = self.folder.bytes()
        self.assert_ack(rig.ask("/relume/accept", "keep"), 1, "keep")
        self.assertEqual(rig.ask("/relume/save").address, "/relume/saved")
        self.assertEqual(self.folder.value("wash/level"), self.SAVED)
        kept = self.folder.documents_with(edited)
        self.assertEqual(len(kept), 1)
        self.assertNotEqual(kept, ["show.json"])
        self.assertEqual(rig.get("wash/level"), ("persisted", self.SAVED))
        self.rig = rig
        rig = self.restart_with(None)
        self.assertEqual(rig.said(), "")

    def test_accept_file_takes_the_document_as_one_change(self):
        self.rig.ask("/relume/set", "tubes/level", 0.5)
        rig = self.restart_with(self.edit)
        self.assert_look(self.SAVED_CHANNEL)
        self.assert_ack(rig.ask("/relume/accept", "file"), 3, "file")
        self.wait_for_channels(0, 1, [self.EDITED_CHANNEL] * 24)
        self.assertEqual((rig.get("wash/level"), rig.get("tubes/level")), (("persisted", self.EDITED), ("default", 1.0)))
        self.assertEqual(rig.ask("/relume/save").address, "/relume/saved")
        self.assertEqual(self.folder.value("wash/level"), self.EDITED)
        # Its layers are others; what follows reaches the wire.
        rig.ask("/relume/set", "wash/level", 0.25)
        self.wait_for_channels(0, 1, [64] * 24)
        self.rig = rig
        rig = self.restart_with(None)
        self.assertEqual((rig.ready["recovered"], rig.said(), rig.get("wash/level")), ("mirror", "", ("committed", 0.25)))

    def test_accept_file_takes_the_patch_of_the_document_too(self):
        def change(document):
            groups = document["records"]["patch"]["json"]["groups"]
            groups[0]["universe"], groups[0]["start"] = 7, 4

        rig = self.restart_with(lambda: self.folder.edit(change))
        self.first_look()
        self.assert_ack(rig.ask("/relume/accept", "file"), 2, "file")
        packets = self.wait_for_channels(7, 4, [self.SAVED_CHANNEL] * 24)
        last = {packet.universe: packet for packet in packets}
        self.assertEqual((last[7].sequence, last[1].sequence), (1, 2), "a universe that stays goes on counting")
        self.assertEqual(len({packet.source for packet in packets}), 1)
        rig.ask("/relume/set", "wash/level", 1.0)
        packets = self.wait_for_channels(7, 4, [255] * 24)
        self.assertEqual({packet.universe for packet in packets}, {7})

    def test_a_patch_of_the_document_that_is_none_is_told_and_the_one_before_it_holds(self):
        def change(document):
            document["records"]["patch"]["json"]["groups"][0]["count"] = 999

        rig = self.restart_with(lambda: self.folder.edit(change))
        self.assert_ack(rig.ask("/relume/accept", "file"), 2, "file")
        self.assertIn("--patch", self.wait_until(lambda: rig.error_text().splitlines()[1:])[-1])
        rig.ask("/relume/set", "wash/level", 1.0)
        self.wait_for_channels(0, 1, [255] * 24)

    def test_accept_where_nothing_is_held_is_acknowledged_and_changes_nothing(self):
        for choice in ("keep", "file"):
            self.assert_ack(self.rig.ask("/relume/accept", choice), 1, choice)
        self.assert_reject(self.rig.ask("/relume/accept", "both"), "both", "out-of-range")
        self.assert_reject(self.rig.ask("/relume/accept"), "", "wrong-type")
        self.assertEqual(self.rig.revision(), 1)

    def test_under_keep_and_save_a_conflict_is_put_aside_at_once(self):
        edited = []
        rig = self.restart_with(lambda: edited.append(self.edit() or self.folder.bytes()), "kill", "--on-damaged=keep-and-save")
        self.assertEqual(rig.ready["recovered"], "mirror")
        self.wait_until(lambda: os.path.exists(self.folder.document) and self.folder.value("wash/level") == self.SAVED)
        self.assertEqual(len(self.folder.documents_with(edited[0])), 1)
        self.assertEqual(rig.ask("/relume/save").address, "/relume/saved")

    # Damaged

    def accidents(self):
        return (("a byte", self.folder.damage), ("emptied", lambda: self.folder.replace(b"")),
                ("cut", lambda: self.folder.replace(self.folder.bytes()[:-100])), ("zeros", lambda: self.folder.replace(bytes(4096))))

    def test_a_damaged_document_is_refused_kept_and_waits_for_the_operator(self):
        for how in ("kill", "close"):
            for name, accident in self.accidents():
                with self.subTest(name, how=how):
                    damaged = []
                    rig = self.rig = self.restart_with(lambda: damaged.append(accident() or self.folder.bytes()), how)
                    self.assertEqual((rig.ready["recovered"], rig.ready["refused"]), ("mirror", "1"))
                    self.assert_look(self.SAVED_CHANNEL)
                    self.assertIn("/relume/accept keep", rig.said())
                    revision = rig.revision()
                    self.assert_ack(rig.ask("/relume/persist", "tubes/level", revision / 100), revision + 1, "tubes/level")
                    self.wait_until(lambda: rig.status()["checkpointed"] == revision + 1)
                    self.assert_reject(rig.ask("/relume/save"), "save", "read-only")
                    self.assertEqual(len(self.folder.documents_with(damaged[0])), 1, "it is kept as it is")
                    self.assert_reject(rig.ask("/relume/accept", "file"), "file", "state")
                    self.assert_ack(rig.ask("/relume/accept", "keep"), revision + 1, "keep")
                    self.assertEqual(rig.ask("/relume/save").address, "/relume/saved")
                    self.assertEqual((self.folder.revision(), self.folder.value("wash/level")), (revision + 1, self.SAVED))
                    kept = self.folder.documents_with(damaged[0])
                    self.assertEqual(len(kept), 1)
                    self.assertIn("show.json.damaged-", kept[0])
                    os.unlink(os.path.join(self.folder.path, kept[0]))
                    self.node.drain()

    def test_a_damaged_document_and_no_mirror_leave_the_checkpoint(self):
        rig = self.restart_with(self.folder.damage, mirror=False)
        self.assertEqual((rig.ready["recovered"], rig.ready["refused"]), ("checkpoint", "1"))
        self.assert_look(self.SAVED_CHANNEL)

    def test_a_damaged_document_and_nothing_else_leave_the_generation_before_it(self):
        self.rig.ask("/relume/persist", "wash/level", 0.5)
        self.rig.ask("/relume/save")
        rig = self.restart_with(lambda: self.folder.lose_checkpoint() or self.folder.damage(), mirror=False)
        self.assertEqual((rig.ready["recovered"], rig.ready["revision"], rig.ready["refused"]), ("generation", "1", "1"))
        self.assert_look(self.SAVED_CHANNEL)

    def test_under_keep_and_save_a_damaged_document_is_put_aside_at_once(self):
        damaged = []
        rig = self.restart_with(lambda: damaged.append(self.folder.damage() or self.folder.bytes()), "kill", "--on-damaged=keep-and-save")
        self.assertEqual((rig.ready["recovered"], rig.ready["refused"]), ("mirror", "1"))
        self.wait_until(lambda: os.path.exists(self.folder.document) and self.folder.value("wash/level") == self.SAVED)
        self.assertEqual(self.folder.documents_with(damaged[0]), ["show.json.damaged-1"])
        self.assertEqual(rig.ask("/relume/save").address, "/relume/saved")
        self.assertIn("show.json.damaged-1", rig.said())

    def test_a_damaged_checkpoint_is_kept_and_made_anew(self):
        database = os.path.join(self.folder.checkpoint, "state.db")

        def damage():
            with open(database, "r+b") as file:
                file.write(bytes(4096))

        rig = self.restart_with(damage)
        self.assertEqual((rig.ready["recovered"], rig.ready["refused"]), ("mirror", "1"))
        self.assertIn("it is kept as", rig.said())
        rig.ask("/relume/set", "wash/level", 0.5)
        self.assertEqual(rig.ask("/relume/save").address, "/relume/saved")
        self.rig = rig
        rig = self.restart_with(None, mirror=False)
        self.assertEqual((rig.ready["recovered"], rig.get("wash/level")), ("checkpoint", ("committed", 0.5)))

    # Newer

    def test_a_document_of_a_newer_format_is_not_written_to(self):
        def change(document):
            document["relume"]["format"] = 99

        rig = self.restart_with(lambda: self.folder.edit(change))
        newer = self.folder.bytes()
        self.assertEqual(rig.ready["recovered"], "mirror")
        self.assertIn("newer format", rig.said())
        self.assert_ack(rig.ask("/relume/persist", "tubes/level", 0.5), 2, "tubes/level")
        self.assert_reject(rig.ask("/relume/save"), "save", "read-only")
        self.assert_reject(rig.ask("/relume/accept", "file"), "file", "state")
        self.assertEqual(self.folder.bytes(), newer)
        self.assert_ack(rig.ask("/relume/accept", "keep"), 2, "keep")
        self.assertEqual(rig.ask("/relume/save").address, "/relume/saved")
        self.assertEqual((self.folder.value("wash/level"), len(self.folder.documents_with(newer))), (self.SAVED, 1))

    def test_a_document_that_is_replaced_while_the_show_runs_is_not_overwritten(self):
        self.edit()
        edited = self.folder.bytes()
        self.rig.ask("/relume/persist", "tubes/level", 0.5)
        # The first save finds it, which may be this one; from then on the document is held.
        self.assertEqual(self.rig.ask("/relume/save").address, "/relume/reject")
        self.assert_reject(self.rig.ask("/relume/save"), "save", "read-only")
        self.assertEqual(self.folder.bytes(), edited)
        self.wait_until(lambda: "/relume/accept" in self.rig.error_text())
        self.assert_ack(self.rig.ask("/relume/accept", "file"), 3, "file")
        self.wait_for_channels(0, 1, [self.EDITED_CHANNEL] * 24)


if __name__ == "__main__":
    unittest.main()
