#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_exports.py turns red for a symbol too many and for one too few."""

import unittest

from check_exports import compare, exported_names

NM = "0000000000000000 A RELUME_0\n0000000000001120 T relume_open@@RELUME_0\n0000000000001160 T relume_close@@RELUME_0\n"


class Planted(unittest.TestCase):
    def test_names_without_versions(self) -> None:
        self.assertEqual(exported_names(NM), {"relume_open", "relume_close"})

    def test_same_passes(self) -> None:
        self.assertEqual(compare(exported_names(NM), {"relume_open", "relume_close"}), [])

    def test_inner_symbol_exported(self) -> None:
        leak = NM + "0000000000001180 W _ZNSt6vectorIiE\n"
        self.assertEqual(compare(exported_names(leak), {"relume_open", "relume_close"}),
                         ["exported but in no public header: _ZNSt6vectorIiE"])

    def test_function_not_exported(self) -> None:
        self.assertEqual(compare(exported_names(NM), {"relume_open", "relume_close", "relume_apply"}),
                         ["declared but not exported: relume_apply"])


if __name__ == "__main__":
    unittest.main()
