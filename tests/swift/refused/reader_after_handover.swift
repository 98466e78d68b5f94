// SPDX-License-Identifier: Apache-2.0
// Whoever hands a role over has it no longer.
// refused: 'reader' used after consume
import Relume

func output(_ reader: consuming Reader) { reader.withFrame { _ = $0.number } }

func start(_ show: Show) throws(RelumeError) {
    var reader = try show.reader()
    #if RIGHT
        reader.withFrame { _ = $0.number }
    #endif
    output(reader)
    #if !RIGHT
        reader.withFrame { _ = $0.number }
    #endif
    reader = try show.reader()
    reader.withFrame { _ = $0.number }
}
