// SPDX-License-Identifier: Apache-2.0
import CRelume

/// What C structs want in `struct_size`.
@inline(__always)
func sizeField<T>(of type: T.Type) -> UInt32 { UInt32(MemoryLayout<T>.size) }

/// The text in a fixed array of characters, which Swift sees as a tuple.
func text<Field: BitwiseCopyable>(ofField field: Field) -> String {
    withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}

/// The text that a C function writes by the rule of snprintf.
func textFromC(initialRoom: Int = 256, _ write: (UnsafeMutablePointer<CChar>, Int) -> Int) -> String {
    var room = initialRoom
    while true {
        var size = 0
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: room) { buffer -> String? in
            size = write(buffer.baseAddress!, room)
            return size < room ? String(decoding: UnsafeRawBufferPointer(buffer)[..<size], as: UTF8.self) : nil
        }
        if let text { return text }
        room = size + 64  // it may grow in between
    }
}

/// A key or a path for C, where a NUL would end it early.
func withKey<R>(_ key: String, _ body: (UnsafePointer<CChar>) throws(RelumeError) -> R) throws(RelumeError) -> R {
    if key.utf8.contains(0) {
        throw RelumeError(.invalid, culprit: key.showingNUL, "the name has a NUL in it; leave it out")
    }
    return try key.utf8CString.withUnsafeBufferPointer { characters throws(RelumeError) in
        try body(characters.baseAddress!)
    }
}

/// As ``withKey``, for names that may be absent.
func withOptionalKey<R>(_ key: String?, _ body: (UnsafePointer<CChar>?) throws(RelumeError) -> R) throws(RelumeError)
    -> R
{
    guard let key else { return try body(nil) }
    return try withKey(key) { characters throws(RelumeError) in try body(characters) }
}

extension String {
    fileprivate var showingNUL: String { String(map { $0 == "\0" ? "␀" : $0 }) }
}

extension Duration {
    /// Whole nanoseconds, as near as 64 bits come.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, tooMuch) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if tooMuch { return seconds < 0 ? .min : .max }
        let (sum, overflow) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflow ? (seconds < 0 ? .min : .max) : sum
    }
}

/// An enumeration of C that a newer library may extend.
protocol Extensible: RawRepresentable where RawValue == UInt32 {
    static var unrecognized: Self { get }
}

extension Extensible {
    init(_ raw: UInt32) { self = Self(rawValue: raw) ?? .unrecognized }
}

/// Memory for what change-sets and definitions point to; lives as long as this object.
final class Arena {
    private var blocks: [UnsafeMutableRawBufferPointer] = []

    /// A copy of the bytes, with a NUL behind them.
    func copy(_ bytes: some Collection<UInt8>) -> UnsafePointer<CChar> {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count + 1, alignment: 1)
        block.copyBytes(from: bytes)
        block[bytes.count] = 0
        blocks.append(block)
        return UnsafePointer(block.baseAddress!.assumingMemoryBound(to: CChar.self))
    }

    /// A copy of the array.
    func copy<T: BitwiseCopyable>(_ elements: [T]) -> UnsafePointer<T>? {
        if elements.isEmpty { return nil }
        let block = UnsafeMutableRawBufferPointer.allocate(
            byteCount: elements.count * MemoryLayout<T>.stride, alignment: MemoryLayout<T>.alignment)
        blocks.append(block)
        return UnsafePointer(block.initializeMemory(as: T.self, from: elements).initialized.baseAddress!)
    }

    /// A copy of the key. \throws ``RelumeError`` when it has a NUL in it.
    func copy(key: String) throws(RelumeError) -> UnsafePointer<CChar> {
        try withKey(key) { _ in }
        return copy(key.utf8)
    }

    deinit {
        for block in blocks { block.deallocate() }
    }
}
