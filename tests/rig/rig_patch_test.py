# SPDX-License-Identifier: Apache-2.0
"""The patch is the show's own: --patch imports it, and without it what was imported holds."""

import json
import os
import unittest

import harness
from harness import RigTest, run_to_end


def group(name, universe, count, start=1):
    return {"name": name, "universe": universe, "start": start, "count": count}


SPOTS_AND_TUBES = {"groups": [group("spots", 2, 1), group("tubes", 1, 32)]}


class Patches(RigTest):
    def write(self, patch, name="patch.json"):
        path = os.path.join(self.place.root, name)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(patch, file)
        return path

    def look(self, *universes):
        packets = self.node.collect(lambda got: len(got) >= len(universes))
        self.assertEqual([packet.universe for packet in packets[: len(universes)]], list(universes))
        return {packet.universe: packet for packet in packets}

    def test_a_new_show_begins_with_its_patch_and_keeps_it(self):
        rig = self.start("--patch", self.write(SPOTS_AND_TUBES))
        self.look(1, 2)
        self.assertEqual((rig.ready["revision"], rig.revision(), self.folder.patch()), ("0", 0, SPOTS_AND_TUBES))
        for how, mirror in (("kill", True), ("close", True), ("close", False)):
            with self.subTest(how=how, mirror=mirror):
                rig = self.restart(rig, how=how, mirror=mirror)
                look = self.look(1, 2)
                self.assertEqual((look[2].channels[:4], look[1].channels[95:97]), (b"\xff\xff\xff\0", b"\xff\0"))
                self.assertEqual(rig.get("spots/level"), ("default", 1.0))

    def test_a_new_show_without_a_patch_has_the_default_one(self):
        self.start()
        self.look(0, 1)
        self.assertEqual([(g["name"], g["universe"], g["start"], g["count"]) for g in self.folder.patch()["groups"]],
                         [("wash", 0, 1, 8), ("tubes", 1, 1, 32)])

    def test_the_text_of_the_file_is_the_record(self):
        path = os.path.join(self.place.root, "patch.json")
        text = '{ "groups":[\n\t{"name":"spots" ,"universe":2,"start":1,"count":1, "order":"grb"} ] }'
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        self.start("--patch", path)
        self.assertIn(text.encode(), self.folder.bytes())

    def test_another_patch_is_one_change_and_groups_that_stay_keep_their_values(self):
        rig = self.start()
        rig.ask("/relume/set", "tubes/level", 0.5)
        rig.ask("/relume/set", "wash/level", 0.5)
        rig = self.restart(rig, "--patch", self.write(SPOTS_AND_TUBES))
        self.assertEqual(rig.ready["revision"], "2", "the ready line says what was found")
        look = self.look(1, 2)
        self.assertEqual((look[1].channels[:96], look[2].channels[:3]), (bytes([128] * 96), bytes([255] * 3)))
        self.assertEqual(rig.revision(), 3)
        self.assert_reject(rig.ask("/relume/get", "wash/level"), "wash/level", "unknown-route")
        rig.ask("/relume/save")
        self.assertEqual(self.folder.patch(), SPOTS_AND_TUBES)
        self.assertEqual(self.folder.stack(), (("master", False), ("tubes", False), ("spots", False)))
        for mirror in (True, False):
            with self.subTest(mirror=mirror):
                rig = self.restart(rig, mirror=mirror)
                self.assertEqual(self.look(1, 2)[1].channels[:96], bytes([128] * 96))
        rig = self.restart(rig, "--patch", self.write({"groups": [group("wash", 0, 8)]}))
        self.look(0)
        self.assertEqual(rig.get("wash/level"), ("default", 1.0), "a group that comes back is new")

    def test_the_same_patch_again_changes_nothing_and_layers_stay_as_they_are(self):
        patch = self.write(SPOTS_AND_TUBES)
        rig = self.start("--patch", patch)
        rig.ask("/relume/layer/remove", "spots")
        rig.ask("/relume/layer/add", "front", "group", "")
        rig = self.restart(rig, "--patch", patch)
        self.assertEqual(rig.revision(), 2)
        self.assertEqual(self.look(1, 2)[2].channels, bytes(512))
        self.assertEqual(rig.get("front/level"), ("default", 1.0))

    def test_a_start_that_fails_for_a_port_imports_nothing(self):
        rig = self.start()
        self.assertEqual(rig.stop()[0], 0)
        result = run_to_end("--show", self.place.show, "--runtime-dir", self.place.runtime, "--osc-port", "0", "--artnet", "no such host",
                            "--patch", self.write(SPOTS_AND_TUBES))
        self.assertEqual(result.returncode, 1)
        rig = self.start()
        self.assertEqual(rig.revision(), 0)
        self.look(0, 1)

    def test_a_recorded_patch_that_is_none_is_2_and_no_packet_until_another_is_given(self):
        rig = self.start()

        def change(document):
            document["records"]["patch"]["json"]["groups"][0]["count"] = 999

        self.assertEqual(rig.stop()[0], 0)
        self.node.drain()
        self.folder.edit(change)
        result = run_to_end(*harness.command(self.place, self.node)[1:])
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertRegex(result.stderr, "^relume-lights: error: .*wash.*, .*: .*--patch.*\n$")
        self.assertEqual(self.node.drain(), [])
        self.start("--patch", self.write(SPOTS_AND_TUBES))
        self.look(1, 2)
        self.wait_until(lambda: self.folder.patch() == SPOTS_AND_TUBES)


if __name__ == "__main__":
    unittest.main()
