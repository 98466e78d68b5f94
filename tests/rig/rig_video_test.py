# SPDX-License-Identifier: Apache-2.0
"""relume-video from outside: how it starts and ends, what its pictures show, and that they are there again after a death."""

import json
import os
import re
import select
import signal
import socket
import time
import unittest

import osc
import shaders
import video_harness
from video_harness import VideoTest, run_to_end

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def error_lines(text):
    return [line for line in text.decode().splitlines() if re.fullmatch(r"relume-video: error: .+, .+: .+", line)]


class Start(VideoTest):
    def test_the_ready_line_of_a_new_show(self):
        rig = self.start()
        self.assertRegex(
            rig.ready_line,
            r"^relume-video ready show=\S+ recovered=defaults revision=0 age_ms=unknown restarts=0 "
            r"osc=127\.0\.0\.1:\d+ device=none mode=720p25 mirror=\S+ refused=0$")

    def test_a_new_show_has_a_master_and_three_layers_of_the_folder(self):
        self.start()
        self.assertEqual([key for key, _ in self.folder.stack()], ["master", "half", "plain", "swap"])

    def test_the_packages_that_come_with_the_rig_make_a_show(self):
        result = run_to_end("--show", self.place.show, "--runtime-dir", self.place.runtime, "--osc-port", "0", "--frames", "3")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn(b"warning", result.stderr)
        self.assertGreaterEqual(len(self.folder.stack()), 4)

    def test_frames_ends_by_itself_and_leaves_the_last_picture_and_all_raw_ones(self):
        png, raw = (os.path.join(self.place.runtime, name) for name in ("last.png", "frames.raw"))
        result = self.run_to_end("--frames", "5", "--png", png, "--raw", raw)
        self.assertEqual(result.returncode, 0, result.stderr)
        picture = video_harness.Picture(png)
        self.assertEqual((picture.width, picture.height), (1280, 720))
        self.assertEqual(os.path.getsize(raw), 5 * 1280 * 720 * 4)
        with open(raw, "rb") as file:
            file.seek(4 * 1280 * 720 * 4)
            self.assertEqual(tuple(file.read(3)), picture.pixel(0, 0))

    def test_raw_frames_have_standard_output_for_themselves(self):
        result = self.run_to_end("--frames", "2", "--raw", "-")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(result.stdout), 2 * 1280 * 720 * 4)
        self.assertRegex(result.stderr.decode(), r"(?m)^relume-video ready show=")

    def test_a_reader_of_raw_frames_that_stands_still_does_not_hold_up_the_end(self):
        fifo = os.path.join(self.place.root, "frames")
        os.mkfifo(fifo)
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        rig = self.start("--raw", fifo)
        code, seconds = rig.stop()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 2.0)

    def test_a_reader_of_raw_frames_that_goes_does_not_end_the_show(self):
        fifo = os.path.join(self.place.root, "frames")
        os.mkfifo(fifo)
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        rig = self.start("--raw", fifo)
        os.close(reader)
        self.wait_until(lambda: "no more raw frames" in rig.error_text())
        self.assert_pixels(rig.picture(), WHITE)

    def assert_usage_error(self, result, named):
        self.assertEqual((result.returncode, result.stdout), (2, b""), result.stderr)
        self.assertEqual(len(error_lines(result.stderr)), 1, result.stderr)
        self.assertIn(named, result.stderr.decode())

    def test_usage_errors_end_with_2_and_one_line(self):
        empty = os.path.join(self.place.root, "empty")
        os.mkdir(empty)
        for arguments, named in ((("--mode", "1080i50"), "1080i50"), (("--device", "tv"), "tv"), (("--frames", "x"), "--frames"),
                                 (("--at", "now"), "--at")):
            with self.subTest(arguments):
                self.assert_usage_error(self.run_to_end(*arguments), named)
        for folder in ("/no/such/place", empty):
            with self.subTest(folder):
                self.assert_usage_error(self.run_to_end(shaders=folder), folder)
        self.assertFalse(os.path.exists(self.place.show))

    def test_a_second_rig_on_the_same_show_ends_with_3(self):
        rig = self.start()
        result = self.run_to_end("--device", "auto")
        self.assertEqual(result.returncode, 3)
        self.assertIn(f"process {rig.process.pid}", result.stderr.decode())

    def test_a_port_that_is_taken_and_a_file_that_cannot_be_made_end_with_1(self):
        taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        for result in (self.run_to_end(osc_port=port), self.run_to_end("--raw", "/no/such/place/frames")):
            with self.subTest(result.stderr):
                self.assertEqual((result.returncode, result.stdout), (1, b""), result.stderr)
                self.assertEqual(len(error_lines(result.stderr)), 1, result.stderr)

    def test_signals_end_with_0_in_time(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number):
                code, seconds = self.start().stop(number)
                self.assertEqual(code, 0)
                self.assertLess(seconds, 2.0)

    def test_a_picture_that_nobody_named_a_file_for_is_told_and_ends_nothing(self):
        rig = self.start(png=None)
        rig.process.send_signal(signal.SIGUSR1)
        self.wait_until(lambda: "SIGUSR1" in rig.error_text())
        rig.ask("/relume/ping")


class Look(VideoTest):
    def test_layers_added_moved_bypassed_and_removed_are_seen_and_read_back(self):
        rig = self.start()
        self.build_stack(rig, ("red", "plain"), ("green", "half"))
        rig.ask("/relume/set", "red/tint", 1.0, 0.0, 0.0)
        self.assert_pixels(rig.picture(), GREEN, RED)
        revision = rig.revision()
        self.assert_ack(rig.ask("/relume/layer/add", "swapped", "swap", "green"), revision + 1, "swapped")
        self.assert_pixels(rig.picture(), GREEN, BLUE)
        self.assert_ack(rig.ask("/relume/layer/move", "red", ""), revision + 2, "red")
        self.assert_pixels(rig.picture(), RED)
        self.assert_ack(rig.ask("/relume/layer/bypass", "red", True), revision + 3, "red")
        self.assert_pixels(rig.picture(), GREEN, BLACK)
        self.assert_ack(rig.ask("/relume/layer/bypass", "red", False), revision + 4, "red")
        self.assert_ack(rig.ask("/relume/layer/remove", "green"), revision + 5, "green")
        self.assert_pixels(rig.picture(), RED)
        self.assertEqual(rig.get("red/tint"), ("committed", (1.0, 0.0, 0.0, 1.0)))
        self.assert_reject(rig.ask("/relume/get", "green/split"), "green/split", "unknown-route")

    def test_a_layer_of_another_type_keeps_its_opacity(self):
        rig = self.start()
        self.build_stack(rig, ("red", "plain"), ("top", "half"))
        rig.ask("/relume/set", "red/tint", 1.0, 0.0, 0.0)
        rig.ask("/relume/set", "top/opacity", 0.0)
        self.assert_pixels(rig.picture(), RED)
        self.assertEqual(rig.ask("/relume/layer/retype", "top", "plain").address, "/relume/ack")
        self.assert_pixels(rig.picture(), RED)
        self.assertEqual(rig.get("top/opacity"), ("committed", 0.0))
        rig.ask("/relume/set", "top/opacity", 1.0)
        self.assert_pixels(rig.picture(), WHITE)
        self.assert_reject(rig.ask("/relume/get", "top/split"), "top/split", "unknown-route")

    def test_master_dims_and_blacks_out_and_is_passed_through_when_bypassed(self):
        rig = self.start()
        self.build_stack(rig, ("red", "plain"))
        rig.ask("/relume/set", "red/tint", 1.0, 0.0, 0.0)
        rig.ask("/relume/set", "master/dimmer", 0.5)
        picture = rig.picture()
        # Half the light is 188 in sRGB.
        self.assertAlmostEqual(picture.pixel(0, 0)[0], 188, delta=2)
        self.assertEqual(picture.pixel(0, 0)[1:], (0, 0))
        rig.ask("/relume/set", "master/blackout", True)
        self.assert_pixels(rig.picture(), BLACK)
        rig.ask("/relume/layer/bypass", "master", True)
        self.assert_pixels(rig.picture(), RED)

    def test_blend_modes_go_by_their_labels(self):
        rig = self.start()
        self.build_stack(rig, ("red", "plain"), ("top", "half"))
        rig.ask("/relume/set", "red/tint", 1.0, 0.0, 0.0)
        self.assertEqual(rig.ask("/relume/set", "top/blend", "add").address, "/relume/ack")
        self.assert_pixels(rig.picture(), (255, 255, 0), RED)
        rig.ask("/relume/set", "top/blend", "multiply")
        self.assert_pixels(rig.picture(), BLACK, RED)
        self.assert_reject(rig.ask("/relume/set", "top/blend", "burn"), "top/blend", "out-of-range")

    def test_automation_glides_and_settles(self):
        raw = os.path.join(self.place.runtime, "frames.raw")
        rig = self.start("--raw", raw, "--frames", "60")
        self.build_stack(rig, ("white", "plain"))
        self.assert_pixels(rig.picture(), WHITE)
        rig.send("/white/tint", 0.0, 0.0, 0.0)
        self.wait_until(lambda: rig.get("white/tint") == ("committed", (0.0, 0.0, 0.0, 1.0)))
        self.assertEqual(rig.process.wait(10), 0)
        size = 1280 * 720 * 4
        with open(raw, "rb") as file:
            levels = [os.pread(file.fileno(), 1, number * size)[0] for number in range(60)]
        fall = levels[max(i for i, level in enumerate(levels) if level == 255) :]
        self.assertEqual(fall, sorted(fall, reverse=True), "the glide goes one way")
        self.assertEqual(fall[-1], 0)
        self.assertGreater(len(set(fall)), 8, fall)


    def test_a_change_of_the_stack_is_never_seen_in_part(self):
        raw = os.path.join(self.place.runtime, "frames.raw")
        frames = 100
        rig = self.start("--raw", raw, "--frames", str(frames), "--mode", "720p50")
        self.build_stack(rig, ("red", "plain"), ("green", "half"))
        rig.ask("/relume/set", "red/tint", 1.0, 0.0, 0.0)
        rig.picture()
        # One layer covers the other, in turns. Drawn with the values of the other one, neither would be seen.
        moves = 0
        while rig.process.poll() is None:
            rig.send("/relume/layer/move", ("red", "green")[moves % 2], "")
            if not select.select([rig.socket], [], [], 0.5)[0]:
                break
            try:
                rig.reply()
            except ConnectionRefusedError:
                break
            moves += 1
        self.assertEqual(rig.process.wait(10), 0)
        self.assertGreater(moves, 500)
        size = 1280 * 720 * 4
        with open(raw, "rb") as file:
            seen = [tuple(os.pread(file.fileno(), 3, number * size + 400)) for number in range(frames)]
        begin = seen.index(GREEN)  # before that the stack was another one
        self.assertEqual(set(seen[begin:]), {RED, GREEN}, rig.told("picture"))


class Recovery(VideoTest):
    def setUp(self):
        super().setUp()
        self.shaders = shaders.ShaderFolder(self.shaders.path, plain=shaders.PLAIN, half=shaders.HALF, swap=shaders.SWAP,
                                            sweep=shaders.SWEEP)

    def test_after_a_death_the_picture_of_the_same_show_time_is_the_same_to_the_byte(self):
        rig = self.start()
        self.build_stack(rig, ("back", "sweep"), ("tint", "plain"), ("cover", "half"))
        rig.ask("/relume/set", "back/kind", "rings")
        rig.ask("/relume/persist", "back/speed", 1.5)
        rig.ask("/relume/set", "tint/blend", "multiply")
        rig.ask("/relume/set", "tint/tint", 0.2, 0.6, 1.0)
        rig.send("/cover/split", 0.3)
        self.wait_until(lambda: rig.get("cover/split")[0] == "committed")
        rig.ask("/relume/set", "master/dimmer", 0.8)
        before = rig.picture()
        rig.kill()
        rig = self.start("--at", str(before.show_time))
        self.assertEqual((rig.ready["recovered"], rig.ready["restarts"]), ("mirror", "1"))
        after = rig.picture()
        self.assertEqual(after.show_time, before.show_time)
        self.assertEqual(after.file, before.file)
        rig.kill()
        # The comparison would see a difference: a little later it is another picture.
        self.assertNotEqual(self.start("--at", str(before.show_time + 40_000_000)).picture().file, before.file)

    def test_show_time_goes_on_through_a_death(self):
        rig = self.start()
        before = rig.picture().show_time
        rig.kill()
        after = self.start().picture().show_time
        self.assertGreater(after, before)
        self.assertLess(after - before, 10_000_000_000)

    def test_the_first_frame_after_a_death_is_the_recovered_look(self):
        rig = self.start()
        self.build_stack(rig, ("red", "plain"))
        rig.ask("/relume/set", "red/tint", 1.0, 0.0, 0.0)
        rig.kill()
        result = self.run_to_end("--frames", "1", "--raw", "-")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(tuple(result.stdout[:3]), RED)


class Watching(VideoTest):
    def setUp(self):
        super().setUp()
        self.rig = self.start()
        self.build_stack(self.rig, ("red", "plain"), ("cover", "half"))
        self.rig.ask("/relume/set", "red/tint", 1.0, 0.0, 0.0)
        self.rig.ask("/relume/set", "cover/split", 0.25)

    def wait_for_pixels(self, left, right):
        def seen():
            picture = self.rig.picture()
            return (picture.pixel(100, 0), picture.pixel(1180, 0)) == (left, right)

        self.wait_until(seen, timeout=10.0)

    def failed(self):
        return self.rig.health()["components"]["shaders"]["failed"]

    def test_a_shader_that_is_edited_is_seen_and_values_are_kept(self):
        self.wait_for_pixels(GREEN, RED)
        self.shaders.write("half", "vec4 layer(vec2 uv) { return vec4(0.0, 0.0, 1.0, uv.x < u_split ? 1.0 : 0.0); }")
        self.wait_for_pixels(BLUE, RED)
        self.assertEqual(self.rig.get("cover/split"), ("committed", 0.25))
        self.assertNotIn("warning", self.rig.error_text())

    def test_a_broken_shader_keeps_the_last_good_picture_and_says_why_until_it_is_mended(self):
        revision = self.rig.revision()
        self.shaders.write("half", "vec4 layer(vec2 uv) {\n  return vec4(u_nothing);\n}")
        self.wait_until(lambda: "half" in self.failed(), timeout=10.0)
        self.assertIn("half.frag:2", self.failed()["half"])
        self.assertRegex(self.rig.error_text(), r"(?m)^relume-video: warning: shader half not taken \(half.frag:2.*u_nothing.*\), .+: .+")
        self.assert_pixels(self.rig.picture(), GREEN, RED)
        self.assertEqual(self.rig.revision(), revision)
        self.shaders.write("half", "vec4 layer(vec2 uv) { return vec4(0.0, 0.0, 1.0, uv.x < u_split ? 1.0 : 0.0); }")
        self.wait_for_pixels(BLUE, RED)
        self.wait_until(lambda: self.failed() == {})

    def test_declarations_that_are_broken_change_nothing_and_say_why(self):
        self.shaders.declare("half", [shaders.param("split", "flout")])
        self.wait_until(lambda: "half" in self.failed(), timeout=10.0)
        self.assertIn("half.json: parameter split: type", self.failed()["half"])
        self.assertEqual(self.rig.get("cover/split"), ("committed", 0.25))
        self.assert_pixels(self.rig.picture(), GREEN, RED)

    def test_a_parameter_that_is_added_leaves_the_others_their_values(self):
        self.shaders.declare("half", shaders.HALF[0] + [shaders.param("level", "float", range=[0, 1], default=0.0)])
        self.shaders.write("half", "vec4 layer(vec2 uv) { return vec4(0.0, u_level, 0.0, uv.x < u_split ? 1.0 : 0.0); }")
        self.wait_for_pixels(BLACK, RED)
        self.assertEqual(self.rig.get("cover/split"), ("committed", 0.25))
        self.assertEqual(self.rig.get("cover/level"), ("default", 0.0))
        self.rig.ask("/relume/set", "cover/level", 1.0)
        self.assert_pixels(self.rig.picture(), GREEN, RED)
        self.rig.kill()
        self.rig = self.start()
        self.assertEqual(self.rig.get("cover/level"), ("committed", 1.0))
        self.assert_pixels(self.rig.picture(), GREEN, RED)

    def test_a_parameter_that_changes_its_type_is_cleared_and_told(self):
        self.shaders.declare("half", [shaders.param("split", "int", range=[0, 9], default=9)])
        self.shaders.write("half", "vec4 layer(vec2 uv) { return vec4(0.0, 0.0, 1.0, uv.x * 9.0 < float(u_split) ? 1.0 : 0.0); }")
        self.wait_for_pixels(BLUE, BLUE)
        self.assertEqual(self.rig.get("cover/split"), ("default", 9))
        self.assertRegex(self.rig.error_text(), r"warning: of the layers of half, 1 values fit")

    def test_a_package_that_is_new_can_be_used_and_one_with_a_name_of_the_rig_cannot(self):
        self.shaders.declare("master", [shaders.param("dimmer", "int")])
        self.shaders.write("master", "vec4 layer(vec2 uv) { return vec4(1.0); }")
        self.wait_until(lambda: "master" in self.failed(), timeout=10.0)
        self.shaders.declare("extra", [shaders.param("level", "float", range=[0, 1], default=1.0)])
        self.shaders.write("extra", "vec4 layer(vec2 uv) { return vec4(u_level, u_level, 0.0, 1.0); }")
        self.wait_until(lambda: self.rig.ask("/relume/layer/add", "extra", "extra", "").address == "/relume/ack", timeout=10.0)
        self.wait_for_pixels((255, 255, 0), (255, 255, 0))
        self.assertEqual(self.rig.get("master/dimmer"), ("default", 1.0))

    def test_a_shader_that_is_broken_at_the_start_keeps_its_layer_and_its_values(self):
        self.rig.kill()
        self.shaders.write("half", "nonsense")
        self.rig = self.start()
        self.assertIn("half.frag", self.rig.said())
        self.assertEqual(self.rig.get("cover/split"), ("committed", 0.25))
        self.assert_pixels(self.rig.picture(), RED, RED)
        self.shaders.write("half", shaders.HALF[1])
        self.wait_for_pixels(GREEN, RED)


class Card(VideoTest):
    RESULTS = ("completed", "late", "dropped", "flushed")

    def setUp(self):
        super().setUp()
        self.log = os.path.join(self.place.root, "card.log")
        self.png = os.path.join(self.place.root, "card.png")

    def start_on_card(self, *arguments):
        return self.start("--device", "virtual", *arguments, environment={"VCARD_LOG": self.log, "VCARD_PNG": self.png})

    def picture_of_card(self):
        """What left the card: the card itself writes it."""
        open(self.png + ".request", "wb").close()
        self.wait_until(lambda: not os.path.exists(self.png + ".request"))
        return video_harness.Picture(self.png)

    def summary(self):
        with open(self.log, encoding="utf-8") as log:
            events = [json.loads(line) for line in log]
        return [event for event in events if event["event"] == "summary"][-1]

    def assert_like(self, seen, expected):
        """Of a picture that has been Y'CbCr in between."""
        for lane in range(3):
            self.assertAlmostEqual(seen[lane], expected[lane], delta=4, msg=f"{seen} {expected}")

    def test_ten_seconds_leave_a_clean_ledger_on_which_both_sides_agree(self):
        rig = self.start_on_card("--mode", "720p25", "--frames", "250")
        self.assertEqual((rig.ready["device"], rig.ready["mode"]), ("virtual", "720p25"))
        self.wait_until(lambda: rig.health()["components"].get("card", {}).get("state") == "playing")
        self.assertEqual(rig.process.wait(20), 0)
        told, card, picture = rig.told("card"), self.summary(), rig.told("picture")
        self.assertEqual(picture["pictures"], 250)
        self.assertGreaterEqual(card["scheduled"], 2 * 240, "each picture fills two slots of 50 Hz")
        self.assertEqual(card["scheduled"], sum(card[result] for result in self.RESULTS))
        self.assertEqual({name: told[name] for name in ("scheduled", *self.RESULTS)},
                         {name: card[name] for name in ("scheduled", *self.RESULTS)})
        self.assertEqual((card["late"], card["dropped"], card["frame_references"]), (0, 0, 0), told)
        print(f"ten seconds of 720p25: {picture}, {told}")

    def test_what_leaves_the_card_is_the_look_of_the_show(self):
        rig = self.start_on_card()
        self.build_stack(rig, ("blue", "plain"), ("green", "half"))
        rig.ask("/relume/set", "blue/tint", 0.0, 0.0, 1.0)

        def seen():
            picture = self.picture_of_card()
            return (picture.pixel(100, 0), picture.pixel(1180, 0))

        self.wait_until(lambda: max(map(abs, (a - b for a, b in zip(seen()[1], BLUE)))) <= 4)
        self.assert_like(seen()[0], GREEN)
        rig.ask("/relume/set", "master/blackout", True)
        self.wait_until(lambda: max(seen()[0] + seen()[1]) <= 4)
        self.assertEqual(rig.stop()[0], 0)

    def test_a_card_that_is_busy_ends_with_1(self):
        lock = {"VCARD_LOCK": os.path.join(self.place.root, "card.lock")}
        self.start("--device", "virtual", environment=lock)
        other = os.path.join(self.place.root, "other.show")
        result = run_to_end("--show", other, "--runtime-dir", self.place.runtime, "--osc-port", "0", "--shaders",
                            self.shaders.path, "--device", "virtual", env={**os.environ, **lock})
        self.assertEqual((result.returncode, result.stdout), (1, b""), result.stderr)
        self.assertEqual(len(error_lines(result.stderr)), 1, result.stderr)


if __name__ == "__main__":
    video_harness.main()
