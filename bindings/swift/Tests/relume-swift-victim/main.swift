// SPDX-License-Identifier: Apache-2.0
// relume-swift-victim FOLDER RUNTIME_DIRECTORY: counts up in a show for ever and writes a line for each number that the show
// has acknowledged, until somebody kills it.
import Foundation
import Relume

do {
    let schema = try Schema(types: [LayerType("counter", [.int("number")])], layers: ["main": "counter"])
    let folder = CommandLine.arguments[1]
    let show = try Show(schema, options: ShowOptions(folder: folder, runtimeDirectory: CommandLine.arguments[2]))
    let number = try show.param("main/number")
    guard case .int(var count) = try show.value(of: number).value else { exit(3) }
    while true {
        count += 1
        guard try show.set(number, .int(count)).level == .mirrored else { exit(4) }
        FileHandle.standardOutput.write(Data("\(count)\n".utf8))
    }
} catch {
    FileHandle.standardError.write(Data("relume-swift-victim: \(error)\n".utf8))
    exit(1)
}
