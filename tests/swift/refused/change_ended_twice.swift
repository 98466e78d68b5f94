// SPDX-License-Identifier: Apache-2.0
// A prepared change of type is committed or aborted, once.
// refused: 'change' consumed more than once
import Relume

func reload(_ show: Show, _ type: LayerType, build: () throws -> Void) throws {
    let change = try show.prepare(type)
    do {
        try build()
    } catch {
        try show.abort(change, why: "\(error)")
        #if RIGHT
            return
        #endif
    }
    try show.commit(change)
}
