# SPDX-License-Identifier: Apache-2.0
"""Projects of other people build against an installed Relume, out of reach of its source tree, and what they set survives.

install_test.py CMAKE SOURCE_FOLDER BUILD_FOLDER"""

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
HERE = pathlib.Path(__file__).parent
# Whatever could lead a compiler, a linker, cmake or pkg-config to another Relume.
LEADS = re.compile("(CMAKE|PKG_CONFIG|LD|RELUME)_.*|.*PATH|C|CC|CXX|CPP|(C|CXX|CPP|LD)FLAGS")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name == "PATH" or not LEADS.fullmatch(name)}


def run(*command, **others):
    """What the command printed, if it succeeded."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, timeout=60, env={**ENVIRONMENT, **others})
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="relume-install-")
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        # Moved after it was installed: nothing in it may know where it was put.
        run(CMAKE, "--install", BUILD, "--prefix", cls.root / "first")
        cls.prefix = (cls.root / "first").rename(cls.root / "prefix")
        cls.libraries = next(cls.prefix.rglob("relume.pc")).parent.parent
        header = (SOURCE / "include/relume/base.h").read_text()
        cls.version = ".".join(re.search(rf"RELUME_VERSION_{part} (\d+)", header)[1] for part in ("MAJOR", "MINOR", "PATCH"))
        for consumer in ("c", "cpp", "composer", "refused"):
            shutil.copytree(HERE / consumer, cls.root / consumer)

    def pkg_config(self, *arguments):
        return run("pkg-config", *arguments, "relume", PKG_CONFIG_PATH=str(self.libraries / "pkgconfig")).split()

    def component(self, name):
        """Where one component alone is installed."""
        run(CMAKE, "--install", BUILD, "--prefix", self.root / "components" / name, "--component", name)
        return self.root / "components" / name

    def configure(self, consumer, prefix=None, build="build"):
        return run(CMAKE, "-G", "Ninja", "-S", self.root / consumer, "-B", self.root / consumer / build,
                   f"-DCMAKE_PREFIX_PATH={prefix or self.prefix}", "-DCMAKE_BUILD_TYPE=Release", f"-DWANTED={self.version}")

    def dies_and_comes_back(self, program, shared):
        linked = run("ldd", program, LD_LIBRARY_PATH=str(self.libraries))
        self.assertEqual("librelume.so" in linked, shared, linked)
        with tempfile.TemporaryDirectory(dir=self.root) as folder:
            environment = {**ENVIRONMENT, "LD_LIBRARY_PATH": str(self.libraries)}
            death = subprocess.run([program, folder, "move", "62.5"], env=environment, capture_output=True, text=True,
                                   check=False, timeout=20)
            self.assertEqual(death.returncode, -signal.SIGKILL, death.stderr)
            self.assertEqual(run(program, folder, LD_LIBRARY_PATH=str(self.libraries)), f"62.5 with relume {self.version}\n")

    def test_the_version_is_one_everywhere(self):
        self.assertEqual(self.pkg_config("--modversion"), [self.version])

    def test_find_package(self):
        for consumer in ("c", "cpp"):
            self.configure(consumer)
            run(CMAKE, "--build", self.root / consumer / "build")
            for kind in ("static", "shared"):
                with self.subTest(consumer=consumer, kind=kind):
                    self.dies_and_comes_back(self.root / consumer / "build" / f"desk_{kind}", kind == "shared")

    def test_pkg_config(self):
        # Where both libraries lie in one folder, a linker takes the shared one unless the archive is named.
        kinds = {"shared": self.pkg_config("--cflags", "--libs"),
                 "static": ["-l:librelume.a" if flag == "-lrelume" else flag
                            for flag in self.pkg_config("--static", "--cflags", "--libs")]}
        for compiler, standard, source in (("cc", "-std=c11", "c/desk.c"), ("c++", "-std=c++17", "cpp/desk.cpp")):
            for kind, flags in kinds.items():
                with self.subTest(compiler=compiler, kind=kind):
                    program = self.root / f"{compiler}_{kind}"
                    extra = ["-D_POSIX_C_SOURCE=200809L"] if compiler == "cc" else []
                    run(compiler, standard, *extra, "-Wall", "-Wextra", "-Wpedantic", "-Werror", self.root / source, "-o",
                        program, *flags)
                    self.dies_and_comes_back(program, kind == "shared")

    def test_swiftpm_accepts_the_flags(self):
        words = (self.libraries / "pkgconfig/relume.pc").read_text().splitlines()
        fields = dict(line.split(": ", 1) for line in words if ": " in line and not line.startswith("#"))
        self.assertTrue(all(flag.startswith("-I") for flag in fields["Cflags"].split()), fields)
        self.assertTrue(all(flag.startswith(("-L", "-l")) for flag in fields["Libs"].split()), fields)
        self.assertNotIn("Requires.private", fields)

    def test_refuses_what_it_is_not(self):
        answers = dict(re.findall(r"^-- (\w+): (.*)$", self.configure("refused"), re.MULTILINE))
        both, shared = "1 [relume::static;relume::shared;relume::composer] ", "1 [relume::shared;relume::composer] "
        self.assertEqual(answers["this_minor"], both)
        for other in ("earlier_minor", "later_minor", "later_major"):
            self.assertRegex(answers[other], r"^0 \[\] ", other)
        self.assertRegex(answers["no_such_component"], r"^0 .*tuba")
        self.assertEqual(answers["shared_without_fmt"], shared)
        self.assertEqual(answers["composer_without_fmt"], shared)
        self.assertRegex(answers["either_without_fmt"], r"^1 \[relume::shared;relume::composer\] ")
        self.assertRegex(answers["static_without_fmt"], r"^0 \[relume::shared;relume::composer\] .*libraries that were not found: fmt$")

    def test_every_header_is_installed_and_nothing_else_of_the_project(self):
        def headers(folder):
            return sorted(path.name for path in folder.glob("relume/*"))

        self.assertEqual(headers(self.prefix / "include"), headers(SOURCE / "include"))
        others = {re.sub(r"\.\d.*|-(release|debug)(?=\.cmake)", "", path.name) for path in self.prefix.rglob("*")
                  if path.is_file() and path.parent != self.prefix / "include/relume"}
        self.assertEqual(others, {"librelume.a", "librelume.so", "relume.pc", "relumeConfig.cmake", "relumeConfigVersion.cmake",
                                  "relume-static.cmake", "relume-shared.cmake", "LICENSE", "librelume-composer.a",
                                  "relume-composer.cmake"})

    def test_no_file_names_the_tree_it_was_built_in(self):
        for path in self.prefix.rglob("*"):
            if path.is_file() and not path.name.startswith("librelume"):  # those have it in a debug build
                content = path.read_bytes()
                for place in (SOURCE, BUILD, self.root / "first"):
                    self.assertNotIn(str(place).encode(), content, path)

    def test_components_tell_running_from_building(self):
        names = {component: {path.name for path in self.component(component).rglob("*") if not path.is_dir()}
                 for component in ("runtime", "development", "composer")}
        self.assertFalse(names["runtime"] & names["development"])
        self.assertEqual(names["runtime"] | names["development"] | names["composer"],
                         {path.name for path in self.prefix.rglob("*") if not path.is_dir()})
        self.assertEqual({re.sub(r"\.so\..*", ".so.N", name) for name in names["runtime"]}, {"librelume.so.N", "LICENSE"})
        own = names["composer"] - names["runtime"] - names["development"]
        self.assertEqual({re.sub(r"-(release|debug)(?=\.cmake)", "", name) for name in own},
                         {"librelume-composer.a", "relume-composer.cmake"})

    def moves_a_fader(self, prefix, build):
        self.configure("composer", prefix, build)
        run(CMAKE, "--build", self.root / "composer" / build)
        program = self.root / "composer" / build / "fader"
        self.assertEqual(run(program), "0.000 0.632 1.000, settled 0\n")
        self.assertEqual(set(re.findall(r"lib\w+(?=\.so)", run("ldd", program))), {"libc"})

    def test_the_composer_can_be_built_without_the_rest(self):
        build, prefix = self.root / "composer only", self.root / "composer prefix"
        nothing = [f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON"
                   for name in ("Threads", "fmt", "SQLite3", "PkgConfig", "ZLIB", "nlohmann_json", "Catch2", "benchmark")]
        run(CMAKE, "-G", "Ninja", "-S", SOURCE, "-B", build, "-DCMAKE_BUILD_TYPE=Release", "-DRELUME_COMPOSER_ONLY=ON", *nothing)
        run(CMAKE, "--build", build)
        run(CMAKE, "--install", build, "--prefix", prefix)
        self.assertEqual({path.name for path in prefix.rglob("*") if not path.is_dir()},
                         {path.name for path in self.component("composer").rglob("*") if not path.is_dir()})
        self.moves_a_fader(prefix, "build of the composer only")

    def test_the_composer_alone_is_a_whole_package(self):
        """Installed without the rest, in a project that has no C++ and links nothing else."""
        prefix = self.component("composer")
        self.moves_a_fader(prefix, "build")
        with self.assertRaisesRegex(AssertionError, "was not installed"):
            self.configure("cpp", prefix, "build without the rest")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
