// SPDX-License-Identifier: Apache-2.0
import CRelume

/// What kind of input a source is.
public enum SourceKind: UInt32, Sendable {
    /// None of the others.
    case other = 0
    /// Messages from the network.
    case osc = 1
    /// A MIDI port.
    case midi = 2
    /// An oscillator of the host.
    case lfo = 3
    /// An operator's gesture.
    case ui = 4
    /// A continuous input: its policy is ``CommitPolicy/renderOnly`` unless it says otherwise.
    case dmx = 5
}

/// How a source is opened.
public struct SourceOptions: Hashable, Sendable {
    /// Of input.
    public var kind: SourceKind
    /// 1 to 200; 0 = 100, that of operators. The highest wins; among equals the latest change, or with
    /// ``ParamDefinition/Flags/highest`` the highest value.
    public var priority: UInt32
    /// For what this source writes.
    public var commitPolicy: CommitPolicy
    /// Parameters that this source can write; 0 = 4,096 or the show's slots, the smaller. Not for streams.
    public var maxParams: UInt32

    /// A source that has written nothing for so long in compose time, not even an equal value, is lost: all it holds is released
    /// in one frame, and what it says next is news again. Zero = never.
    public var timeout: Duration

    /// Number of the source of automation that was held over a death (``Explanation/Automation/source``, ``Outcome/Mask/source``).
    /// Any write of any source takes the parameter from it, an operator ends it, and after ``ShowOptions/held`` it is released.
    public static let recovered: UInt32 = 0xffff_ffff

    /// The defaults, for what is not named.
    public init(
        kind: SourceKind = .other, priority: UInt32 = 0, commitPolicy: CommitPolicy = .inherited, maxParams: UInt32 = 0,
        timeout: Duration = .zero
    ) {
        self.kind = kind
        self.priority = priority
        self.commitPolicy = commitPolicy
        self.maxParams = maxParams
        self.timeout = timeout
    }

    var raw: relume_source_options {
        var raw = relume_source_options()
        raw.struct_size = sizeField(of: relume_source_options.self)
        raw.kind = kind.rawValue
        raw.priority = priority
        raw.commit_policy = commitPolicy.rawValue
        raw.max_params = maxParams
        raw.timeout_ns = timeout.nanoseconds
        return raw
    }
}

/// Number and counters of a source or a stream.
public struct SourceInfo: Hashable, Sendable {
    /// As in ``Outcome/Mask/source`` and ``Explanation/Automation/source``; never used twice.
    public var number: UInt32
    /// Values that were taken.
    public var written: UInt64
    /// Values equal to the one before, which are no change.
    public var unchanged: UInt64
    /// Values stopped at the door.
    public var rejected: UInt64
    /// Of the written ones, those that a newer one replaced before a frame could take them.
    public var superseded: UInt64
    /// How often the source was lost (``SourceOptions/timeout``).
    public var timeouts: UInt64

    init(_ read: (UnsafeMutablePointer<relume_source_info>) -> relume_result) {
        var raw = relume_source_info()
        raw.struct_size = sizeField(of: relume_source_info.self)
        let result = read(&raw)
        precondition(result == RELUME_OK, "the library is older than its headers")
        number = raw.number
        written = raw.written
        unchanged = raw.unchanged
        rejected = raw.rejected
        superseded = raw.superseded
        timeouts = raw.timeouts
    }
}

/// Time constant of the glide of a single write. Of float, vec and color; others step whatever it says.
public struct Smoothing: Hashable, Sendable {
    /// Milliseconds; 0 is the definition's, 65,535 none.
    public let rawValue: UInt32
    @usableFromInline init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The definition's.
    public static let inherited = Smoothing(rawValue: 0)
    /// No glide.
    public static let step = Smoothing(rawValue: 65_535)
    /// 1 to 65,534 ms; what is beyond counts as the nearest of them.
    @inlinable
    public static func milliseconds(_ count: Int) -> Smoothing { Smoothing(rawValue: UInt32(min(max(count, 1), 65_534))) }
}

/// One automation value of a batch.
public struct OverlayValue: Sendable {
    @usableFromInline var raw: relume_overlay_value

    /// - Parameter commitPolicy: of this value alone.
    /// - Parameter smoothing: of this value alone.
    @inlinable
    public init(
        _ param: Param, _ value: Value, commitPolicy: CommitPolicy = .inherited, smoothing: Smoothing = .inherited
    ) {
        raw = relume_overlay_value(
            param: param.raw, value: value.lanes, commit_policy: commitPolicy.rawValue, smoothing_ms: smoothing.rawValue)
    }
}

/// Why a batch was rejected: nothing of it was written.
public struct BatchRejected: Error, Hashable, Sendable {
    /// What is wrong with the value.
    public var code: RelumeError.Code
    /// Index of the value to blame.
    public var index: Int

    @usableFromInline init(code: RelumeError.Code, index: Int) {
        self.code = code
        self.index = index
    }
}

/// The source role: one writer of automation (an OSC socket, an LFO, a MIDI port).
///
/// Has one owner, which ends it by letting go of it; what it holds is released then and glides back. Writing is wait-free
/// and allocates nothing. Take it in the thread that uses it, a ``Show`` may be handed to any.
public struct Source: ~Copyable, Sendable {
    @usableFromInline let show: Show
    @usableFromInline nonisolated(unsafe) let raw: OpaquePointer

    init(_ show: Show, _ options: SourceOptions) throws(RelumeError) {
        self.raw = try show.openSource { raw, out, error in
            var options = options.raw
            return relume_source_open(raw, &options, out, error)
        }
        self.show = show
    }

    deinit {
        relume_source_close(raw)
        show.release { $0.sources -= 1 }
    }

    /// Writes one automation value. The next frame shows it, or a step of its glide. Wait-free.
    /// - Parameter now: monotonic nanoseconds of when it was noticed; the glide starts there.
    /// - Throws: ``RelumeError/Code/unknownRoute``, ``RelumeError/Code/type`` (a text, too), ``RelumeError/Code/range``,
    ///   ``RelumeError/Code/notFinite``: counted in ``info``. ``RelumeError/Code/limit``; ``RelumeError/Code/state`` in a gesture
    ///   with it.
    @inlinable
    public mutating func write(_ param: Param, _ value: Value, at now: Int64) throws(RelumeError.Code) {
        var value = value.lanes
        let result = relume_overlay_write(raw, param.raw, &value, now)
        if result != RELUME_OK { throw RelumeError.Code(result) }
    }

    /// Writes values that land in one frame; on error none is written. Wait-free.
    @inlinable
    public mutating func write(_ values: [OverlayValue], at now: Int64) throws(BatchRejected) {
        var culprit = 0
        let result = values.withUnsafeBytes { bytes in
            relume_overlay_write_many(
                raw, bytes.baseAddress?.assumingMemoryBound(to: relume_overlay_value.self), values.count, now, &culprit)
        }
        if result != RELUME_OK { throw BatchRejected(code: RelumeError.Code(result), index: culprit) }
    }

    /// Releases the automation of a parameter; it glides back to the tier below. Without one it is no error. Wait-free.
    /// - Throws: ``RelumeError/Code/unknownRoute``; ``RelumeError/Code/state`` in a gesture with it.
    @inlinable
    public mutating func release(_ param: Param, at now: Int64) throws(RelumeError.Code) {
        let result = relume_overlay_release(raw, param.raw, now)
        if result != RELUME_OK { throw RelumeError.Code(result) }
    }

    /// Begins a gesture: somebody takes the parameter into the hand (a fader is touched, a mouse button goes down). From the next
    /// frame on it stands where it is shown, at priority 150. Wait-free.
    /// - Parameter now: as for ``write(_:_:at:)``.
    /// - Throws: ``RelumeError/Code/unknownRoute``; ``RelumeError/Code/type`` for a trigger or a text, which nobody can hold;
    ///   ``RelumeError/Code/state`` in a gesture with it; ``RelumeError/Code/limit``.
    @inlinable
    public mutating func beginGesture(_ param: Param, at now: Int64) throws(RelumeError.Code) {
        let result = relume_gesture_begin(raw, param.raw, now)
        if result != RELUME_OK { throw RelumeError.Code(result) }
    }

    /// Changes the value in a gesture. It is transient: nothing is committed before the end. Wait-free.
    /// - Throws: as ``write(_:_:at:)``; ``RelumeError/Code/state`` when no gesture was begun.
    @inlinable
    public mutating func changeGesture(_ param: Param, _ value: Value, at now: Int64) throws(RelumeError.Code) {
        var value = value.lanes
        let result = relume_gesture_change(raw, param.raw, &value, now)
        if result != RELUME_OK { throw RelumeError.Code(result) }
    }

    /// Ends a gesture: its last value is committed once, as soon as its glide has arrived. The policy is that of a write;
    /// ``CommitPolicy/renderOnly`` becomes session. A gesture without a change is given up. Wait-free.
    /// - Throws: ``RelumeError/Code/unknownRoute``; ``RelumeError/Code/state`` when no gesture was begun.
    @inlinable
    public mutating func endGesture(_ param: Param, at now: Int64) throws(RelumeError.Code) {
        let result = relume_gesture_end(raw, param.raw, now)
        if result != RELUME_OK { throw RelumeError.Code(result) }
    }

    /// Gives a gesture up: the parameter glides back to what lies below, and nothing is committed. Wait-free.
    /// - Throws: ``RelumeError/Code/unknownRoute``; ``RelumeError/Code/state`` when no gesture was begun.
    @inlinable
    public mutating func abortGesture(_ param: Param, at now: Int64) throws(RelumeError.Code) {
        let result = relume_gesture_abort(raw, param.raw, now)
        if result != RELUME_OK { throw RelumeError.Code(result) }
    }

    /// Number and counters. Wait-free.
    public var info: SourceInfo {
        mutating get { SourceInfo { relume_source_info_get(raw, $0) } }
    }
}

/// The source role of an input of many channels, which always writes the same run of slots: a DMX universe, a tracker, a
/// mixer.
///
/// Has one owner, like a ``Source``. Writing is wait-free and allocates nothing.
public struct SlotStream: ~Copyable, Sendable {
    @usableFromInline let show: Show
    @usableFromInline nonisolated(unsafe) let raw: OpaquePointer
    /// Slots of the run.
    public let count: Int

    init(_ show: Show, first: Param, count: Int, _ options: SourceOptions) throws(RelumeError) {
        self.raw = try show.openSource { raw, out, error in
            var options = options.raw
            return relume_stream_open(raw, &options, first.raw, max(count, 0), out, error)
        }
        self.show = show
        self.count = count
    }

    deinit {
        relume_stream_close(raw)
        show.release { $0.sources -= 1 }
    }

    /// Writes all values of the run; they land in one frame, or none is written. Wait-free.
    /// - Parameter values: exactly ``count``, in the order of the slots.
    /// - Parameter now: monotonic nanoseconds of when they were noticed.
    /// - Throws: ``RelumeError/Code/invalid`` for another number of values; ``RelumeError/Code/range`` and
    ///   ``RelumeError/Code/notFinite`` with the index to blame; ``RelumeError/Code/unknownRoute`` when the layer is gone, or
    ///   lies elsewhere since a change of type.
    @inlinable
    public mutating func write(_ values: UnsafeBufferPointer<Float>, at now: Int64) throws(BatchRejected) {
        var culprit = 0
        let result = relume_stream_write(raw, values.baseAddress, values.count, now, &culprit)
        if result != RELUME_OK { throw BatchRejected(code: RelumeError.Code(result), index: culprit) }
    }

    /// As above.
    @inlinable
    public mutating func write(_ values: [Float], at now: Int64) throws(BatchRejected) {
        try values.withUnsafeBufferPointer { buffer throws(BatchRejected) in try write(buffer, at: now) }
    }

    /// Number and counters. Wait-free.
    public var info: SourceInfo {
        mutating get { SourceInfo { relume_stream_info_get(raw, $0) } }
    }
}

extension Show {
    /// Opens a source and allocates all it will need.
    /// - Throws: ``RelumeError/Code/limit`` when all are open; ``RelumeError/Code/invalid``.
    public func source(_ options: SourceOptions = SourceOptions()) throws(RelumeError) -> Source {
        try Source(self, options)
    }

    /// Opens a stream over `count` slots that begin with `first`, all of float lanes, the last parameter whole.
    /// - Throws: ``RelumeError/Code/unknownRoute``, ``RelumeError/Code/type``, ``RelumeError/Code/limit``,
    ///   ``RelumeError/Code/invalid``.
    public func stream(
        from first: Param, count: Int, _ options: SourceOptions = SourceOptions()
    ) throws(RelumeError) -> SlotStream {
        try SlotStream(self, first: first, count: count, options)
    }

    fileprivate func openSource(
        _ open: (OpaquePointer, UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<relume_error>) ->
            relume_result
    ) throws(RelumeError) -> OpaquePointer {
        nonisolated(unsafe) var opened: OpaquePointer?
        try hold { held throws(RelumeError) in
            try check { error in open(raw, &opened, error) }
            held.sources += 1
        }
        return opened!
    }
}
