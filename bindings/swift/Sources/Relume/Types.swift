// SPDX-License-Identifier: Apache-2.0
import CRelume

/// What became of one value in one tier at a change of type.
public struct TypeFate: Hashable, Sendable {
    /// What became of it.
    public enum Fate: UInt32, Sendable, Extensible {
        /// It means the same; an enum the same label, perhaps by another index.
        case kept = 1
        /// Brought to the nearest end of its new range.
        case clamped = 2
        /// Gone; automation has ended.
        case cleared = 3
        /// A fate of a newer library.
        case unrecognized = 0xffff_ffff
    }

    /// Why it was clamped or cleared.
    public enum Unfit: UInt32, Sendable, Extensible {
        /// It was kept.
        case none = 0
        /// The new type has no parameter of its control key.
        case keyGone = 1
        /// That parameter is of another value type.
        case type = 2
        /// And of another number of lanes too.
        case lanes = 3
        /// An enum without its label.
        case label = 4
        /// The range is narrower.
        case range = 5
        /// Automation of an enum whose labels changed.
        case labels = 6
        /// Automation, where there is no room beside the layer's old slots.
        case noRoom = 7
        /// Of a saved show: bits that are no value of the type.
        case noValue = 8
        /// A reason of a newer library.
        case unrecognized = 0xffff_ffff
    }

    /// Control key that it had.
    public var key: String
    /// Which tier held it; ``Tier/transient`` for automation that was live.
    public var tier: Tier
    /// What became of it.
    public var fate: Fate
    /// Why.
    public var why: Unfit
    /// Of its layer.
    public var layerID: UInt64
    /// As it is after the change; `nil`: there is none of its key.
    public var param: Param?
    /// What it was; of automation what it was composed to.
    public var before: Explanation.Content?
    /// What it is; `nil`: cleared.
    public var after: Explanation.Content?

    init(_ raw: relume_type_fate) {
        key = text(ofField: raw.key)
        tier = Tier(raw.tier)
        fate = Fate(raw.fate)
        why = Unfit(raw.why)
        layerID = raw.layer_id
        param = raw.param.bits == 0 ? nil : Param(raw.param)
        before = Explanation.Content(raw.before)
        after = Explanation.Content(raw.after)
    }
}

/// A prepared change of type. It ends in one of ``Show/commit(_:)`` and ``Show/abort(_:why:)``, which take it away: it cannot
/// be ended twice. One that is merely let go of stays prepared until another change of the same type or layer.
public struct TypeChange: ~Copyable, Sendable {
    /// The number that events of this change carry (``Event/typeChange``).
    public let id: UInt64

    init(_ raw: relume_type_change) { id = raw.bits }
    var raw: relume_type_change { relume_type_change(bits: id) }
}

/// Layer types of an open show. A type is often something that the host has to build first, so a change has two phases:
/// prepared, it is checked and nothing shows; the host builds, for as long as it takes; then it is committed, or aborted
/// with a reason. There is an event for each.
///
/// With the same shape (keys, types, labels and slots) every handle stays valid, and values and automation go on. With
/// another one, values are kept where key, type and lanes match, and the handles of the layers become stale.
extension Show {
    /// Prepares a type that is new, or a new definition of one that is declared.
    /// - Throws: what ``Schema/add(_:)`` throws; the type as it is stays.
    public func prepare(_ type: LayerType) throws(RelumeError) -> TypeChange {
        var change = relume_type_change()
        try call { raw, error throws(RelumeError) in
            try type.withRaw { relume_type_prepare(raw, $0, &change, error) }
        }
        return TypeChange(change)
    }

    /// Prepares another type for a layer.
    /// - Throws: ``RelumeError/Code/unknownLayer``, ``RelumeError/Code/unknownType``.
    public func prepareRetype(_ layer: Layer, to type: String) throws(RelumeError) -> TypeChange {
        var change = relume_type_change()
        try call { raw, error throws(RelumeError) in
            try withKey(type) { relume_retype_prepare(raw, layer.raw, $0, &change, error) }
        }
        return TypeChange(change)
    }

    /// Makes a prepared change visible, as one mutation.
    /// - Throws: ``RelumeError/Code/state`` when it was superseded, ``RelumeError/Code/unknownLayer``,
    ///   ``RelumeError/Code/limit``, ``RelumeError/Code/io``. The change has ended then, too.
    @discardableResult
    public func commit(_ change: consuming TypeChange) throws(RelumeError) -> Outcome {
        let change = change.raw
        return try mutate { raw, outcome, error in relume_type_commit(raw, change, outcome, error) }
    }

    /// Gives a prepared change up: everything stays as it is.
    /// - Parameter why: what failed, for ``failure(ofType:)``. Empty: nothing failed, the change is not wanted any more.
    /// - Throws: ``RelumeError/Code/state`` when it was superseded.
    public func abort(_ change: consuming TypeChange, why: String = "") throws(RelumeError) {
        let change = change.raw
        try call { raw, error throws(RelumeError) in
            try withKey(why) { relume_type_abort(raw, change, $0, error) }
        }
    }

    /// Records that a build of a type failed before there was a definition to prepare, for example because its file cannot be
    /// read. The type as it is stays.
    /// - Throws: ``RelumeError/Code/invalid`` for a bad key or an empty reason.
    public func fail(type key: String, why: String) throws(RelumeError) {
        try call { raw, error throws(RelumeError) in
            try withKey(key) { key throws(RelumeError) in
                try withKey(why) { relume_type_fail(raw, key, $0, error) }
            }
        }
    }

    /// What became of every value at a change of type, by the revision of its outcome or event; what was cleared or clamped
    /// comes first. The last 8 changes are remembered, with 16,384 values each at most.
    /// - Throws: ``RelumeError/Code/state`` when no change of type had this revision, it moved no value, or it is forgotten.
    public func typeReport(revision: UInt64) throws(RelumeError) -> [TypeFate] {
        var empty = relume_type_fate()
        empty.struct_size = sizeField(of: relume_type_fate.self)
        var count = 0
        var all: [relume_type_fate] = []
        repeat {
            all = Array(repeating: empty, count: count)
            try call { raw, error in relume_type_report(raw, revision, &all, all.count, &count, nil, error) }
        } while count > all.count
        return all[..<count].map(TypeFate.init)
    }

    /// Why the last build of a type failed; `nil` when it did not, or was committed since.
    public func failure(ofType key: String) throws(RelumeError) -> String? {
        try whileOpen { raw throws(RelumeError) in
            try withKey(key) { key in
                let why = textFromC { relume_type_failure(raw, key, $0, $1) }
                return why.isEmpty ? nil : why
            }
        }
    }
}
