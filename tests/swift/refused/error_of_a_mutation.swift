// SPDX-License-Identifier: Apache-2.0
// A mutation throws one type of error, and the compiler knows which.
// refused: value of type 'RelumeError' has no member 'culprits'
import Relume

func explain(_ show: Show, _ level: Param) -> String {
    do {
        try show.set(level, .float(1))
        return ""
    } catch {
        #if RIGHT
            return error.culprit
        #else
            return error.culprits
        #endif
    }
}
