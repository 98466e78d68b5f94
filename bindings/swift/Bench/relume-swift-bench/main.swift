// SPDX-License-Identifier: Apache-2.0
// What a call costs from Swift, against the same call from C in the same process: a line of JSON for each.
//   relume-swift-bench [--benchmark_filter=PART_OF_A_NAME] [--benchmark_out=FILE]
// FILE gets the figures in the form of Google Benchmark, which bench/budgets.py reads.
import CLoops
import Foundation

/// One call, in batches that take turns: what disturbs the machine disturbs both languages.
struct Measurement {
    let name: String
    let batch: Int
    let inSwift: (inout SwiftLoops, Int) throws -> Double
    let inC: (OpaquePointer?, Int) -> Double

    func run(rounds: Int, _ swift: inout SwiftLoops, _ c: OpaquePointer) throws -> Figure {
        var swiftTimes: [Double] = []
        var cTimes: [Double] = []
        for round in 0..<rounds + 10 {
            swift.compose()
            let fromSwift = try inSwift(&swift, batch)
            loops_compose(c)
            let fromC = inC(c, batch)
            if fromC < 0 { throw Unmeasured(why: "a call from C failed") }
            if round < 10 { continue }  // warming up
            swiftTimes.append(fromSwift / Double(batch))
            cTimes.append(fromC / Double(batch))
        }
        return Figure(name: name, ns: median(swiftTimes), c_ns: median(cTimes))
    }
}

/// A line of the output.
struct Figure: Encodable {
    let name: String
    let ns: Double
    let c_ns: Double
    let ratio: Double

    init(name: String, ns: Double, c_ns: Double) {
        self.name = name
        self.ns = ns
        self.c_ns = c_ns
        ratio = ns / c_ns
    }
}

struct Report: Encodable {
    let benchmarks: [Figure]
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

/// A folder in memory, gone at the end.
func withFolder(_ body: (String) throws -> Void) throws {
    var name = Array("/dev/shm/relume-swift-bench-XXXXXX".utf8CString)
    guard mkdtemp(&name) != nil else { throw Unmeasured(why: "no folder can be made in /dev/shm") }
    let folder = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
}

let all = [
    Measurement(
        name: "swift/overlay_write", batch: 1024, inSwift: { try $0.overlayWrite($1) },
        inC: { loops_overlay_write($0, $1) }),
    Measurement(name: "swift/value_set", batch: 64, inSwift: { try $0.valueSet($1) }, inC: { loops_value_set($0, $1) }),
    Measurement(
        name: "swift/frame_read", batch: 4096, inSwift: { try $0.frameRead($1) }, inC: { loops_frame_read($0, $1) }),
]

func argument(_ name: String) -> String? {
    CommandLine.arguments.last { $0.hasPrefix("--\(name)=") }.map { String($0.dropFirst(name.count + 3)) }
}

do {
    let part = argument("benchmark_filter")
    let wanted = all.filter { part == nil || $0.name.contains(part!) }
    var figures: [Figure] = []
    try withFolder { folder in
        for name in ["c", "swift"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: false)
        }
        var swift = try SwiftLoops(folder: "\(folder)/swift.show", runtimeDirectory: "\(folder)/swift")
        guard let c = loops_open("\(folder)/c.show", "\(folder)/c") else { throw Unmeasured(why: "no show in C") }
        defer { loops_close(c) }
        let json = JSONEncoder()
        json.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        for measurement in wanted {
            let figure = try measurement.run(rounds: 2000, &swift, c)
            print(String(decoding: try json.encode(figure), as: UTF8.self))
            figures.append(figure)
        }
        if let out = argument("benchmark_out") {
            try json.encode(Report(benchmarks: figures)).write(to: URL(fileURLWithPath: out))
        }
    }
} catch {
    FileHandle.standardError.write(Data("relume-swift-bench: \(error)\n".utf8))
    exit(1)
}
