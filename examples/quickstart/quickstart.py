# SPDX-License-Identifier: Apache-2.0
"""Declare two layers, set a value, compose a frame, die, come back with the same value:
quickstart.py /tmp/quickstart.show die    sets wash/level and is killed in the middle of its work
quickstart.py /tmp/quickstart.show        shows what the room sees next"""

import os
import signal
import sys

import relume


def main(arguments: list[str]) -> int:
    if not arguments:
        print("usage: quickstart.py FOLDER [die]", file=sys.stderr)
        return 2
    level = relume.ParamDef("level", relume.Type.FLOAT, max=1.0)
    color = relume.ParamDef("color", relume.Type.COLOR, max=1.0, default=(1, 1, 1, 1))
    schema = relume.Schema().type("fixture", [level, color]).layer("wash", "fixture").layer("spot", "fixture")

    with relume.Show(schema, arguments[0]) as show, show.reader() as reader:
        if arguments[1:] == ["die"]:
            outcome = show.set("wash/level", 0.75)
            print(f"set wash/level to 0.75, revision {outcome.revision}", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

        show.compose(1_000_000)
        frame = reader.acquire()
        print(f"wash/level is {frame.at(show.param('wash/level')):.2f} at revision {frame.revision}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except relume.Error as error:
        sys.exit(str(error))
