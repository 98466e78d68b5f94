// SPDX-License-Identifier: Apache-2.0
import CRelume

/// One kind of field: what kind of state it is, and which files it comes back from.
public struct FieldKind: Hashable, Sendable {
    /// What kind of state it is.
    public enum Class: UInt32, Sendable, Extensible {
        /// Of the show: every save has it.
        case persisted = 1
        /// Of the session: not in the document.
        case committed = 2
        /// Of the moment.
        case transient = 3
        /// The host's own, made from frames.
        case renderLocal = 4
        /// Says how the show is, and is no part of it.
        case health = 5
        /// A class of a newer library.
        case unrecognized = 0xffff_ffff
    }

    /// Which files have it.
    public struct Files: OptionSet, Hashable, Sendable {
        /// Bits of relume_kept_in.
        public let rawValue: UInt32
        /// From bits.
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Survives the death of the process.
        public static let mirror = Files(rawValue: RELUME_KEPT_IN_MIRROR.rawValue)
        /// Survives a power cut.
        public static let checkpoint = Files(rawValue: RELUME_KEPT_IN_CHECKPOINT.rawValue)
        /// And the loss of all but the document.
        public static let document = Files(rawValue: RELUME_KEPT_IN_DOCUMENT.rawValue)
    }

    /// "what.field", for example "param.committed".
    public var name: String
    /// What kind of state it is.
    public var fieldClass: Class
    /// Which files it comes back from.
    public var keptIn: Files
    /// A line of English for people.
    public var meaning: String

    /// Every kind of field: one constant table.
    public static let all: [FieldKind] = {
        var all: [FieldKind] = []
        var raw = relume_field()
        raw.struct_size = sizeField(of: relume_field.self)
        while relume_classification(all.count, &raw) == RELUME_OK {
            all.append(
                FieldKind(
                    name: String(cString: raw.name), fieldClass: Class(raw.field_class),
                    keptIn: Files(rawValue: raw.kept_in), meaning: String(cString: raw.meaning)))
        }
        return all
    }()
}

/// How well something is.
public enum HealthLevel: UInt32, Sendable, Extensible {
    /// All is well.
    case ok = 0
    /// Works, but somebody should look.
    case notice = 1
    /// A promise does not hold now.
    case degraded = 2
    /// Not there by the host's choice.
    case off = 3
    /// A level of a newer library.
    case unrecognized = 0xffff_ffff
}

/// One target of saves: checkpoint or document.
public struct TargetHealth: Hashable, Sendable {
    /// The failure that stands, until a later save succeeds.
    public struct Failure: Hashable, Sendable {
        /// 0: none.
        public var errno: Int32
        /// "create", "write", "sync", …
        public var step: String
        /// Of the file.
        public var path: String
    }

    /// How well saving to it goes.
    public var level: HealthLevel
    /// A write is in flight.
    public var writing: Bool
    /// Newest revision that it was asked for.
    public var wanted: UInt64
    /// Newest revision that is saved.
    public var done: UInt64?
    /// Oldest revision that is not saved; `nil`: all are.
    public var firstUnsaved: UInt64?
    /// Accepted changes that are not saved.
    public var unsavedEvents: UInt64
    /// Since the oldest of them was noticed.
    public var unsavedAge: Duration
    /// Since the Unix epoch; `nil` never.
    public var lastSuccess: Duration?
    /// Since the Unix epoch; `nil` never.
    public var lastFailure: Duration?
    /// Of the last write that ended.
    public var lastDuration: Duration
    /// How long the write in flight has taken so far.
    public var inFlight: Duration
    /// Since open.
    public var successes: UInt64
    /// Since open.
    public var failures: UInt64
    /// Attempts since the last success that have failed.
    public var retries: Int
    /// `nil`: the last write succeeded.
    public var failure: Failure?
    /// Until the next attempt by itself; `nil` when none is planned.
    public var retryIn: Duration?
    /// Something newer than the write in flight, or than the failed one, waits.
    public var requestPending: Bool
    /// Of the last write that ended.
    public var saveState: SaveResult.State
    /// Why it was written last: "change", "save", "flush", "close", "open", …
    public var reason: String

    init(_ raw: relume_target_health) {
        level = HealthLevel(raw.level)
        writing = raw.writing != 0
        wanted = raw.wanted
        done = UInt64(exactly: raw.done)
        firstUnsaved = raw.first_unsaved == 0 ? nil : raw.first_unsaved
        unsavedEvents = raw.unsaved_events
        unsavedAge = .nanoseconds(raw.unsaved_age_ns)
        lastSuccess = raw.last_success_ns == 0 ? nil : .nanoseconds(raw.last_success_ns)
        lastFailure = raw.last_failure_ns == 0 ? nil : .nanoseconds(raw.last_failure_ns)
        lastDuration = .nanoseconds(raw.last_duration_ns)
        inFlight = .nanoseconds(raw.in_flight_ns)
        successes = raw.successes
        failures = raw.failures
        retries = Int(raw.retries)
        let step = text(ofField: raw.step)
        failure =
            raw.error == 0 && step.isEmpty
            ? nil : Failure(errno: raw.error, step: step, path: text(ofField: raw.path))
        retryIn = raw.retry_in_ns == 0 ? nil : .nanoseconds(raw.retry_in_ns)
        requestPending = raw.request_pending != 0
        saveState = SaveResult.State(raw.save_state)
        reason = text(ofField: raw.reason)
    }
}

/// How the show is: what is, not what was.
public struct Health: Hashable, Sendable {
    /// The worst of those below but for ``HealthLevel/off``.
    public var level: HealthLevel
    /// ``HealthLevel/degraded``: there is none, and a change dies with the process.
    public var mirror: HealthLevel
    /// ``HealthLevel/notice`` when pages could not be locked.
    public var memory: HealthLevel
    /// ``HealthLevel/degraded`` while a file call has not returned for 5 s.
    public var disk: HealthLevel
    /// The worst of ``Show/reportHealth(of:_:json:)``.
    public var components: HealthLevel
    /// Why the document waits for ``Show/accept(_:)``; `nil`: it does not.
    public var held: Verdict?
    /// The show runs with changes that a power cut would take.
    public var unsaved: Bool
    /// Accepted changes that no checkpoint has.
    public var unsavedEvents: UInt64
    /// Since the oldest of them was noticed.
    public var unsavedAge: Duration
    /// Saving to SQLite.
    public var checkpoint: TargetHealth
    /// Saving to the readable document.
    public var document: TargetHealth

    init(_ raw: relume_health) {
        level = HealthLevel(raw.level)
        mirror = HealthLevel(raw.mirror)
        memory = HealthLevel(raw.memory)
        disk = HealthLevel(raw.disk)
        components = HealthLevel(raw.components)
        held = raw.held == 0 ? nil : Verdict(raw.held)
        unsaved = raw.unsaved != 0
        unsavedEvents = raw.unsaved_events
        unsavedAge = .nanoseconds(raw.unsaved_age_ns)
        checkpoint = TargetHealth(raw.checkpoint)
        document = TargetHealth(raw.document)
    }
}

extension Show {
    /// How the show is. Never waits for the disk.
    public var health: Health {
        get throws(RelumeError) {
            var health = relume_health()
            relume_health_init(&health, MemoryLayout<relume_health>.size)
            try call { raw, error in relume_health_get(raw, &health, error) }
            return Health(health)
        }
    }

    /// The same as one JSON object, with what the host's parts have reported.
    public var healthJSON: String {
        get throws(RelumeError) {
            try whileOpen { raw in textFromC(initialRoom: 4096) { relume_health_json(raw, $0, $1) } }
        }
    }

    /// Puts the health of a part of the host (a card, an input) beside the show's own.
    /// - Parameter component: key of the part, 1 to 63 of `[a-z0-9_-]`; at most 64 of them.
    /// - Parameter json: one JSON object of the part's own figures, at most 4,096 bytes.
    /// - Throws: ``RelumeError/Code/badJSON``, ``RelumeError/Code/tooLong``, ``RelumeError/Code/limit``,
    ///   ``RelumeError/Code/invalid``.
    public func reportHealth(of component: String, _ level: HealthLevel, json: String = "{}") throws(RelumeError) {
        try call { raw, error throws(RelumeError) in
            try withKey(component) { component throws(RelumeError) in
                try withKey(json) { relume_health_report(raw, component, level.rawValue, $0, error) }
            }
        }
    }

    /// Takes a part's report away.
    public func withdrawHealth(of component: String) throws(RelumeError) {
        try call { raw, error throws(RelumeError) in
            try withKey(component) { relume_health_report(raw, $0, 0, nil, error) }
        }
    }
}
