// SPDX-License-Identifier: Apache-2.0
// A reader's next frame ends the one before: it cannot be taken while that one is in use.
// refused: overlapping accesses to 'reader'
import Relume

func compare(_ show: Show) throws(RelumeError) {
    var reader = try show.reader()
    #if RIGHT
        var other = try show.reader()
        reader.withFrame { frame in other.withFrame { _ = $0.number == frame.number } }
    #else
        reader.withFrame { frame in reader.withFrame { _ = $0.number == frame.number } }
    #endif
}
