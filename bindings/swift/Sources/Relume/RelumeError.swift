// SPDX-License-Identifier: Apache-2.0
import CRelume

/// Why a call failed: what happened, who is to blame, and what to do.
///
/// Thrown by everything that may allocate. Calls that are wait-free throw the bare ``Code``, which is a number.
public struct RelumeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    public var code: Code
    /// The key, route, field or path that is to blame; may be empty.
    public var culprit: String
    /// What happened and what to do.
    public var message: String
    /// Of a rejected change-set: the index of the change to blame. `nil` for everything else.
    public var change: Int?

    /// The code, who is to blame, and what to do.
    public var description: String {
        culprit.isEmpty || message.hasPrefix(culprit) ? "\(code): \(message)" : "\(code): \(culprit): \(message)"
    }

    init(_ code: Code, culprit: String = "", _ message: String) {
        self.code = code
        self.culprit = culprit
        self.message = message
    }

    init(_ error: relume_error, change: Int? = nil) {
        code = Code(rawValue: error.code)
        culprit = text(ofField: error.culprit)
        message = text(ofField: error.message)
        self.change = change
    }
}

extension RelumeError {
    /// The kind of a failure; an error by itself where a call is wait-free, because throwing it allocates nothing.
    ///
    /// A newer library may know more of them than are named here.
    public struct Code: Error, RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        /// The relume_result.
        public let rawValue: Int32
        /// From a relume_result.
        @inlinable public init(rawValue: Int32) { self.rawValue = rawValue }
        @inlinable init(_ result: relume_result) { rawValue = result.rawValue }

        /// A stable name, such as "out-of-range".
        public var description: String { String(cString: relume_result_name(rawValue)) }

        /// An argument breaks its contract.
        public static let invalid = Code(RELUME_E_INVALID)
        /// The system gave no memory.
        public static let noMemory = Code(RELUME_E_NOMEM)
        /// A value outside the range of its definition, which rejects.
        public static let range = Code(RELUME_E_RANGE)
        /// NaN or infinity.
        public static let notFinite = Code(RELUME_E_NOT_FINITE)
        /// A value of another type than the parameter's.
        public static let type = Code(RELUME_E_TYPE)
        /// No such parameter or record, or the handle is stale.
        public static let unknownRoute = Code(RELUME_E_UNKNOWN_ROUTE)
        /// No such layer, or its handle is stale.
        public static let unknownLayer = Code(RELUME_E_UNKNOWN_LAYER)
        /// No layer type of that key was declared.
        public static let unknownType = Code(RELUME_E_UNKNOWN_TYPE)
        /// The key is taken.
        public static let exists = Code(RELUME_E_EXISTS)
        /// A capacity that was fixed at open is used up.
        public static let limit = Code(RELUME_E_LIMIT)
        /// Another process, or another ``Show`` of this one, owns the show.
        public static let owned = Code(RELUME_E_OWNED)
        /// A system call failed; the message has path, step and errno name.
        public static let io = Code(RELUME_E_IO)
        /// The installed library is older than its headers.
        public static let version = Code(RELUME_E_VERSION)
        /// Not allowed now: the show is closed, or a role is held.
        public static let state = Code(RELUME_E_STATE)
        /// A text, a record or a name beyond its limit.
        public static let tooLong = Code(RELUME_E_TOO_LONG)
        /// A text that is not UTF-8, or has a NUL in it.
        public static let badUTF8 = Code(RELUME_E_BAD_UTF8)
        /// A JSON record that is no JSON.
        public static let badJSON = Code(RELUME_E_BAD_JSON)
        /// The time has passed; what was asked for goes on in the background.
        public static let timeout = Code(RELUME_E_TIMEOUT)
        /// Closed, with something that is not saved.
        public static let unsaved = Code(RELUME_E_UNSAVED)
    }
}

/// The version of the library that runs, "major.minor.patch".
public var relumeVersion: String { String(cString: relume_version()) }

/// Calls C with room for an error, and throws what it says.
@inline(__always)
func check(_ call: (UnsafeMutablePointer<relume_error>) throws(RelumeError) -> relume_result) throws(RelumeError) {
    var error = relume_error()
    error.struct_size = sizeField(of: relume_error.self)
    let result = try call(&error)
    if result != RELUME_OK { throw RelumeError(error) }
}
