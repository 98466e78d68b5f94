// SPDX-License-Identifier: Apache-2.0
import CRelume

/// Handle of a layer. That of a layer that was removed is stale: every call answers with an error, none hits the layer
/// that took the place.
public struct Layer: Hashable, Sendable {
    @usableFromInline let bits: UInt64
    @inlinable init(_ raw: relume_layer) { bits = raw.bits }
    @inlinable var raw: relume_layer { relume_layer(bits: bits) }
}

/// Handle of a parameter, resolved once from its route.
public struct Param: Hashable, Sendable {
    @usableFromInline let bits: UInt64
    @inlinable init(_ raw: relume_param) { bits = raw.bits }
    @inlinable var raw: relume_param { relume_param(bits: bits) }
}

extension Layer? {
    @inlinable var raw: relume_layer { self?.raw ?? relume_layer(bits: 0) }
}

/// A layer as it stands.
public struct LayerInfo: Hashable, Sendable {
    /// Bits of a layer's flags.
    public struct Flags: OptionSet, Hashable, Sendable {
        /// Bits of relume_layer_flags.
        public let rawValue: UInt32
        /// From bits.
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Out of the show; its values stay.
        public static let disabled = Flags(rawValue: RELUME_LAYER_DISABLED.rawValue)
        /// Passed through.
        public static let bypassed = Flags(rawValue: RELUME_LAYER_BYPASSED.rawValue)
    }

    /// Its handle.
    public var layer: Layer
    /// Persistent; never used twice in a show.
    public var id: UInt64
    /// Its key, for people and routes.
    public var key: String
    /// Key of its type.
    public var typeKey: String
    /// Whether it takes part.
    public var flags: Flags
    /// Parameters of its type.
    public var paramCount: Int
    /// Slots of its type.
    public var slotCount: Int

    init(_ raw: relume_layer_info) {
        layer = Layer(raw.layer)
        id = raw.id
        key = text(ofField: raw.key)
        typeKey = text(ofField: raw.type_key)
        flags = Flags(rawValue: raw.flags)
        paramCount = Int(raw.param_count)
        slotCount = Int(raw.slot_count)
    }
}

/// A parameter as it was declared.
public struct ParamInfo: Hashable, Sendable {
    /// Its handle.
    public var param: Param
    /// The layer that it belongs to.
    public var layer: Layer
    /// "layer-key/control-key".
    public var route: String
    /// Of its values.
    public var type: ValueType
    /// Equal: unbounded.
    public var minimum: Double
    /// Equal: unbounded.
    public var maximum: Double
    /// `nil` for a text, whose default the library does not give out.
    public var initial: Value?
    /// How it departs from the usual.
    public var flags: ParamDefinition.Flags
    /// For automation of it.
    public var commitPolicy: CommitPolicy
    /// Time constant of automation's glide; zero steps.
    public var smoothing: Duration
    /// How long automation must be unchanged before it is committed; zero = the show's.
    public var settle: Duration
    /// Of an enum; ``Show/label(_:of:)`` has the texts.
    public var labelCount: Int
    /// First slot within the layer.
    public var slot: Int

    init(_ raw: relume_param_info) {
        param = Param(raw.param)
        layer = Layer(raw.layer)
        route = text(ofField: raw.route)
        type = ValueType(raw.type)
        minimum = raw.min
        maximum = raw.max
        initial = Value(raw.default_value)
        flags = ParamDefinition.Flags(rawValue: raw.flags)
        commitPolicy = CommitPolicy(raw.commit_policy)
        smoothing = .nanoseconds(raw.smoothing_ns)
        settle = .nanoseconds(raw.settle_ns)
        labelCount = Int(raw.label_count)
        slot = Int(raw.slot)
    }
}

/// Look-ups. They may wait for a mutation that is under way; none is for the output thread.
extension Show {
    /// Finds a layer by its key.
    /// - Throws: ``RelumeError/Code/unknownLayer``.
    public func layer(_ key: String) throws(RelumeError) -> Layer {
        var found = relume_layer()
        try call { raw, error throws(RelumeError) in
            try withKey(key) { relume_layer_find(raw, $0, &found, error) }
        }
        return Layer(found)
    }

    /// All layers, bottom to top.
    public var layers: [Layer] {
        get throws(RelumeError) {
            try whileOpen { raw in
                var all: [Layer] = []
                var layer = relume_layer()
                while relume_layer_at(raw, UInt32(all.count), &layer, nil) == RELUME_OK { all.append(Layer(layer)) }
                return all
            }
        }
    }

    /// Reads a layer.
    /// - Throws: ``RelumeError/Code/unknownLayer``.
    public func info(of layer: Layer) throws(RelumeError) -> LayerInfo {
        var info = relume_layer_info()
        info.struct_size = sizeField(of: relume_layer_info.self)
        try call { raw, error in relume_layer_info_get(raw, layer.raw, &info, error) }
        return LayerInfo(info)
    }

    /// Finds a parameter by its route, "layer/key".
    /// - Throws: ``RelumeError/Code/unknownRoute``.
    public func param(_ route: String) throws(RelumeError) -> Param {
        var found = relume_param()
        try call { raw, error throws(RelumeError) in
            try withKey(route) { relume_param_find(raw, $0, &found, error) }
        }
        return Param(found)
    }

    /// All parameters of a layer, in the order of its type.
    /// - Throws: ``RelumeError/Code/unknownLayer``.
    public func params(of layer: Layer) throws(RelumeError) -> [Param] {
        let count = try info(of: layer).paramCount
        return try whileOpen { raw throws(RelumeError) in
            var all: [Param] = []
            var param = relume_param()
            for n in 0..<UInt32(count) {
                try check { error in relume_param_at(raw, layer.raw, n, &param, error) }
                all.append(Param(param))
            }
            return all
        }
    }

    /// Reads a parameter's definition.
    /// - Throws: ``RelumeError/Code/unknownRoute``.
    public func info(of param: Param) throws(RelumeError) -> ParamInfo {
        var info = relume_param_info()
        info.struct_size = sizeField(of: relume_param_info.self)
        try call { raw, error in relume_param_info_get(raw, param.raw, &info, error) }
        return ParamInfo(info)
    }

    /// Index of an enum's label.
    /// - Throws: ``RelumeError/Code/range`` when there is no such label; ``RelumeError/Code/type`` when it is no enum.
    public func index(of label: String, in param: Param) throws(RelumeError) -> Int32 {
        var index: Int32 = 0
        try call { raw, error throws(RelumeError) in
            try withKey(label) { relume_param_label_find(raw, param.raw, $0, &index, error) }
        }
        return index
    }

    /// Text of an enum's label; `nil` for an unknown parameter or index.
    public func label(_ index: Int32, of param: Param) throws(RelumeError) -> String? {
        try whileOpen { raw in
            let text = textFromC(initialRoom: 64) { relume_param_label(raw, param.raw, index, $0, $1) }
            return text.isEmpty ? nil : text
        }
    }
}

/// Mutations of the stack.
extension Show {
    /// Adds a layer below `before`, or on top. Its parameters hold their defaults.
    /// - Throws: ``RelumeError/Code/exists``, ``RelumeError/Code/unknownType``, ``RelumeError/Code/unknownLayer``,
    ///   ``RelumeError/Code/limit``, ``RelumeError/Code/invalid``.
    @discardableResult
    public func addLayer(_ key: String, type: String, before: Layer? = nil) throws(RelumeError) -> Layer {
        var added = relume_layer()
        _ = try mutate { raw, outcome, error throws(RelumeError) in
            try withKey(key) { key throws(RelumeError) in
                try withKey(type) { relume_layer_add(raw, key, $0, before.raw, &added, outcome, error) }
            }
        }
        return Layer(added)
    }

    /// Removes a layer with all its values and automation. Its handles, and those of its parameters, become stale.
    /// - Throws: ``RelumeError/Code/unknownLayer``.
    @discardableResult
    public func remove(_ layer: Layer) throws(RelumeError) -> Outcome {
        try mutate { raw, outcome, error in relume_layer_remove(raw, layer.raw, outcome, error) }
    }

    /// Moves a layer below `before`, or to the top. Handles stay valid.
    /// - Throws: ``RelumeError/Code/unknownLayer``.
    @discardableResult
    public func move(_ layer: Layer, before: Layer? = nil) throws(RelumeError) -> Outcome {
        try mutate { raw, outcome, error in relume_layer_move(raw, layer.raw, before.raw, outcome, error) }
    }

    /// Enables or disables a layer.
    /// - Throws: ``RelumeError/Code/unknownLayer``.
    @discardableResult
    public func enable(_ layer: Layer, _ on: Bool = true) throws(RelumeError) -> Outcome {
        try mutate { raw, outcome, error in relume_layer_enable(raw, layer.raw, on ? 1 : 0, outcome, error) }
    }

    /// Bypasses a layer or takes it in again.
    /// - Throws: ``RelumeError/Code/unknownLayer``.
    @discardableResult
    public func bypass(_ layer: Layer, _ on: Bool = true) throws(RelumeError) -> Outcome {
        try mutate { raw, outcome, error in relume_layer_bypass(raw, layer.raw, on ? 1 : 0, outcome, error) }
    }

    /// Gives a layer another type at once, for types that need no building; ``prepareRetype(_:to:)`` is for the others.
    /// Values are kept where key and shape match. When the shape of the type is another one, the handles of the layer and
    /// of its parameters become stale.
    /// - Throws: ``RelumeError/Code/unknownLayer``, ``RelumeError/Code/unknownType``, ``RelumeError/Code/limit``.
    @discardableResult
    public func retype(_ layer: Layer, to type: String) throws(RelumeError) -> Outcome {
        try mutate { raw, outcome, error throws(RelumeError) in
            try withKey(type) { relume_layer_retype(raw, layer.raw, $0, outcome, error) }
        }
    }

    /// Gives a layer another key. Values, automation and all handles stay; its routes are others from now on.
    /// - Throws: ``RelumeError/Code/unknownLayer``, ``RelumeError/Code/invalid``, ``RelumeError/Code/exists``,
    ///   ``RelumeError/Code/limit``.
    @discardableResult
    public func rename(_ layer: Layer, to key: String) throws(RelumeError) -> Outcome {
        try mutate { raw, outcome, error throws(RelumeError) in
            try withKey(key) { relume_layer_rename(raw, layer.raw, $0, outcome, error) }
        }
    }
}
