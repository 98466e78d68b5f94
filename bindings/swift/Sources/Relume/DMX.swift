// SPDX-License-Identifier: Apache-2.0
import CRelume

/// DMX out of floats. relume/dmx.h says how values are rounded and dithered. Wait-free, but for what returns an array.
public enum DMX {
    /// Channels of a universe.
    public static let channels = Int(RELUME_DMX_CHANNELS)

    /// How a value becomes channels.
    @frozen public struct Flags: OptionSet, Hashable, Sendable {
        /// Bits of relume_dmx_flags.
        public let rawValue: UInt32
        /// From bits.
        @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Two channels for each value: coarse, fine.
        public static let fine = Flags(rawValue: RELUME_DMX_FINE.rawValue)
        /// 1 - x.
        public static let invert = Flags(rawValue: RELUME_DMX_INVERT.rawValue)
        /// Values between two steps are shown in time.
        public static let dither = Flags(rawValue: RELUME_DMX_DITHER.rawValue)
    }

    /// One line of a patch: lanes of a parameter that go to channels, and how often.
    @frozen public struct Line: Sendable {
        @usableFromInline let raw: relume_dmx_patch

        /// - Parameter slots: of the values in the frame (``FrameParam/slots``); `nil`: `lanes` values of 0.
        /// - Parameter lanes: how many, where there are no slots.
        /// - Parameter level: slot of a float that multiplies them.
        /// - Parameter channel: the first, from 0.
        /// - Parameter fixtures: how often the same values are written.
        /// - Parameter stride: channels from one fixture to the next.
        public init(
            slots: Range<Int>?, lanes: Int = 1, level: Int? = nil, channel: Int, fixtures: Int = 1, stride: Int = 0,
            flags: Flags = []
        ) {
            let none = UInt32(RELUME_DMX_NO_SLOT)
            raw = relume_dmx_patch(
                slot: slots.map { UInt32($0.lowerBound) } ?? none, level: level.map(UInt32.init) ?? none,
                lanes: UInt16(slots?.count ?? lanes), channel: UInt16(channel), fixtures: UInt16(fixtures),
                stride: UInt16(stride), flags: flags.rawValue, reserved: 0)
        }
    }

    /// Packs values of 0 to 1 into channels that follow each other.
    /// - Parameter stride: from one value to the next; 1 takes all.
    /// - Parameter tick: number of the packet; only looked at with ``Flags/dither``.
    /// - Throws: ``RelumeError/Code/range`` when there are too few channels; nothing is written then.
    @inlinable
    public static func pack(
        _ values: UnsafeBufferPointer<Float>, stride: Int = 1, into channels: UnsafeMutableBufferPointer<UInt8>,
        _ flags: Flags = [], tick: UInt32 = 0
    ) throws(RelumeError.Code) {
        precondition(stride > 0, "a stride goes forwards")
        let count = (values.count + stride - 1) / stride
        let result = relume_dmx_pack(
            values.baseAddress, stride, count, flags.rawValue, tick, channels.baseAddress, channels.count)
        if result != RELUME_OK { throw RelumeError.Code(result) }
    }

    /// The same as a new array.
    public static func pack(_ values: [Float], _ flags: Flags = [], tick: UInt32 = 0) -> [UInt8] {
        let count = values.count * (flags.contains(.fine) ? 2 : 1)
        return [UInt8](unsafeUninitializedCapacity: count) { channels, written in
            let result = values.withUnsafeBufferPointer {
                relume_dmx_pack($0.baseAddress, 1, $0.count, flags.rawValue, tick, channels.baseAddress, count)
            }
            precondition(result == RELUME_OK, "unknown flags")
            written = count
        }
    }
}

extension Frame {
    /// Packs a whole universe by its patch; channels that are not patched stay as they are. Wait-free.
    /// - Parameter master: multiplies every value.
    /// - Parameter tick: number of the packet, for lines with ``DMX/Flags/dither``.
    /// - Throws: ``RelumeError/Code/range`` with the index of a line that reaches beyond frame or channels,
    ///   ``RelumeError/Code/invalid`` for one whose fixtures overlap; nothing is written then.
    @inlinable
    public func packDMX(
        _ patch: [DMX.Line], master: Double = 1, tick: UInt32 = 0, into channels: UnsafeMutableBufferPointer<UInt8>
    ) throws(BatchRejected) {
        var culprit = 0
        let result = patch.withUnsafeBytes { bytes in
            relume_dmx_pack_universe(
                bytes.baseAddress?.assumingMemoryBound(to: relume_dmx_patch.self), patch.count, raw.pointee.slots,
                slotCount, master, tick, channels.baseAddress, channels.count, &culprit)
        }
        if result != RELUME_OK { throw BatchRejected(code: RelumeError.Code(result), index: culprit) }
    }
}
