// SPDX-License-Identifier: Apache-2.0
import CRelume

/// Which of the three tiers a value comes from; the topmost that is present wins.
public enum Tier: UInt32, Sendable, Extensible {
    /// No tier has a value: the default of the definition.
    case `default` = 0
    /// The base, saved in the document.
    case persisted = 1
    /// The operator's truth of this session.
    case committed = 2
    /// Automation.
    case transient = 3
    /// A tier of a newer library.
    case unrecognized = 0xffff_ffff
}

/// How safe a change is.
public enum Level: UInt32, Sendable, Extensible {
    /// There is no mirror: it dies with the process.
    case memory = 1
    /// Survives the death of the process.
    case mirrored = 2
    /// Survives a power cut.
    case checkpointed = 3
    /// In the show document, if it belongs there.
    case documented = 4
    /// A level of a newer library.
    case unrecognized = 0xffff_ffff
}

/// Where a change is to be saved.
public struct Targets: OptionSet, Hashable, Sendable {
    /// Bits of relume_targets.
    public let rawValue: UInt32
    /// From bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The state with its history, in SQLite.
    public static let checkpoint = Targets(rawValue: RELUME_TARGET_CHECKPOINT.rawValue)
    /// The readable show document.
    public static let document = Targets(rawValue: RELUME_TARGET_DOCUMENT.rawValue)
}

/// What a mutation did and what will become of it on disk.
public struct Outcome: Sendable {
    /// Whether something changed.
    public enum State: UInt32, Sendable, Extensible {
        /// Something is different now.
        case changed = 1
        /// It was so already; the revision is the current one.
        case same = 2
        /// A state of a newer library.
        case unrecognized = 0xffff_ffff
    }

    /// What becomes of the change on disk.
    public enum Persistence: UInt32, Sendable, Extensible {
        /// Nothing changed, or the show has no folder and nothing outlives the process.
        case notNeeded = 0
        /// First unsaved change of one of its targets.
        case scheduled = 1
        /// Rides on a request that was already pending.
        case joined = 2
        /// The document's name is left alone until ``Show/accept(_:)``; the checkpoint has it.
        case held = 3
        /// As held, because the document is of a newer format.
        case refusedReadOnly = 4
        /// Accepted, but the last save of one of its targets failed; it is tried again.
        case degraded = 5
        /// An answer of a newer library.
        case unrecognized = 0xffff_ffff
    }

    /// How soon it asks to be saved.
    public enum Urgency: UInt32, Sendable, Extensible {
        /// Waits for another change to ride along with.
        case lossy = 0
        /// After quiet time or maximum age.
        case coalesce = 1
        /// An urgency of a newer library.
        case unrecognized = 0xffff_ffff
    }

    /// What automation the mutation made invalid.
    public enum Invalidation: UInt32, Sendable, Extensible {
        /// Nothing.
        case none = 0
        /// Of the routes that were named.
        case route = 1
        /// Of whole layers.
        case layer = 2
        /// All that no longer fits.
        case incompatible = 3
        /// An answer of a newer library.
        case unrecognized = 0xffff_ffff
    }

    /// Which temporal history (feedback buffers, queues) the host should drop.
    public enum RenderReset: UInt32, Sendable, Extensible {
        /// Nothing.
        case none = 0
        /// That of the layers that were changed.
        case layer = 1
        /// All of it.
        case all = 2
        /// An answer of a newer library.
        case unrecognized = 0xffff_ffff
    }

    /// Stronger automation over what was set.
    public struct Mask: Hashable, Sendable {
        /// The first of the parameters whose new value does not show.
        public var param: Param
        /// How many there are.
        public var count: Int
        /// Number of the source that masks it (``SourceInfo/number``).
        public var source: UInt32
        /// Of that source.
        public var priority: UInt32
    }

    private let raw: relume_outcome
    init(_ raw: relume_outcome) { self.raw = raw }

    /// Whether something changed.
    public var state: State { State(raw.state) }
    /// Of the change; the current one when ``State/same``.
    public var revision: UInt64 { raw.revision }
    /// What becomes of it on disk.
    public var persistence: Persistence { Persistence(raw.persistence) }
    /// Where it is to be saved.
    public var targets: Targets { Targets(rawValue: raw.targets) }
    /// How soon it asks to be saved.
    public var urgency: Urgency { Urgency(raw.urgency) }
    /// Reached when the call returned.
    public var level: Level { Level(raw.level) }
    /// Requests of one key are coalesced.
    public var debounceKey: UInt64 { raw.debounce_key }
    /// Number of the pending request; the same while changes join it.
    public var requestSequence: UInt64 { raw.request_sequence }
    /// What automation it made invalid.
    public var invalidation: Invalidation { Invalidation(raw.invalidation) }
    /// Which temporal history the host should drop.
    public var renderReset: RenderReset { RenderReset(raw.render_reset) }
    /// Number of events published.
    public var events: Int { Int(raw.events) }
    /// `nil` when everything that was set shows.
    public var masked: Mask? {
        raw.masked_count == 0
            ? nil
            : Mask(
                param: Param(raw.masked_param), count: Int(raw.masked_count), source: raw.masked_by,
                priority: raw.masked_priority)
    }
    /// Of a change of type: values that a narrower range clamped, tier by tier.
    public var clampedValues: Int { Int(raw.clamped_values) }
    /// Of a change of type: values that fit no more, tier by tier.
    public var clearedValues: Int { Int(raw.cleared_values) }
}

/// A value and the tier that it comes from.
public struct Reading: Hashable, Sendable {
    /// What holds.
    public var value: Value
    /// Where it comes from.
    public var tier: Tier
}

/// Everything about one parameter: each tier's value and who wins.
public struct Explanation: Hashable, Sendable {
    /// What a tier holds.
    public enum Content: Hashable, Sendable {
        /// Any value but a text.
        case value(Value)
        /// A text of so many bytes; ``Show/value(of:)`` reads the one that holds.
        case text(bytes: Int)

        init?(_ raw: relume_value) {
            if raw.type == RELUME_TEXT.rawValue {
                self = .text(bytes: Int(clamping: raw.as.text.size))
            } else if let value = Value(raw) {
                self = .value(value)
            } else {
                return nil
            }
        }
    }

    /// Automation over the parameter.
    public struct Automation: Hashable, Sendable {
        /// Number of its source.
        public var source: UInt32
        /// Of that source.
        public var priority: UInt32
        /// Since its last change, in compose time.
        public var age: Duration
    }

    /// Which parameter.
    public var param: Param
    /// The tier that holds.
    public var winner: Tier
    /// What holds now.
    public var composed: Content?
    /// The default of the definition.
    public var initial: Content?
    /// The base; `nil`: absent.
    public var persisted: Content?
    /// The session's; `nil`: absent.
    public var committed: Content?
    /// What is composed from automation.
    public var transient: Content?
    /// `nil` without automation.
    public var automation: Automation?
    /// Rises with each operator mutation of the route.
    public var generation: UInt32
    /// Automation has ended, and ``composed`` is still on its way to the winner's value.
    public var isGlidingBack: Bool

    init(_ raw: relume_explanation) {
        param = Param(raw.param)
        winner = Tier(raw.winner)
        composed = Content(raw.composed)
        initial = Content(raw.default_value)
        persisted = Content(raw.persisted)
        committed = Content(raw.committed)
        transient = Content(raw.transient)
        automation =
            raw.source == 0
            ? nil : Automation(source: raw.source, priority: raw.priority, age: .nanoseconds(raw.age_ns))
        generation = raw.generation
        isGlidingBack = raw.gliding_back != 0
    }
}

extension Show {
    /// Calls C for a mutation, and throws when it was rejected.
    @inline(__always)
    func mutate(
        namesChange: Bool = false,
        _ body: (OpaquePointer, UnsafeMutablePointer<relume_outcome>, UnsafeMutablePointer<relume_error>)
            throws(RelumeError) -> relume_result
    ) throws(RelumeError) -> Outcome {
        var outcome = relume_outcome()
        outcome.struct_size = sizeField(of: relume_outcome.self)
        var error = relume_error()
        error.struct_size = sizeField(of: relume_error.self)
        let result = try whileOpen { raw throws(RelumeError) in try body(raw, &outcome, &error) }
        if result != RELUME_OK { throw RelumeError(error, change: namesChange ? Int(outcome.culprit) : nil) }
        return Outcome(outcome)
    }
}

/// Mutations of values. When one returns with ``Level/mirrored``, it survives the death of the process. The next frame that
/// is composed shows it, whole.
///
/// Each throws ``RelumeError/Code/unknownRoute``, ``RelumeError/Code/type``, ``RelumeError/Code/range``,
/// ``RelumeError/Code/notFinite`` and, for texts, ``RelumeError/Code/tooLong``, ``RelumeError/Code/badUTF8``,
/// ``RelumeError/Code/limit`` and ``RelumeError/Code/io``; nothing has changed then.
extension Show {
    /// Sets the committed value: the operator's hand.
    @discardableResult
    public func set(_ param: Param, _ value: Value) throws(RelumeError) -> Outcome {
        try mutate { raw, outcome, error in
            value.withRaw { relume_value_set(raw, param.raw, $0, outcome, error) }
        }
    }

    /// Sets the persisted value and clears the committed one above it.
    @discardableResult
    public func persist(_ param: Param, _ value: Value) throws(RelumeError) -> Outcome {
        try mutate { raw, outcome, error in
            value.withRaw { relume_value_persist(raw, param.raw, $0, outcome, error) }
        }
    }

    /// Sets committed values as one change-set. Of a parameter named twice, the last value holds.
    /// - Throws: what ``set(_:_:)`` throws; ``RelumeError/change`` is the index of the value to blame.
    @discardableResult
    public func set(_ values: [(param: Param, value: Value)]) throws(RelumeError) -> Outcome {
        try apply { changes in
            for (param, value) in values { changes.set(param, value) }
        }
    }

    /// Store live to base: the committed values of a layer, or of all, become persisted. Leaves automation alone.
    @discardableResult
    public func store(_ layer: Layer? = nil) throws(RelumeError) -> Outcome {
        try mutate { raw, outcome, error in relume_store(raw, layer.raw, outcome, error) }
    }

    /// Clears the committed values of a layer, or of all. Leaves automation alone.
    @discardableResult
    public func revert(_ layer: Layer? = nil) throws(RelumeError) -> Outcome {
        try mutate { raw, outcome, error in relume_revert(raw, layer.raw, outcome, error) }
    }

    /// Clears the committed values of a layer, or of all, and releases its automation, which glides back.
    @discardableResult
    public func reset(_ layer: Layer? = nil) throws(RelumeError) -> Outcome {
        try mutate { raw, outcome, error in relume_reset(raw, layer.raw, outcome, error) }
    }

    /// The value that holds now and the tier it comes from. Reads your own write, composed or not.
    /// - Throws: ``RelumeError/Code/unknownRoute``.
    public func value(of param: Param) throws(RelumeError) -> Reading {
        var value = relume_value()
        var tier = RELUME_TIER_DEFAULT
        try call { raw, error in relume_value_get(raw, param.raw, &value, &tier, error) }
        guard let known = Value(value) else { return try text(of: param) }
        return Reading(value: known, tier: Tier(tier.rawValue))
    }

    /// Explains one parameter.
    /// - Throws: ``RelumeError/Code/unknownRoute``.
    public func explain(_ param: Param) throws(RelumeError) -> Explanation {
        var explanation = relume_explanation()
        explanation.struct_size = sizeField(of: relume_explanation.self)
        try call { raw, error in relume_explain(raw, param.raw, &explanation, error) }
        return Explanation(explanation)
    }

    /// Explains every parameter of a layer, in the order of its type, all of one moment. It holds mutations up for that
    /// long: see `relume_explain_layer`.
    /// - Throws: ``RelumeError/Code/unknownLayer``.
    public func explain(_ layer: Layer) throws(RelumeError) -> [Explanation] {
        var empty = relume_explanation()
        empty.struct_size = sizeField(of: relume_explanation.self)
        var count = 0
        var all: [relume_explanation] = []
        repeat {  // a change of type in between may give it more
            all = Array(repeating: empty, count: count)
            try call { raw, error in relume_explain_layer(raw, layer.raw, &all, all.count, &count, error) }
        } while count > all.count
        return all[..<count].map(Explanation.init)
    }

    private func text(of param: Param) throws(RelumeError) -> Reading {
        var tier = RELUME_TIER_DEFAULT
        var bytes = [CChar](repeating: 0, count: Int(RELUME_TEXT_MAX) + 1)
        var size = 0
        try call { raw, error in relume_text_get(raw, param.raw, &bytes, bytes.count, &size, &tier, error) }
        let text = String(decoding: bytes[..<size].map(UInt8.init(bitPattern:)), as: UTF8.self)
        return Reading(value: .text(text), tier: Tier(tier.rawValue))
    }
}

/// Records: named pieces of the host's own project data, part of change-sets and revisions like any value.
extension Show {
    /// Sets a record. Keys are as for parameters.
    /// - Throws: ``RelumeError/Code/invalid``, ``RelumeError/Code/tooLong``, ``RelumeError/Code/badJSON``,
    ///   ``RelumeError/Code/limit``, ``RelumeError/Code/io``.
    @discardableResult
    public func setRecord(_ key: String, _ record: Record) throws(RelumeError) -> Outcome {
        try mutate { raw, outcome, error throws(RelumeError) in
            try withKey(key) { key in
                record.withBytes {
                    relume_record_set(raw, key, record.kind, $0.baseAddress, $0.count, outcome, error)
                }
            }
        }
    }

    /// Removes a record; one that is not there is ``Outcome/State/same``.
    @discardableResult
    public func removeRecord(_ key: String) throws(RelumeError) -> Outcome {
        try mutate { raw, outcome, error throws(RelumeError) in
            try withKey(key) { relume_record_remove(raw, $0, outcome, error) }
        }
    }

    /// A copy of a record.
    /// - Throws: ``RelumeError/Code/unknownRoute`` when there is none.
    public func record(_ key: String) throws(RelumeError) -> Record {
        try whileOpen { raw throws(RelumeError) in
            try withKey(key) { key throws(RelumeError) in
                var bytes: [UInt8] = []
                var kind: UInt32 = 0
                var size = 0
                repeat {  // somebody may set it in between
                    bytes = [UInt8](repeating: 0, count: size)
                    try check { error in
                        relume_record_get(raw, key, &bytes, bytes.count, &size, &kind, error)
                    }
                } while size > bytes.count
                bytes.removeLast(bytes.count - size)
                return kind == RELUME_RECORD_JSON.rawValue
                    ? .json(String(decoding: bytes, as: UTF8.self)) : .bytes(bytes)
            }
        }
    }

    /// Keys of all records, in their order.
    public var recordKeys: [String] {
        get throws(RelumeError) {
            try whileOpen { raw in
                var keys: [String] = []
                while true {
                    let key = textFromC(initialRoom: 64) { relume_record_key(raw, keys.count, $0, $1) }
                    if key.isEmpty { return keys }
                    keys.append(key)
                }
            }
        }
    }
}
