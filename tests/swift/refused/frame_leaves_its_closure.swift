// SPDX-License-Identifier: Apache-2.0
// A frame is lent for the length of a closure; who wants it longer retains it.
// refused: 'frame' is borrowed and cannot be consumed
import Relume

func newest(_ reader: inout Reader) throws(RelumeError.Code) -> RetainedFrame {
    #if !RIGHT
        let _ = reader.withFrame { frame in frame }
    #endif
    return try reader.withFrame { frame throws(RelumeError.Code) in try frame.retain() }
}
