# SPDX-License-Identifier: Apache-2.0
"""GStreamer's decklinkvideosink, which we did not write, plays on the emulated card: two ledgers, kept by two strangers.

An exit code proves little: with two slots of the output swapped a client may well end in peace. So every run has a time limit, and
what the client counted is compared with what the card counted."""

import ctypes
import ctypes.util
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

CARD = os.environ.get("RELUME_VIRTUAL_CARD", "")
SWAPPED = os.environ.get("RELUME_VIRTUAL_CARD_SWAPPED", "")
TIME_LIMIT = 60.0

# What the client's log says of each result, and the card's name for it.
RESULTS = {"Completed frame": "completed", "Late Frame": "late", "Dropped Frame": "dropped", "Flushed Frame": "flushed"}


def why_not():
    """Why these tests cannot run here; None if they can."""
    for program in ("gst-launch-1.0", "gst-device-monitor-1.0", "gst-inspect-1.0"):
        if shutil.which(program) is None:
            return f"{program} is not installed (gstreamer1.0-tools, gstreamer1.0-plugins-base-apps)"
    if ctypes.util.find_library("xxhash") is None:
        return "libxxhash is not installed (libxxhash0)"
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "GST_REGISTRY": os.path.join(folder, "registry")}
        for element, package in (("decklinkvideosink", "bad"), ("videotestsrc", "base"), ("rawvideoparse", "base")):
            if subprocess.run(["gst-inspect-1.0", "--exists", element], env=environment, timeout=TIME_LIMIT,
                              check=False).returncode != 0:
                return f"GStreamer has no {element} (gstreamer1.0-plugins-{package})"
    return None


class Hash:
    """XXH3 of 64 bits, by the library that its author keeps."""

    def __init__(self):
        library = ctypes.CDLL(ctypes.util.find_library("xxhash"))
        self.function = library.XXH3_64bits
        self.function.restype = ctypes.c_uint64
        self.function.argtypes = (ctypes.c_char_p, ctypes.c_size_t)

    def frames(self, path, size):
        """Of each frame of so many bytes in the file."""
        hashes = []
        with open(path, "rb") as file:
            while frame := file.read(size):
                if len(frame) != size:
                    raise ValueError(f"{path} ends within a frame")
                hashes.append(f"{self.function(frame, size):016x}")
        return hashes


class Run:
    """A pipeline that has ended, with the ledgers of both sides."""

    def __init__(self, code, said, log):
        self.code = code
        self.said = said
        self.client = {name: said.count(words) for words, name in RESULTS.items()}
        self.client_scheduled = said.count("Scheduling video frame")
        self.client_stopped = said.count("Scheduled playback stopped")
        self.events = [json.loads(line) for line in log.splitlines()]
        self.summary = next((event for event in reversed(self.events) if event["event"] == "summary"), None)

    def of(self, kind):
        return [event for event in self.events if event["event"] == kind]

    def problems(self, frames):
        """Why the two ledgers do not tell of a sound run of so many frames. The client schedules its first frame twice."""
        if self.summary is None:
            return ["the card wrote no summary"]
        card, found = self.summary, []

        def must_equal(what, got, wanted):
            if got != wanted:
                found.append(f"{what}: {got}, not {wanted}")

        must_equal("exit code", self.code, 0)
        must_equal("scheduled", card["scheduled"], frames + 1)
        must_equal("scheduled of the client", self.client_scheduled, frames + 1)
        must_equal("sum of results", sum(card[name] for name in RESULTS.values()), card["scheduled"])
        for name, count in self.client.items():
            must_equal(f"{name} of the card against the client's", card[name], count)
            must_equal(f"{name} in the log", len(self.of(name)), card[name])
        must_equal("stopped notices", (card["stopped_notices"], self.client_stopped), (1, 1))
        for name in ("outstanding", "queued", "frame_references", "refused", "synchronous", "enabled"):
            must_equal(name, card[name], 0)
        must_equal("displayed", card["displayed"], card["completed"] + card["late"])
        shown = [event["serial"] for event in self.of("displayed")]
        ended = [event["serial"] for event in self.events if event["event"] in ("completed", "late")]
        must_equal("order of completion", ended, shown)
        must_equal("order of display", [event["shown"] for event in self.of("displayed")],
                   sorted({event["shown"] for event in self.of("displayed")}))
        return found

    def displayed_hashes(self):
        """By the index of the frame in the source: the first two schedule calls are of frame 0."""
        return {max(0, event["serial"] - 1): event["hash"] for event in self.of("displayed")}


class GStreamer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for folder in (CARD, SWAPPED):
            if not os.path.isfile(os.path.join(folder, "libDeckLinkAPI.so")):
                raise FileNotFoundError(f"no emulated card in {folder!r} (RELUME_VIRTUAL_CARD, RELUME_VIRTUAL_CARD_SWAPPED)")
        # The largest file is 166 MB; the registry is made once.
        cls.folder = tempfile.mkdtemp(prefix="relume-gstreamer-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def run_program(self, command, library=CARD, **variables):
        """Its exit code and all that it said. A program that hangs is ended, and that is a failure."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("VCARD_", "GST_"))}
        environment.update(GST_REGISTRY=self.path("registry"), GST_DEBUG_NO_COLOR="1", **variables)
        if library:
            environment["LD_LIBRARY_PATH"] = library
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
                              start_new_session=True) as process:
            try:
                said, _ = process.communicate(timeout=TIME_LIMIT)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                said, _ = process.communicate()
                self.fail(f"{command[0]} does not end within {TIME_LIMIT} s; it said {said[-2000:]!r}")
        return process.returncode, said.decode(errors="replace")

    def launch(self, pipeline, **options):
        return self.run_program(["gst-launch-1.0", "-q", *pipeline.split()], **options)

    def play(self, pipeline, library=CARD, **variables):
        log = self.path("card.log")
        if os.path.exists(log):
            os.unlink(log)
        code, said = self.launch(pipeline, library=library, VCARD_LOG=log, VCARD_HASH="1", GST_DEBUG="decklinkvideosink:6",
                                 **variables)
        text = ""
        if os.path.exists(log):
            with open(log, encoding="ascii") as file:
                text = file.read()
        return Run(code, said, text)

    def check(self, run, frames):
        self.assertEqual(run.problems(frames), [], run.summary)

    BALL = "videotestsrc num-buffers=100 pattern=ball ! video/x-raw,format=UYVY,width=1920,height=1080,framerate=50/1"
    # On a busy machine the sink's base class would drop what comes late before the card sees it: it is told to hand on everything.
    SINK = "queue ! decklinkvideosink max-lateness=-1 qos=false"
    PLAY_BALL = f"{BALL} ! {SINK} mode=1080p50"

    def test_r0_without_the_card_nothing_plays(self):
        code, said = self.launch("videotestsrc num-buffers=1 ! decklinkvideosink", library=None)
        if code == 0:
            self.skipTest("a real card is installed here")
        self.assertIn("Failed to start", said)

    def test_r1_a_stranger_finds_the_card(self):
        code, said = self.run_program(["gst-device-monitor-1.0", "Video/Sink", "Audio/Sink"], VCARD_CARDS="2")
        self.assertEqual(code, 0, said)
        devices = {}
        for block in said.split("Device found:")[1:]:
            fields = dict(re.findall(r"^\s*([a-z-]+)\s*[:=] (.+?)\s*$", block, re.MULTILINE))
            devices[fields["name"]] = fields
        ours = {name: fields for name, fields in devices.items() if name.startswith("Emulated Playout Card")}
        self.assertEqual(set(ours), {f"Emulated Playout Card ({card}) ({kind} Output)" for card in (1, 2)
                                     for kind in ("Video", "Audio")})
        for name, fields in ours.items():
            kind = "Video" if "Video" in name else "Audio"
            self.assertEqual(fields["class"], f"{kind}/Sink/Hardware")
            self.assertEqual(fields["serial-number"], "EMULATED-0001" if "(1)" in name else "EMULATED-0002")
            self.assertEqual(fields["max-channels"].split()[0], "16")
        self.assertEqual(len({fields["persistent-id"] for fields in ours.values()}), 2)

    def test_r2_both_ledgers_agree(self):
        self.check(self.play(self.PLAY_BALL), 100)

    def test_r3_what_is_displayed_is_what_was_sent(self):
        reference = self.path("ball.raw")
        code, said = self.launch(self.BALL.replace("=100", "=40") + f" ! filesink location={reference}")
        self.assertEqual(code, 0, said)
        sent = Hash().frames(reference, 1920 * 1080 * 2)
        os.unlink(reference)
        self.assertEqual(len(set(sent)), 40, "frames that look alike prove nothing")
        run = self.play(self.PLAY_BALL.replace("=100", "=40"))
        self.check(run, 40)
        displayed = run.displayed_hashes()
        self.assertGreater(len(displayed), 0)
        self.assertEqual(displayed, {index: sent[index] for index in displayed})

    def test_r4_59_94_in_ten_bits(self):
        frames, size = 30, 5120 * 1080
        source = self.path("v210.raw")
        code, said = self.launch(f"videotestsrc num-buffers={frames} pattern=ball ! "
                                 f"video/x-raw,format=v210,width=1920,height=1080,framerate=60000/1001 ! filesink location={source}")
        self.assertEqual(code, 0, said)
        sent = Hash().frames(source, size)
        run = self.play(f"filesrc location={source} blocksize={size} ! rawvideoparse format=v210 width=1920 height=1080 "
                        f"framerate=60000/1001 ! {self.SINK} mode=1080p5994 video-format=10bit-yuv")
        os.unlink(source)
        self.check(run, frames)
        self.assertEqual({event["row_bytes"] for event in run.of("scheduled")}, {5120})
        displayed = run.displayed_hashes()
        self.assertEqual(displayed, {index: sent[index] for index in displayed})

    def test_r5_a_card_whose_clock_is_off(self):
        for ppm in (5000, -5000):
            with self.subTest(ppm=ppm):
                run = self.play("videotestsrc num-buffers=300 ! video/x-raw,format=UYVY,width=1280,height=720,framerate=50/1 ! "
                                f"{self.SINK} mode=720p50", VCARD_PPM=str(ppm))
                self.check(run, 300)
                # In 6 s the clocks part by 1.5 frames: a client that did not follow the card's would be wrong with most.
                self.assertGreater(run.summary["completed"], 150, run.summary)

    def test_swapped_slots_are_noticed(self):
        run = self.play(self.PLAY_BALL, library=SWAPPED)
        self.assertEqual(run.summary["scheduled"], 0)
        self.assertIn("scheduled: 0, not 101", run.problems(100))

    def test_the_newest_picture_is_written_when_asked_for(self):
        picture = self.path("picture.png")
        with open(picture + ".request", "w", encoding="ascii"):
            pass
        code, said = self.launch(self.PLAY_BALL.replace("=100", "=50"), VCARD_PNG=picture)
        self.assertEqual(code, 0, said)
        self.assertFalse(os.path.exists(picture + ".request"))
        with open(picture, "rb") as file:
            head = file.read(24)
        self.assertEqual(head[:8], b"\x89PNG\r\n\x1a\n")
        self.assertEqual(struct.unpack(">II", head[16:24]), (1920, 1080))


if __name__ == "__main__":
    reason = why_not()
    if reason is not None:
        print(f"skipped: {reason}")
        sys.exit(77)
    unittest.main()
