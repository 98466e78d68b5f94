// SPDX-License-Identifier: Apache-2.0
import CLoops
import Relume

/// The same loops as in CLoops, through the binding.
struct SwiftLoops: ~Copyable {
    private let show: Show
    private var source: Source
    private var reader: Reader
    private var composer: Composer
    private let params: [Param]
    private var now: Int64 = 0
    private var next = 0
    private var value: Float = 0
    /// What was read is used.
    private(set) var sum: Float = 0

    init(folder: String, runtimeDirectory: String) throws(RelumeError) {
        let perLayer = Int(LOOPS_PER_LAYER)
        let total = Int(LOOPS_PARAMS)
        var schema = try Schema()
        let fixture = (0..<perLayer).map { ParamDefinition.float("p\($0)", in: 0...1, smoothing: .seconds(100)) }
        try schema.add(LayerType("fixture", fixture))
        for layer in 0..<total / perLayer { try schema.addLayer("l\(layer)", type: "fixture") }
        var options = ShowOptions(folder: folder, runtimeDirectory: runtimeDirectory)
        options.noThreads = true
        let show = try Show(schema, options: options)
        var params: [Param] = []
        for i in 0..<total { params.append(try show.param("l\(i / perLayer)/p\(i % perLayer)")) }
        let source = try show.source()
        let reader = try show.reader()
        composer = try show.composer()
        self.show = show
        self.params = params
        self.source = source
        self.reader = reader
    }

    mutating func compose() {
        now += 22_727_272
        composer.compose(at: now)
    }

    private mutating func nextParam() -> Param {
        defer { next += 1 }
        return params[next & (params.count - 1)]
    }

    private mutating func nextValue() -> Float {
        value += 0.37
        if value > 1 { value -= 1 }
        return value
    }

    mutating func overlayWrite(_ count: Int) throws -> Double {
        let begin = ContinuousClock.now
        for _ in 0..<count { try source.write(nextParam(), .float(nextValue()), at: now) }
        return nanoseconds(since: begin)
    }

    mutating func valueSet(_ count: Int) throws -> Double {
        let begin = ContinuousClock.now
        var changed = true
        for _ in 0..<count { changed = try show.set(nextParam(), .float(nextValue())).state == .changed && changed }
        let took = nanoseconds(since: begin)
        if !changed { throw Unmeasured(why: "a value that was set had been so already") }
        return took
    }

    mutating func frameRead(_ count: Int) throws -> Double {
        let (params, first) = (params, next)
        next += count
        let (took, read) = reader.withFrame { frame -> (Double, Float?) in
            let begin = ContinuousClock.now
            var sum: Float? = 0
            for i in first..<first + count {
                if let value = frame.float(params[i & (params.count - 1)]) { sum? += value } else { sum = nil }
            }
            return (nanoseconds(since: begin), sum)
        }
        guard let read else { throw Unmeasured(why: "a frame does not have a parameter") }
        sum += read
        return took
    }
}

/// Why there is no figure.
struct Unmeasured: Error, CustomStringConvertible {
    let why: String
    var description: String { why }
}

private func nanoseconds(since begin: ContinuousClock.Instant) -> Double {
    let (seconds, attoseconds) = (ContinuousClock.now - begin).components
    return 1e9 * Double(seconds) + 1e-9 * Double(attoseconds)
}
