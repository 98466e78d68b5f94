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
    /// 1 to 200; 0 = 100, that of operators. A write takes a parameter from sources of its own priority and below.
    public var priority: UInt32
    /// For what this source writes.
    public var commitPolicy: CommitPolicy
    /// Parameters that this source can write; 0 = 4,096 or the show's slots, the smaller. Not for streams.
    public var maxParams: UInt32

    /// The defaults, for what is not named.
    public init(
        kind: SourceKind = .other, priority: UInt32 = 0, commitPolicy: CommitPolicy = .inherited, maxParams: UInt32 = 0
    ) {
        self.kind = kind
        self.priority = priority
        self.commitPolicy = commitPolicy
        self.maxParams = maxParams
    }

    var raw: relume_source_options {
        var raw = relume_source_options()
        raw.struct_size = sizeField(of: relume_source_options.self)
        raw.kind = kind.rawValue
        raw.priority = priority
        raw.commit_policy = commitPolicy.rawValue
        raw.max_params = maxParams
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

    init(_ read: (UnsafeMutablePointer<relume_source_info>) -> relume_result) {
        var raw = relume_source_info()
        raw.struct_size = sizeField(of: relume_source_info.self)
        let result = read(&raw)
        precondition(result == RELUME_OK, "the library is older than its headers")
        number = raw.number
        written = raw.written
        unchanged = raw.unchanged
        rejected = raw.rejected
    }
}

/// One automation value of a batch.
public struct OverlayValue: Sendable {
    @usableFromInline var raw: relume_overlay_value

    /// - Parameter commitPolicy: of this value alone.
    @inlinable
    public init(_ param: Param, _ value: Value, commitPolicy: CommitPolicy = .inherited) {
        raw = relume_overlay_value(
            param: param.raw, value: value.lanes, commit_policy: commitPolicy.rawValue, reserved: 0)
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
    ///   ``RelumeError/Code/notFinite``: counted in ``info``. ``RelumeError/Code/limit``.
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
    /// - Throws: ``RelumeError/Code/unknownRoute``.
    @inlinable
    public mutating func release(_ param: Param, at now: Int64) throws(RelumeError.Code) {
        let result = relume_overlay_release(raw, param.raw, now)
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
