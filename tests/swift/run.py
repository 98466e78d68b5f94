# SPDX-License-Identifier: Apache-2.0
"""The Swift package as its users have it: an installed library, the package copied out of the tree, and a fresh package that
depends on it. Builds without a warning, tells the quickstart's story, runs the package's own tests, and has the compiler
refuse what it must refuse.

run.py CMAKE SOURCE_FOLDER BUILD_FOLDER          the test; ends with 77 where there is no `swift`
run.py CMAKE SOURCE_FOLDER BUILD_FOLDER --bench  builds the benchmark alone, into BUILD_FOLDER/bin/relume-swift-bench

What is built stays below BUILD_FOLDER/swift, so that the next run only builds what has changed."""

import glob
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

CMAKE, SOURCE, BUILD = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
PLACE = BUILD / "swift"
PREFIX, TREE = PLACE / "prefix", PLACE / "tree"
PACKAGE, QUICKSTART = pathlib.Path("bindings/swift"), pathlib.Path("examples/quickstart/swift")
# An own folder for each thing that is built: what one writes does not make another build anew.
SCRATCH, FRESH_SCRATCH = PLACE / "package", PLACE / "fresh"


def environment():
    libraries = next(PREFIX.rglob("relume.pc")).parent.parent
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PKG_CONFIG", "LD_"))}
    return {**kept, "PKG_CONFIG_PATH": str(libraries / "pkgconfig"), "LD_LIBRARY_PATH": str(libraries)}


def run(*command, cwd=None, timeout=600):
    """What the command printed, if it succeeded."""
    done = subprocess.run([str(word) for word in command], cwd=cwd, env=environment() if PREFIX.exists() else None,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=timeout)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout[-20000:]}")
    return done.stdout


def mirror_tree(source, target):
    """Makes the target equal to the source; leaves alone, with its time, what is so already."""
    wanted = {path.relative_to(source) for path in source.rglob("*")
              if path.is_file() and not any(part.startswith(".") for part in path.relative_to(source).parts)}
    there = {path.relative_to(target) for path in target.rglob("*") if path.is_file()} if target.exists() else set()
    for name in there - wanted:
        (target / name).unlink()
    for name in wanted:
        if name not in there or (source / name).read_bytes() != (target / name).read_bytes():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target / name)


def swift_build(package, scratch, *arguments):
    return run("swift", "build", "--package-path", package, "--scratch-path", scratch, "-Xswiftc", "-warnings-as-errors",
               *arguments)


def install_and_copy_out():
    run(CMAKE, "--install", BUILD, "--prefix", PREFIX)
    for part in (PACKAGE, QUICKSTART):
        mirror_tree(SOURCE / part, TREE / part)


def build_bench():
    """The benchmark finds its library wherever it is started from."""
    libraries = environment()["LD_LIBRARY_PATH"]
    arguments = ("-c", "release", "-Xlinker", f"-rpath={libraries}", "--product", "relume-swift-bench")
    swift_build(TREE / PACKAGE, PLACE / "bench", *arguments)
    target = BUILD / "bin/relume-swift-bench"
    target.parent.mkdir(exist_ok=True)
    return shutil.copy2(PLACE / "bench/release/relume-swift-bench", target)


class FreshPackage(unittest.TestCase):
    """A package that depends on ours and knows nothing else of it."""

    @classmethod
    def setUpClass(cls):
        package = TREE / QUICKSTART / "relume-quickstart"
        swift_build(package, FRESH_SCRATCH)
        cls.program = FRESH_SCRATCH / "debug/relume-quickstart-swift"

    def start(self, *arguments):
        return subprocess.run([self.program, *arguments], env=environment(), capture_output=True, text=True, check=False,
                              timeout=60)

    def test_dies_and_comes_back(self):
        with tempfile.TemporaryDirectory() as place:
            show = pathlib.Path(place) / "quickstart.show"
            try:
                self.assertEqual(self.start(show).stdout, "wash/level is 0.0 at revision 0\n")
                death = self.start(show, "die")
                self.assertEqual(death.returncode, -signal.SIGKILL)
                self.assertEqual(death.stdout, "set wash/level to 0.75, revision 1\n")
                self.assertEqual(self.start(show).stdout, "wash/level is 0.75 at revision 1\n")
            finally:
                self.remove_mirror(show)

    @staticmethod
    def remove_mirror(show):
        """Other shows of this machine have theirs in the same folder; each begins with the id of its show."""
        identity = bytes.fromhex((show / "id").read_text())
        for mirror in glob.glob(f"/dev/shm/relume-{os.getuid()}-*"):
            with open(mirror, "rb") as file:
                ours = identity in file.read(4096)
            if ours:
                os.remove(mirror)

    def test_wrong_use_is_explained(self):
        usage = self.start()
        self.assertEqual((usage.returncode, usage.stderr.startswith("usage: ")), (2, True))
        nowhere = self.start("/nowhere/at/all")
        self.assertEqual(nowhere.returncode, 1)
        self.assertIn("/nowhere/at/all: make folder: ENOENT", nowhere.stderr)

    def test_is_short(self):
        lines = (SOURCE / QUICKSTART / "relume-quickstart/main.swift").read_text().splitlines()
        self.assertLessEqual(len(lines), 40)


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        swift_build(TREE / PACKAGE, SCRATCH, "--build-tests")

    def test_its_own_tests_pass(self):
        told = run("swift", "test", "--skip-build", "--package-path", TREE / PACKAGE, "--scratch-path", SCRATCH)
        self.assertRegex(told, r"Test run with [1-9]\d+ tests in \d+ suites passed")

    def compile(self, source, *flags):
        """The diagnostics; those of ownership are found beyond type checking."""
        prefix_include = PREFIX / "include"
        command = ["swiftc", "-emit-sil", "-o", os.devnull, "-swift-version", "6", "-warnings-as-errors", "-parse-as-library",
                   "-module-name", "Consumer", "-I", SCRATCH / "debug/Modules", "-Xcc",
                   f"-fmodule-map-file={TREE / PACKAGE}/Sources/CRelume/module.modulemap", "-Xcc", f"-I{prefix_include}",
                   *flags, source]
        return subprocess.run(command, env=environment(), capture_output=True, text=True, check=False, timeout=120)

    def test_wrong_use_does_not_compile_and_its_right_twin_does(self):
        sources = sorted((SOURCE / "tests/swift/refused").glob("*.swift"))
        self.assertGreater(len(sources), 5)
        for source in sources:
            with self.subTest(source=source.name):
                expected = re.search(r"^// refused: (.+)$", source.read_text(), re.MULTILINE)[1]
                right = self.compile(source, "-DRIGHT")
                self.assertEqual(right.returncode, 0, right.stderr)
                wrong = self.compile(source)
                self.assertNotEqual(wrong.returncode, 0, "it compiles")
                errors = re.findall(r"^\S+ error: (.*)$", wrong.stderr, re.MULTILINE)
                self.assertEqual(len(errors), 1, wrong.stderr)
                self.assertIn(expected, errors[0])


class Benchmark(unittest.TestCase):
    """That there are figures. Whether they keep to their budget is for the benchmarks to say."""

    def test_every_figure_is_there_and_in_the_form_of_the_other_benchmarks(self):
        program = build_bench()
        with tempfile.TemporaryDirectory() as place:
            out = pathlib.Path(place) / "out.json"
            lines = subprocess.run([program, f"--benchmark_out={out}"], check=True, capture_output=True, text=True,
                                   timeout=120).stdout.splitlines()
            figures = [json.loads(line) for line in lines]
            self.assertEqual([figure["name"] for figure in figures],
                             ["swift/overlay_write", "swift/value_set", "swift/frame_read"])
            for figure in figures:
                self.assertAlmostEqual(figure["ratio"], figure["ns"] / figure["c_ns"])
                self.assertGreater(figure["c_ns"], 0)
            self.assertEqual(json.loads(out.read_text()), {"benchmarks": figures})
            filtered = subprocess.run([program, "--benchmark_filter=overlay"], check=True, capture_output=True, text=True,
                                      timeout=120).stdout.splitlines()
            self.assertEqual(len(filtered), 1)


if __name__ == "__main__":
    if shutil.which("swift") is None:
        print("skipped: no `swift` command")
        sys.exit(77)
    install_and_copy_out()
    if sys.argv[4:] == ["--bench"]:
        print(build_bench())
        sys.exit(0)
    unittest.main(argv=sys.argv[:1])
