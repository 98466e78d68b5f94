// SPDX-License-Identifier: Apache-2.0
// The frame role cannot be copied: two owners would be two threads that compose.
// refused: 'composer' consumed more than once
import Relume

func output(_ composer: consuming Composer) { composer.compose(at: 0) }

func start(_ show: Show) throws(RelumeError) {
    let composer = try show.composer()
    output(composer)
    #if !RIGHT
        output(composer)
    #endif
}
