// SPDX-License-Identifier: Apache-2.0
import CRelume

/// Changes that are applied as one: one revision for all, or none. Each sees those before it; handles must be valid when
/// it is applied. Texts, records and keys are copied into it.
public struct ChangeSet {
    private var changes: [relume_change] = []
    private let arena = Arena()
    private var failure: RelumeError?

    /// An empty set.
    public init() {}

    /// Number of changes.
    public var count: Int { changes.count }

    /// Sets a committed value.
    public mutating func set(_ param: Param, _ value: Value) {
        let value = lent(value)
        add(RELUME_CHANGE_SET) {
            $0.param = param.raw; $0.value = value
        }
    }

    /// Sets a persisted value and clears the committed one above it.
    public mutating func persist(_ param: Param, _ value: Value) {
        let value = lent(value)
        add(RELUME_CHANGE_PERSIST) {
            $0.param = param.raw; $0.value = value
        }
    }

    /// Committed values of a layer, or of all, become persisted.
    public mutating func store(_ layer: Layer? = nil) { add(RELUME_CHANGE_STORE) { $0.layer = layer.raw } }

    /// Clears the committed values of a layer, or of all.
    public mutating func revert(_ layer: Layer? = nil) { add(RELUME_CHANGE_REVERT) { $0.layer = layer.raw } }

    /// Clears the committed values of a layer, or of all, and releases its automation.
    public mutating func reset(_ layer: Layer? = nil) { add(RELUME_CHANGE_RESET) { $0.layer = layer.raw } }

    /// Adds a layer below `before`, or on top.
    public mutating func addLayer(_ key: String, type: String, before: Layer? = nil) {
        guard let key = kept(key), let type = kept(type) else { return }
        add(RELUME_CHANGE_ADD) {
            $0.key = key; $0.type_key = type; $0.before = before.raw
        }
    }

    /// Removes a layer.
    public mutating func remove(_ layer: Layer) { add(RELUME_CHANGE_REMOVE) { $0.layer = layer.raw } }

    /// Moves a layer below `before`, or to the top.
    public mutating func move(_ layer: Layer, before: Layer? = nil) {
        add(RELUME_CHANGE_MOVE) {
            $0.layer = layer.raw; $0.before = before.raw
        }
    }

    /// Enables or disables a layer.
    public mutating func enable(_ layer: Layer, _ on: Bool = true) {
        add(RELUME_CHANGE_ENABLE) {
            $0.layer = layer.raw; $0.flag = on ? 1 : 0
        }
    }

    /// Bypasses a layer or takes it in again.
    public mutating func bypass(_ layer: Layer, _ on: Bool = true) {
        add(RELUME_CHANGE_BYPASS) {
            $0.layer = layer.raw; $0.flag = on ? 1 : 0
        }
    }

    /// Gives a layer another type.
    public mutating func retype(_ layer: Layer, to type: String) {
        guard let type = kept(type) else { return }
        add(RELUME_CHANGE_RETYPE) {
            $0.layer = layer.raw; $0.type_key = type
        }
    }

    /// Gives a layer another key.
    public mutating func rename(_ layer: Layer, to key: String) {
        guard let key = kept(key) else { return }
        add(RELUME_CHANGE_RENAME) {
            $0.layer = layer.raw; $0.key = key
        }
    }

    /// Sets a record.
    public mutating func setRecord(_ key: String, _ record: Record) {
        guard let key = kept(key) else { return }
        let value = record.withBytes { lent($0) }
        add(RELUME_CHANGE_RECORD) {
            $0.key = key; $0.flag = record.kind; $0.value = value
        }
    }

    /// Removes a record.
    public mutating func removeRecord(_ key: String) {
        guard let key = kept(key) else { return }
        add(RELUME_CHANGE_RECORD_REMOVE) { $0.key = key }
    }

    func withRaw<R>(_ body: (UnsafeBufferPointer<relume_change>) -> R) throws(RelumeError) -> R {
        if let failure { throw failure }
        return withExtendedLifetime(arena) { changes.withUnsafeBufferPointer(body) }
    }

    private mutating func add(_ kind: relume_change_kind, _ fill: (inout relume_change) -> Void) {
        var change = relume_change()
        change.kind = kind.rawValue
        fill(&change)
        changes.append(change)
    }

    private func lent(_ value: Value) -> relume_value {
        guard case .text(var text) = value else { return value.lanes }
        return text.withUTF8 { lent(UnsafeRawBufferPointer($0)) }
    }

    private func lent(_ bytes: UnsafeRawBufferPointer) -> relume_value {
        var raw = Value.text("").lanes
        raw.as.text = relume_bytes(data: arena.copy(bytes), size: UInt64(bytes.count))
        return raw
    }

    /// A copy of the key; what is wrong with it is thrown when the set is applied.
    private mutating func kept(_ key: String) -> UnsafePointer<CChar>? {
        do {
            return try arena.copy(key: key)
        } catch {
            if failure == nil {
                failure = error
                failure?.change = changes.count
            }
            return nil
        }
    }
}

extension Show {
    /// Applies changes in order as one. Readers, the mirror and clients see all of it or nothing.
    /// - Throws: what the single mutations throw; ``RelumeError/change`` is the index of the change to blame.
    @discardableResult
    public func apply(_ set: ChangeSet) throws(RelumeError) -> Outcome {
        try mutate(namesChange: true) { raw, outcome, error throws(RelumeError) in
            try set.withRaw { relume_apply(raw, $0.baseAddress, $0.count, outcome, error) }
        }
    }

    /// Builds a change-set and applies it: `try show.apply { $0.set(level, .float(1)); $0.store() }`.
    @discardableResult
    public func apply(_ build: (inout ChangeSet) throws(RelumeError) -> Void) throws(RelumeError) -> Outcome {
        var set = ChangeSet()
        try build(&set)
        return try apply(set)
    }
}
