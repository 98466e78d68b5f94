// SPDX-License-Identifier: Apache-2.0
import CRelume

/// Definition of one parameter of a layer type.
///
/// Made by one function per type: `.float("level", in: 0...1, smoothing: .milliseconds(100))`. Keys are 1 to 63 of
/// `[a-z0-9_-]`; `relume` is reserved. What is wrong with a definition is said when it is declared.
public struct ParamDefinition: Hashable, Sendable {
    /// How a definition departs from the usual.
    public struct Flags: OptionSet, Hashable, Sendable {
        /// Bits of relume_param_flags.
        public let rawValue: UInt32
        /// From bits.
        public init(rawValue: UInt32) { self.rawValue = rawValue }
        init(_ flag: relume_param_flags) { rawValue = flag.rawValue }

        /// Out of range is clamped; without it, rejected.
        public static let clamp = Flags(RELUME_PARAM_CLAMP)
        /// A preset leaves the parameter alone.
        public static let recallSafe = Flags(RELUME_PARAM_RECALL_SAFE)
        /// A change alone never asks to be saved, it rides along with the next save.
        public static let lossy = Flags(RELUME_PARAM_LOSSY)
        /// Among sources of equal priority the highest value wins, not the latest.
        public static let highest = Flags(RELUME_PARAM_HIGHEST)
    }

    /// Control key, unique in its type.
    public var key: String
    /// Of its values.
    public var type: ValueType
    /// Both inclusive, for every lane; equal means unbounded. Not for bool, enum and text.
    public var minimum = 0.0
    /// Both inclusive, for every lane; equal means unbounded. Not for bool, enum and text.
    public var maximum = 0.0
    /// The default. `nil`: zero, or the end of the range that is nearest to zero; the empty text.
    public var initial: Value?
    /// How it departs from the usual.
    public var flags: Flags = []
    /// For automation of this parameter.
    public var commitPolicy: CommitPolicy = .inherited
    /// Of an enum: distinct texts of 1 to 63 bytes.
    public var labels: [String] = []
    /// Time constant of automation's glide; zero steps. Float, vec and color only.
    public var smoothing: Duration = .zero
    /// How long automation must be unchanged before it is committed; zero = the show's.
    public var settle: Duration = .zero

    /// A definition without range; the functions for the single types say more.
    public init(_ key: String, _ type: ValueType) {
        self.key = key
        self.type = type
    }

    private init(
        _ key: String, _ type: ValueType, _ range: (Double, Double)? = nil, _ initial: Value? = nil,
        _ smoothing: Duration = .zero, _ flags: Flags
    ) {
        self.init(key, type)
        if let range { (minimum, maximum) = range }
        self.initial = initial
        self.smoothing = smoothing
        self.flags = flags
    }

    /// On or off.
    public static func bool(_ key: String, initial: Bool = false, flags: Flags = []) -> Self {
        Self(key, .bool, nil, .bool(initial), .zero, flags)
    }

    /// A whole number of 32 bits.
    public static func int(
        _ key: String, in range: ClosedRange<Int32>? = nil, initial: Int32? = nil, flags: Flags = []
    ) -> Self {
        Self(
            key, .int, range.map { (Double($0.lowerBound), Double($0.upperBound)) }, initial.map(Value.int), .zero,
            flags)
    }

    /// A number.
    public static func float(
        _ key: String, in range: ClosedRange<Double>? = nil, initial: Float? = nil, smoothing: Duration = .zero,
        flags: Flags = []
    ) -> Self {
        Self(key, .float, range.map { ($0.lowerBound, $0.upperBound) }, initial.map(Value.float), smoothing, flags)
    }

    /// Two numbers.
    public static func vec2(
        _ key: String, in range: ClosedRange<Double>? = nil, initial: SIMD2<Float>? = nil, smoothing: Duration = .zero,
        flags: Flags = []
    ) -> Self {
        Self(key, .vec2, range.map { ($0.lowerBound, $0.upperBound) }, initial.map(Value.vec2), smoothing, flags)
    }

    /// Three numbers.
    public static func vec3(
        _ key: String, in range: ClosedRange<Double>? = nil, initial: SIMD3<Float>? = nil, smoothing: Duration = .zero,
        flags: Flags = []
    ) -> Self {
        Self(key, .vec3, range.map { ($0.lowerBound, $0.upperBound) }, initial.map(Value.vec3), smoothing, flags)
    }

    /// Four numbers.
    public static func vec4(
        _ key: String, in range: ClosedRange<Double>? = nil, initial: SIMD4<Float>? = nil, smoothing: Duration = .zero,
        flags: Flags = []
    ) -> Self {
        Self(key, .vec4, range.map { ($0.lowerBound, $0.upperBound) }, initial.map(Value.vec4), smoothing, flags)
    }

    /// Linear red, green, blue, straight alpha.
    public static func color(
        _ key: String, in range: ClosedRange<Double>? = nil, initial: SIMD4<Float>? = nil, smoothing: Duration = .zero,
        flags: Flags = []
    ) -> Self {
        Self(key, .color, range.map { ($0.lowerBound, $0.upperBound) }, initial.map { .color($0) }, smoothing, flags)
    }

    /// One of the labels.
    public static func `enum`(_ key: String, labels: [String], initial: Int32 = 0, flags: Flags = []) -> Self {
        var definition = Self(key, .enum, nil, .enum(initial), .zero, flags)
        definition.labels = labels
        return definition
    }

    /// A time in nanoseconds.
    public static func time(_ key: String, initial: Int64 = 0, flags: Flags = []) -> Self {
        Self(key, .time, nil, .time(nanoseconds: initial), .zero, flags)
    }

    /// A text.
    public static func text(_ key: String, initial: String = "", flags: Flags = []) -> Self {
        Self(key, .text, nil, .text(initial), .zero, flags)
    }

    /// A trigger, whose pulses are counted.
    public static func trigger(_ key: String, flags: Flags = []) -> Self {
        Self(key, .trigger, nil, nil, .zero, flags)
    }

    fileprivate func raw(in arena: Arena) throws(RelumeError) -> relume_param_def {
        var raw = relume_param_def()
        raw.struct_size = sizeField(of: relume_param_def.self)
        raw.type = type.rawValue
        raw.key = try arena.copy(key: key)
        raw.min = minimum
        raw.max = maximum
        if let initial {
            raw.default_value = initial.lanes
            if case .text(let text) = initial {
                raw.default_value.as.text = relume_bytes(data: arena.copy(text.utf8), size: UInt64(text.utf8.count))
            }
        }
        raw.flags = flags.rawValue
        raw.commit_policy = commitPolicy.rawValue
        var texts: [UnsafePointer<CChar>?] = []
        for label in labels { texts.append(try arena.copy(key: label)) }
        raw.labels = arena.copy(texts)
        raw.label_count = UInt32(clamping: labels.count)
        raw.smoothing_ns = smoothing.nanoseconds
        raw.settle_ns = settle.nanoseconds
        return raw
    }
}

/// A named set of parameters: a fixture profile, a shader package. A layer has exactly one type.
public struct LayerType: Hashable, Sendable {
    /// 1 to 63 of `[a-z0-9_-]`, unique in the schema.
    public var key: String
    /// The host's own; 1 and up.
    public var version: UInt32
    /// They get their slots in this order, aligned like a GPU's vec2 and vec4.
    public var params: [ParamDefinition]

    /// A type with parameters in the order of their slots.
    public init(_ key: String, version: UInt32 = 1, _ params: [ParamDefinition]) {
        self.key = key
        self.version = version
        self.params = params
    }

    func withRaw<R>(_ body: (UnsafePointer<relume_layer_type_def>) -> R) throws(RelumeError) -> R {
        let arena = Arena()
        var definitions: [relume_param_def] = []
        for param in params { definitions.append(try param.raw(in: arena)) }
        var raw = relume_layer_type_def()
        raw.struct_size = sizeField(of: relume_layer_type_def.self)
        raw.version = version
        raw.key = try arena.copy(key: key)
        raw.param_count = definitions.count
        return withExtendedLifetime(arena) {
            definitions.withUnsafeBufferPointer { buffer in
                raw.params = buffer.baseAddress
                return body(&raw)
            }
        }
    }
}

/// A named piece of the host's own project data: a scene, a palette, a patch. At most 16 MiB.
public enum Record: Hashable, Sendable {
    /// Anything; base64 in the document.
    case bytes([UInt8])
    /// JSON text (RFC 8259), in the document as it is.
    case json(String)

    var kind: UInt32 {
        switch self {
        case .bytes: RELUME_RECORD_BYTES.rawValue
        case .json: RELUME_RECORD_JSON.rawValue
        }
    }

    func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        switch self {
        case .bytes(let bytes): return bytes.withUnsafeBytes(body)
        case .json(var text): return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
        }
    }
}

/// Everything a host declares before it opens a show: the layer types, and the stack and records of a show that is new.
///
/// A show that is recovered has its own stack and records, and those declared here are not looked at.
public struct Schema: ~Copyable, Sendable {
    nonisolated(unsafe) let raw: OpaquePointer

    /// An empty schema.
    public init() throws(RelumeError) {
        var raw: OpaquePointer?
        try check { error in relume_schema_create(&raw, error) }
        self.raw = raw!
    }

    /// A schema in one go.
    /// - Parameter layers: of a new show, bottom to top.
    public init(
        types: [LayerType], layers: KeyValuePairs<String, String>, records: KeyValuePairs<String, Record> = [:]
    ) throws(RelumeError) {
        var schema = try Schema()
        for type in types { try schema.add(type) }
        for (key, type) in layers { try schema.addLayer(key, type: type) }
        for (key, record) in records { try schema.addRecord(key, record) }
        self = schema
    }

    deinit { relume_schema_destroy(raw) }

    /// Declares a layer type.
    public mutating func add(_ type: LayerType) throws(RelumeError) {
        try check { error throws(RelumeError) in try type.withRaw { relume_schema_add_type(raw, $0, error) } }
    }

    /// Declares a layer of a new show, on top of those declared before.
    public mutating func addLayer(_ key: String, type: String) throws(RelumeError) {
        try check { error throws(RelumeError) in
            try withKey(key) { key throws(RelumeError) in
                try withKey(type) { relume_schema_add_layer(raw, key, $0, error) }
            }
        }
    }

    /// Declares a record of a new show.
    public mutating func addRecord(_ key: String, _ record: Record) throws(RelumeError) {
        try check { error throws(RelumeError) in
            try withKey(key) { key in
                record.withBytes { relume_schema_add_record(raw, key, record.kind, $0.baseAddress, $0.count, error) }
            }
        }
    }
}
