// SPDX-License-Identifier: Apache-2.0
import CRelume

/// Where a parameter lies in a frame.
@frozen public struct FrameParam: Sendable {
    @usableFromInline let raw: relume_frame_param

    /// Its handle.
    @inlinable public var param: Param { Param(raw.param) }
    /// The layer that it belongs to.
    @inlinable public var layer: Layer { Layer(raw.layer) }
    /// Its slots in the frame, as many as its type has lanes.
    @inlinable public var slots: Range<Int> { Int(raw.slot)..<Int(raw.slot) + Int(raw.lanes) }
    /// Its type.
    public var type: ValueType { ValueType(raw.type) }
    /// Its place in its layer's type.
    @inlinable public var index: Int { Int(raw.index) }
}

extension Frame {
    /// Revision of the newest change of stack or types that is in it: as long as it is the same, so is the layout.
    @inlinable public var structure: UInt64 { raw.pointee.structure }

    /// Where everything lies, into memory of the caller; as many rows as fit. Wait-free.
    /// - Parameter layer: only its parameters, in the order of its type; `nil`: those of all layers, bottom to top.
    /// - Returns: how many there are; 0 when the frame does not have that layer.
    @inlinable @discardableResult
    public func layout(of layer: Layer? = nil, into rows: UnsafeMutableBufferPointer<FrameParam>) -> Int {
        rows.withMemoryRebound(to: relume_frame_param.self) {
            relume_frame_layout(raw, layer.raw, $0.baseAddress, $0.count)
        }
    }

    /// The same as an array. Allocates it.
    public func layout(of layer: Layer? = nil) -> [FrameParam] {
        let count = relume_frame_layout(raw, layer.raw, nil, 0)
        return [FrameParam](unsafeUninitializedCapacity: count) { rows, written in
            written = min(layout(of: layer, into: rows), rows.count)
        }
    }
}
