// SPDX-License-Identifier: Apache-2.0
import CRelume

/// The frame role: composes the show's frames on the output thread.
///
/// There is one per show, and it cannot be copied: who has it is alone. Take it in the thread that composes, a ``Show`` may
/// be handed to any; letting go of it gives it back.
public struct Composer: ~Copyable, Sendable {
    @usableFromInline let show: Show

    init(_ show: Show) throws(RelumeError) {
        try show.hold { held throws(RelumeError) in
            if held.composer {
                throw RelumeError(.state, culprit: "the composer", "held already; one thread at a time composes a show")
            }
            held.composer = true
        }
        self.show = show
    }

    deinit { show.release { $0.composer = false } }

    /// Composes the frame of this moment and publishes it to all readers. Nothing changed, nothing moves: no new frame.
    /// Wait-free.
    /// - Parameter now: monotonic nanoseconds; a step backwards counts as no time.
    /// - Returns: number of the newest frame.
    @inlinable @discardableResult
    public mutating func compose(at now: Int64) -> UInt64 { relume_compose(show.raw, now) }
}

/// The reader role of one output. Has one owner, which ends it by letting go of it.
public struct Reader: ~Copyable, Sendable {
    @usableFromInline let show: Show
    @usableFromInline nonisolated(unsafe) let raw: OpaquePointer

    init(_ show: Show) throws(RelumeError) {
        nonisolated(unsafe) var opened: OpaquePointer?
        try show.hold { held throws(RelumeError) in
            try check { error in relume_reader_open(show.raw, &opened, error) }
            held.readers += 1
        }
        self.show = show
        self.raw = opened!
    }

    deinit {
        relume_reader_close(raw)
        show.release { $0.readers -= 1 }
    }

    /// Lends the newest frame for the length of `body`. Wait-free, if `body` is.
    @inlinable
    public mutating func withFrame<R: ~Copyable, E: Error>(
        _ body: (borrowing Frame) throws(E) -> R
    ) throws(E) -> R {
        try body(Frame(relume_reader_acquire(raw)))
    }

    /// Keeps the newest frame, past the next one and past the show's close.
    /// - Throws: ``RelumeError/Code/limit`` when ``ShowOptions/maxRetained`` are kept.
    public mutating func retainFrame() throws(RelumeError.Code) -> RetainedFrame {
        try withFrame { frame throws(RelumeError.Code) in try frame.retain() }
    }
}

extension Show {
    /// Gives out the frame role.
    /// - Throws: ``RelumeError/Code/state`` while somebody has it.
    public func composer() throws(RelumeError) -> Composer { try Composer(self) }

    /// Opens a reader of frames.
    /// - Throws: ``RelumeError/Code/limit`` when ``ShowOptions/maxReaders`` are open.
    public func reader() throws(RelumeError) -> Reader { try Reader(self) }
}

/// 32 bits of a frame.
@frozen public struct Slot: Hashable, Sendable {
    /// As they are in the frame.
    public let bits: UInt32
    /// From bits.
    @inlinable public init(bits: UInt32) { self.bits = bits }
    /// A lane of a float, vec or color.
    @inlinable public var float: Float { Float(bitPattern: bits) }
    /// A bool (0 or 1), an int or an enum.
    @inlinable public var int: Int32 { Int32(bitPattern: bits) }
}

/// One layer of a frame.
public struct FrameLayer: Hashable, Sendable {
    /// Its handle.
    public var layer: Layer
    /// Persistent layer id.
    public var id: UInt64
    /// Its slots in the frame.
    public var slots: Range<Int>
    /// Whether it takes part.
    public var flags: LayerInfo.Flags

    @usableFromInline init(_ raw: relume_frame_layer) {
        layer = Layer(raw.layer)
        id = raw.id
        slots = Int(raw.first_slot)..<Int(raw.first_slot) + Int(raw.slot_count)
        flags = LayerInfo.Flags(rawValue: raw.flags)
    }
}

/// A composed frame: values and stack of one moment, lent for the length of a closure. Reading it is wait-free and copies
/// nothing.
///
/// It is flat: one array of slots for all layers. Those of a layer are contiguous and begin at a multiple of 4; a parameter
/// sits at the layer's first slot plus its own (``ParamInfo/slot``).
public struct Frame: ~Copyable {
    @usableFromInline let raw: UnsafePointer<relume_frame>
    @inlinable init(_ raw: UnsafePointer<relume_frame>) { self.raw = raw }

    /// 1 and up; rises by one with each new frame.
    @inlinable public var number: UInt64 { raw.pointee.number }
    /// Newest mutation that is in it.
    @inlinable public var revision: UInt64 { raw.pointee.revision }
    /// Compose time, in monotonic nanoseconds.
    @inlinable public var time: Int64 { raw.pointee.time_ns }
    /// Slots that are gliding; not 0 means that the next frame will differ.
    @inlinable public var moving: Int { Int(raw.pointee.moving) }
    /// Slots of the whole frame.
    @inlinable public var slotCount: Int { Int(raw.pointee.slot_count) }
    /// Layers of the stack.
    @inlinable public var layerCount: Int { Int(raw.pointee.layer_count) }

    /// A layer, 0 at the bottom. `index` must be below ``layerCount``.
    @inlinable public func layer(at index: Int) -> FrameLayer {
        precondition(index >= 0 && index < layerCount, "a frame has fewer layers than that")
        return FrameLayer(raw.pointee.layers[index])
    }

    /// Lends all slots, 64-byte aligned, to be uploaded as they are. The buffer must not leave `body`.
    @inlinable
    public func withSlots<R: ~Copyable, E: Error>(
        _ body: (UnsafeBufferPointer<Slot>) throws(E) -> R
    ) throws(E) -> R {
        let slots = UnsafeRawPointer(raw.pointee.slots!).assumingMemoryBound(to: Slot.self)
        return try body(UnsafeBufferPointer(start: slots, count: slotCount))
    }

    /// The first slot of a parameter, as many follow as its type has lanes; `nil` when this frame does not have it, because
    /// its layer was added later or removed before. The pointer must not outlive the frame.
    @inlinable
    public func slots(of param: Param) -> UnsafePointer<Slot>? {
        UnsafeRawPointer(relume_frame_at(raw, param.raw))?.assumingMemoryBound(to: Slot.self)
    }

    /// A float; also the first lane of a vec or color. `nil` when this frame does not have the parameter.
    @inlinable public func float(_ param: Param) -> Float? { slots(of: param)?.pointee.float }

    /// A bool (0 or 1), an int or an enum's index. `nil` when this frame does not have the parameter.
    @inlinable public func int(_ param: Param) -> Int32? { slots(of: param)?.pointee.int }

    /// The count of a trigger's pulses. It wraps: `count &- before` says how many came since. `nil` when this frame does not have
    /// the parameter.
    @inlinable public func count(_ param: Param) -> UInt32? { slots(of: param)?.pointee.bits }

    /// A vec2. `nil` when this frame does not have the parameter.
    @inlinable public func vec2(_ param: Param) -> SIMD2<Float>? {
        slots(of: param).map { SIMD2($0[0].float, $0[1].float) }
    }

    /// A vec3. `nil` when this frame does not have the parameter.
    @inlinable public func vec3(_ param: Param) -> SIMD3<Float>? {
        slots(of: param).map { SIMD3($0[0].float, $0[1].float, $0[2].float) }
    }

    /// A vec4 or color. `nil` when this frame does not have the parameter.
    @inlinable public func vec4(_ param: Param) -> SIMD4<Float>? {
        slots(of: param).map { SIMD4($0[0].float, $0[1].float, $0[2].float, $0[3].float) }
    }

    /// A time in nanoseconds. `nil` when this frame does not have the parameter.
    @inlinable public func nanoseconds(_ param: Param) -> Int64? {
        slots(of: param).map { Int64(bitPattern: UInt64($0[1].bits) << 32 | UInt64($0[0].bits)) }
    }

    /// Keeps the frame past this closure, the reader's next one and the show's close.
    /// - Throws: ``RelumeError/Code/limit`` when ``ShowOptions/maxRetained`` are kept.
    public func retain() throws(RelumeError.Code) -> RetainedFrame { try RetainedFrame(raw) }
}

/// A frame that is kept until the last reference to it is gone, past the show's close too. May be read by every thread.
public final class RetainedFrame: Sendable {
    @usableFromInline nonisolated(unsafe) let raw: UnsafePointer<relume_frame>

    init(_ raw: UnsafePointer<relume_frame>) throws(RelumeError.Code) {
        let result = relume_frame_retain(raw)
        if result != RELUME_OK { throw RelumeError.Code(result) }
        self.raw = raw
    }

    deinit { relume_frame_release(raw) }

    /// Lends the frame for the length of `body`.
    @inlinable
    public func withFrame<R: ~Copyable, E: Error>(_ body: (borrowing Frame) throws(E) -> R) throws(E) -> R {
        defer { withExtendedLifetime(self) {} }
        return try body(Frame(raw))
    }
}
