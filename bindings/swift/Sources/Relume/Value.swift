// SPDX-License-Identifier: Apache-2.0
import CRelume

/// Type of a parameter.
public enum ValueType: UInt32, Sendable, Extensible {
    /// One slot, 0 or 1.
    case bool = 1
    /// One slot, 32 bits.
    case int = 2
    /// One slot.
    case float = 3
    /// Two slots.
    case vec2 = 4
    /// Three slots, aligned to four.
    case vec3 = 5
    /// Four slots.
    case vec4 = 6
    /// Four slots: linear red, green, blue, straight alpha.
    case color = 7
    /// One slot: index into the labels.
    case `enum` = 8
    /// Two slots: 64 bits of nanoseconds, low half first.
    case time = 9
    /// UTF-8, at most 1,024 bytes. Takes no automation.
    case text = 10
    /// One slot: the count of its pulses, 32 bits without sign, which wraps.
    case trigger = 11
    /// A type of a newer library.
    case unrecognized = 0xffff_ffff

    /// Number of 32-bit slots in a frame, 1 to 4.
    public var lanes: Int { Int(relume_type_lanes(rawValue)) }
}

/// A value with its type.
public enum Value: Hashable, Sendable {
    /// On or off.
    case bool(Bool)
    /// 32 bits.
    case int(Int32)
    /// One number.
    case float(Float)
    /// Two numbers.
    case vec2(SIMD2<Float>)
    /// Three numbers.
    case vec3(SIMD3<Float>)
    /// Four numbers.
    case vec4(SIMD4<Float>)
    /// Linear red, green, blue, straight alpha.
    case color(SIMD4<Float>)
    /// Index into the labels of the definition.
    case `enum`(Int32)
    /// A time or a duration.
    case time(nanoseconds: Int64)
    /// At most 1,024 bytes of UTF-8, without NUL.
    case text(String)
    /// Going in, so many pulses to add, 1 and up; coming out, the count of all pulses, which wraps.
    case trigger(UInt32)

    /// A color from its lanes: linear red, green, blue, straight alpha.
    public static func color(_ red: Float, _ green: Float, _ blue: Float, alpha: Float = 1) -> Value {
        .color(SIMD4(red, green, blue, alpha))
    }

    /// Its type.
    public var type: ValueType {
        switch self {
        case .bool: .bool
        case .int: .int
        case .float: .float
        case .vec2: .vec2
        case .vec3: .vec3
        case .vec4: .vec4
        case .color: .color
        case .enum: .enum
        case .time: .time
        case .text: .text
        case .trigger: .trigger
        }
    }
}

extension Value {
    /// The C value. A text has its type and length only: whoever passes one on lends its bytes, see ``withRaw(_:)``.
    @inlinable var lanes: relume_value {
        var raw = relume_value()
        switch self {
        case .bool(let on):
            raw.type = RELUME_BOOL.rawValue
            raw.as.i = on ? 1 : 0
        case .int(let value):
            raw.type = RELUME_INT.rawValue
            raw.as.i = value
        case .float(let x):
            raw.type = RELUME_FLOAT.rawValue
            raw.as.f.0 = x
        case .vec2(let v):
            raw.type = RELUME_VEC2.rawValue
            raw.as.f = (v.x, v.y, 0, 0)
        case .vec3(let v):
            raw.type = RELUME_VEC3.rawValue
            raw.as.f = (v.x, v.y, v.z, 0)
        case .vec4(let v):
            raw.type = RELUME_VEC4.rawValue
            raw.as.f = (v.x, v.y, v.z, v.w)
        case .color(let v):
            raw.type = RELUME_COLOR.rawValue
            raw.as.f = (v.x, v.y, v.z, v.w)
        case .enum(let index):
            raw.type = RELUME_ENUM.rawValue
            raw.as.i = index
        case .time(let nanoseconds):
            raw.type = RELUME_TIME.rawValue
            raw.as.t = nanoseconds
        case .text:
            raw.type = RELUME_TEXT.rawValue
        case .trigger(let pulses):
            raw.type = RELUME_TRIGGER.rawValue
            raw.as.i = Int32(bitPattern: pulses)
        }
        return raw
    }

    /// Lends the C value, a text's bytes included.
    @inline(__always)
    func withRaw<R>(_ body: (UnsafePointer<relume_value>) -> R) -> R {
        var raw = lanes
        guard case .text(var text) = self else { return body(&raw) }
        return text.withUTF8 { bytes in
            raw.as.text.data = UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self)
            raw.as.text.size = UInt64(bytes.count)
            return body(&raw)
        }
    }

    /// What the library gave out; `nil` for no value, and for a text, whose bytes it does not give out this way.
    init?(_ raw: relume_value) {
        let f = raw.as.f
        switch ValueType(raw.type) {
        case .bool: self = .bool(raw.as.i != 0)
        case .int: self = .int(raw.as.i)
        case .float: self = .float(f.0)
        case .vec2: self = .vec2(SIMD2(f.0, f.1))
        case .vec3: self = .vec3(SIMD3(f.0, f.1, f.2))
        case .vec4: self = .vec4(SIMD4(f.0, f.1, f.2, f.3))
        case .color: self = .color(SIMD4(f.0, f.1, f.2, f.3))
        case .enum: self = .enum(raw.as.i)
        case .time: self = .time(nanoseconds: raw.as.t)
        case .trigger: self = .trigger(UInt32(bitPattern: raw.as.i))
        case .text, .unrecognized: return nil
        }
    }
}

/// What becomes of automation that has settled.
///
/// From weakest to strongest the policy is taken from the show's options, the source, the definition, the single write;
/// ``inherited`` leaves it to the weaker one.
public enum CommitPolicy: UInt32, Sendable, Extensible {
    /// Left to the weaker one.
    case inherited = 0
    /// Stays automation for ever.
    case renderOnly = 1
    /// Becomes the committed value.
    case session = 2
    /// Becomes the persisted value.
    case persist = 3
    /// A policy of a newer library.
    case unrecognized = 0xffff_ffff
}
