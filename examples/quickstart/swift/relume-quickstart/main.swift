// SPDX-License-Identifier: Apache-2.0
// Declare two layers, set a value, compose a frame, die, come back with the same value:
//   relume-quickstart-swift /tmp/quickstart.show die    sets wash/level and is killed in the middle of its work
//   relume-quickstart-swift /tmp/quickstart.show        shows what the room sees next
import Foundation
import Relume

let arguments = CommandLine.arguments
guard arguments.count > 1 else {
    FileHandle.standardError.write(Data("usage: \(arguments[0]) FOLDER [die]\n".utf8))
    exit(2)
}
do {
    let fixture = LayerType(
        "fixture", [.float("level", in: 0...1), .color("color", in: 0...1, initial: [1, 1, 1, 1])])
    let schema = try Schema(types: [fixture], layers: ["wash": "fixture", "spot": "fixture"])
    let show = try Show(schema, options: ShowOptions(folder: arguments[1]))
    let level = try show.param("wash/level")

    if arguments.count > 2, arguments[2] == "die" {
        let outcome = try show.set(level, .float(0.75))
        print("set wash/level to 0.75, revision \(outcome.revision)")
        fflush(nil)
        raise(SIGKILL)
    }

    var composer = try show.composer()
    var reader = try show.reader()
    composer.compose(at: 1_000_000)
    reader.withFrame { frame in
        print("wash/level is \(frame.float(level)!) at revision \(frame.revision)")
    }
} catch {
    FileHandle.standardError.write(Data("\(error)\n".utf8))
    exit(1)
}
