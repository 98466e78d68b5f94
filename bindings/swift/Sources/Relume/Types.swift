// SPDX-License-Identifier: Apache-2.0
import CRelume

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
