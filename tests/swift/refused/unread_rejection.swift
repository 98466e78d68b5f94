// SPDX-License-Identifier: Apache-2.0
// A rejected automation value is not overlooked.
// refused: call can throw
import Relume

func move(_ source: inout Source, _ level: Param) {
    #if RIGHT
        try? source.write(level, .float(1), at: 0)
    #else
        source.write(level, .float(1), at: 0)
    #endif
}
