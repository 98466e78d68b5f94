#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_realtime_marks.py turns red for each mistake that it exists for."""

import tempfile
import unittest
from pathlib import Path
from typing import List

from check_realtime_marks import check

GOOD_HEADER = """/* What the file is about. */
#ifndef X_H
#define X_H
#define X_INIT \\
  {0, 0}

typedef void (*relume_callback)(void *user, int relume_not_a_function(void));

typedef struct relume_pair { int a; int b; } relume_pair; /**< two */

/** Composes.
 *  @since 0.1.0
 *  Threads: frame. Realtime: wait-free. */
RELUME_API uint64_t relume_compose(relume_show *show,
                                   int64_t now_ns) RELUME_NONBLOCKING;

/** Two at once.
 *  @since 0.1.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API relume_pair relume_first(void) RELUME_NONBLOCKING; /* one */
RELUME_API relume_pair relume_second(void) RELUME_NONBLOCKING;

/** Opens.
 *  @retval RELUME_E_NOMEM
 *  @since 0.1.0
 *  Threads: any, one at a time per handle. Realtime: blocking. */
RELUME_API RELUME_MUST_USE relume_result relume_open(const char *name);
#endif
"""
GOOD_TABLE = "# comment\nrelume_compose frame\nrelume_first any\nrelume_second any # trailing\n"


def mistakes_of(header: str, table: str) -> List[str]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "x.h").write_text(header, encoding="utf-8")
        Path(folder, "table.txt").write_text(table, encoding="utf-8")
        return check(Path(folder), Path(folder, "table.txt"))[2]


class Planted(unittest.TestCase):
    def expect(self, what: str, header: str = GOOD_HEADER, table: str = GOOD_TABLE) -> None:
        self.assertTrue((header, table) != (GOOD_HEADER, GOOD_TABLE), "nothing was planted")
        found = mistakes_of(header, table)
        self.assertTrue(any(what in mistake for mistake in found), f"wanted {what!r}, got {found}")

    def test_good_header_passes(self) -> None:
        self.assertEqual(mistakes_of(GOOD_HEADER, GOOD_TABLE), [])

    def test_mark_missing(self) -> None:
        self.expect("does not carry RELUME_NONBLOCKING", GOOD_HEADER.replace("int64_t now_ns) RELUME_NONBLOCKING", "int64_t now_ns)"))

    def test_mark_missing_inside_a_run(self) -> None:
        self.expect("relume_second says wait-free and does not", GOOD_HEADER.replace("second(void) RELUME_NONBLOCKING", "second(void)"))

    def test_mark_on_a_blocking_function(self) -> None:
        self.expect("carries RELUME_NONBLOCKING and says blocking", GOOD_HEADER.replace("*name);", "*name) RELUME_NONBLOCKING;"))

    def test_class_missing(self) -> None:
        self.expect("says `Realtime: `", GOOD_HEADER.replace("Realtime: blocking", "Blocking"))

    def test_class_unknown(self) -> None:
        self.expect("says `Realtime: lock-free`", GOOD_HEADER.replace("Realtime: blocking", "Realtime: lock-free"))

    def test_role_missing(self) -> None:
        self.expect("says `Threads: `", GOOD_HEADER.replace("Threads: frame.", ""))

    def test_role_unknown(self) -> None:
        self.expect("says `Threads: render`", GOOD_HEADER.replace("Threads: frame", "Threads: render"))

    def test_role_other_than_in_the_table(self) -> None:
        self.expect("has the role reader here and frame", GOOD_HEADER.replace("Threads: frame", "Threads: reader"))
        self.expect("has the role frame here and reader", table=GOOD_TABLE.replace("compose frame", "compose reader"))

    def test_since_missing(self) -> None:
        self.expect("relume_open has no `@since", GOOD_HEADER.replace("NOMEM\n *  @since 0.1.0", "NOMEM"))

    def test_retval_missing(self) -> None:
        self.expect("names no @retval", GOOD_HEADER.replace(" *  @retval RELUME_E_NOMEM\n", ""))

    def test_comment_missing(self) -> None:
        self.expect("has no /** comment", GOOD_HEADER.replace("/** Opens.", "/* Opens."))

    def test_comment_apart(self) -> None:
        self.expect("has no /** comment", GOOD_HEADER.replace("handle. Realtime: blocking. */\n", "handle. Realtime: blocking. */\n\n"))

    def test_export_missing(self) -> None:
        self.expect("is not marked RELUME_API", GOOD_HEADER.replace("RELUME_API RELUME_MUST_USE", "RELUME_MUST_USE"))

    def test_absent_from_the_table(self) -> None:
        self.expect("relume_first is wait-free and not in", table=GOOD_TABLE.replace("relume_first any\n", ""))

    def test_blocking_function_in_the_table(self) -> None:
        self.expect("is in the guard's table and not wait-free", table=GOOD_TABLE + "relume_open any\n")

    def test_stranger_in_the_table(self) -> None:
        self.expect("no header declares relume_gone", table=GOOD_TABLE + "relume_gone any\n")

    def test_table_line_broken(self) -> None:
        self.expect("expected `function role`", table=GOOD_TABLE + "relume_open\n")

    def test_twice_in_the_table(self) -> None:
        self.expect("is there twice", table=GOOD_TABLE + "relume_first any\n")

    def test_no_function_at_all(self) -> None:
        self.expect("no header declares a function", header="/* empty */\n", table="# empty\n")


if __name__ == "__main__":
    unittest.main()
