// SPDX-License-Identifier: Apache-2.0
// A source is written by one thread: code that may run beside its owner cannot get at it. It takes one of its own.
// refused: mutation of captured var 'source' in concurrently-executing code
import Relume

func start(_ show: Show, _ level: Param, beside run: (@escaping @Sendable () -> Void) -> Void) throws(RelumeError) {
    var source = try show.source()
    run {
        #if RIGHT
            guard var source = try? show.source() else { return }
        #endif
        try? source.write(level, .float(0), at: 0)
    }
    try? source.write(level, .float(1), at: 0)
}
