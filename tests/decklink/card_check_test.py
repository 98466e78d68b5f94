# SPDX-License-Identifier: Apache-2.0
"""relume-card-check from outside, on the emulated card: what it prints, how it ends, and that its ledger is the card's."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

CHECK = os.environ["RELUME_CARD_CHECK"]
CARD = os.environ["RELUME_VIRTUAL_CARD"]
FAKES = os.environ["RELUME_FAKE_LIBRARIES"]
RESULTS = ("completed", "late", "dropped", "flushed")


def values(text):
    """The lines `name: value`, without those of modes, of which there are many."""
    return dict(line.split(": ", 1) for line in text.splitlines() if not line.startswith("mode: "))


class CardCheck(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="relume-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.log = os.path.join(self.folder, "card.log")

    def start(self, *arguments, library=CARD, **environment):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("VCARD_")}
        process = subprocess.Popen(
            [CHECK, "--library", library, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**kept, "VCARD_LOG": self.log, **environment})
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()
        process.stderr.close()

    def run_to_end(self, *arguments, **options):
        process = self.start(*arguments, **options)
        output, errors = process.communicate(timeout=30)
        return process.returncode, output, errors

    def events(self, name):
        """Whole lines of the card's log; its last one may still be being written."""
        if not os.path.exists(self.log):
            return []
        with open(self.log, encoding="utf-8") as log:
            lines = [json.loads(line) for line in log if line.endswith("\n")]
        return [line for line in lines if line["event"] == name]

    def wait_for_pictures(self, count):
        deadline = time.monotonic() + 10
        while len(self.events("displayed")) < count:
            self.assertLess(time.monotonic(), deadline, "nothing is shown")
            time.sleep(0.01)

    def assert_ledger(self, output):
        """The client's counters are the card's, and they add up."""
        told = values(output)
        card = self.events("summary")[-1]
        for name in ("scheduled", *RESULTS):
            self.assertEqual(int(told[name]), card[name], name)
        self.assertEqual(int(told["scheduled"]), sum(int(told[name]) for name in RESULTS))
        self.assertEqual(told["equation"], "holds")
        self.assertEqual(card["frame_references"], 0)
        return told

    def test_a_short_run_prints_the_card_and_a_ledger_that_is_the_cards(self):
        code, output, errors = self.run_to_end("--seconds", "1", "--mode", "720p50", VCARD_HASH="1")
        told = self.assert_ledger(output)
        in_time = {told[name] for name in ("late", "dropped", "skipped_slots")} == {"0"}
        # A loaded machine may be late; then it must say so.
        self.assertEqual((code, told["verdict"]), (0, "clean") if in_time else (1, "not clean"), errors)
        self.assertIn("Emulated", told["card"])
        self.assertRegex(told["driver"], r"^\d+\.\d+\.\d+$")
        self.assertRegex(told["persistent-id"], r"^[0-9a-f]+$")
        self.assertEqual(told["minimum-preroll"], "3")
        self.assertEqual(told["preroll"], "4")
        self.assertEqual(told["internal-keyer"], "yes")
        self.assertIn(told["reference"], ("locked", "unlocked", "unsupported"))
        self.assertIn("mode: 1080p59.94 1920x1080 60000/1001 uyvy", output.splitlines())
        self.assertGreater(int(told["completed"]), 10)
        hashes = [event["hash"] for event in self.events("displayed")]
        repeats = sum(a == b for a, b in zip(hashes, hashes[1:]))
        self.assertLessEqual(repeats, int(told["repeats"]))

    def test_both_eras_and_a_card_by_its_persistent_id(self):
        for profile, interface in (("a", "A (11.5)"), ("b", "B (14.3)")):
            code, output, errors = self.run_to_end(
                "--seconds", "1", "--mode", "720p25", "--device", "454d0002", VCARD_PROFILE=profile, VCARD_CARDS="3")
            self.assertIn(code, (0, 1), errors)
            told = values(output)
            self.assertEqual(told["interface"], interface)
            self.assertEqual(told["persistent-id"], "454d0002")
            self.assertEqual(told["equation"], "holds")

    def test_no_seconds_print_the_card_and_leave_it_alone(self):
        code, output, _ = self.run_to_end("--seconds", "0")
        self.assertEqual(code, 0)
        self.assertIn("Emulated", values(output)["card"])
        self.assertNotIn("scheduled", values(output))
        self.assertEqual(self.events("enabled"), [])

    def test_each_absence_ends_with_a_code_and_an_error_of_its_own(self):
        def fake(name):
            return os.path.join(FAKES, f"libdecklink_fake_{name}.so")

        for library, code, fault in (
                (os.path.join(self.folder, "none.so"), 3, "no-library"), (fake("without_iterator"), 4, "no-symbol"),
                (fake("empty_iterator"), 5, "no-card"), (fake("capture_card"), 6, "no-output")):
            ended, output, errors = self.run_to_end("--seconds", "1", library=library)
            self.assertEqual(ended, code, fault)
            self.assertEqual(output, "")
            self.assertRegex(errors, rf"^relume-card-check: error: {fault}: .+, .+: .+\n$")
        self.assertEqual(self.run_to_end(VCARD_CARDS="0")[0], 5)

    def test_usage(self):
        for arguments in (("--seconds", "-1"), ("--mode", "1080i50"), ("--preroll", "65"), ("--nonsense",)):
            code, _, errors = self.run_to_end(*arguments)
            self.assertEqual(code, 2, arguments)
            self.assertNotEqual(errors, "")

    def test_an_output_in_use_elsewhere_is_busy(self):
        lock = os.path.join(self.folder, "lock")
        first = self.start("--seconds", "60", "--mode", "720p50", VCARD_LOCK=lock)
        self.wait_for_pictures(1)
        code, _, errors = self.run_to_end("--seconds", "1", VCARD_LOCK=lock, VCARD_LOG="/dev/null")
        self.assertEqual(code, 8)
        self.assertIn("error: busy: ", errors)
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=10)

    def test_a_signal_ends_it_in_order_with_its_ledger(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            if os.path.exists(self.log):
                os.unlink(self.log)
            process = self.start("--seconds", "60", "--mode", "720p50")
            self.wait_for_pictures(5)
            process.send_signal(number)
            output, _ = process.communicate(timeout=10)
            self.assertIn(process.returncode, (0, 1))
            self.assert_ledger(output)

    def test_a_machine_that_stands_still_is_seen_and_not_called_clean(self):
        process = self.start("--seconds", "2", "--mode", "720p50")
        self.wait_for_pictures(5)
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.5)  # the machine's own clock goes on: 25 slots, of which the queue holds 4
        process.send_signal(signal.SIGCONT)
        output, errors = process.communicate(timeout=30)
        told = self.assert_ledger(output)
        self.assertGreaterEqual(int(told["reanchors"]), 1)
        self.assertGreaterEqual(int(told["skipped_slots"]), 15)
        self.assertEqual(errors.count("fell behind"), 1)
        self.assertEqual((process.returncode, told["verdict"]), (1, "not clean"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
