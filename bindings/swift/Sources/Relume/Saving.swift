// SPDX-License-Identifier: Apache-2.0
import CRelume

/// Watermarks: revisions, not booleans. Unsaved means wanted > done.
public struct Status: Hashable, Sendable {
    /// What mutations reach now.
    public var level: Level
    /// Newest accepted revision.
    public var accepted: UInt64
    /// Newest revision in the mirror; `nil` without one.
    public var mirrored: UInt64?
    /// Newest revision that the checkpoint was asked for.
    public var checkpointWanted: UInt64
    /// `nil`: none is known to be on the disk yet, or the show has no folder.
    public var checkpointDone: UInt64?
    /// Newest revision that the document was asked for.
    public var documentWanted: UInt64
    /// `nil`: none is known to be on the disk yet, or the show has no folder.
    public var documentDone: UInt64?
    /// Mutations that were rejected since open.
    public var rejected: UInt64

    init(_ raw: relume_status) {
        level = Level(raw.level)
        accepted = raw.accepted
        mirrored = UInt64(exactly: raw.mirrored)
        checkpointWanted = raw.checkpoint_wanted
        checkpointDone = UInt64(exactly: raw.checkpoint_done)
        documentWanted = raw.document_wanted
        documentDone = UInt64(exactly: raw.document_done)
        rejected = raw.rejected
    }
}

/// A save that was asked for.
public struct SaveTicket: Hashable, Sendable {
    let number: UInt64
}

/// How one save ended.
public struct SaveResult: Hashable, Sendable {
    /// How a save ended.
    public enum State: UInt32, Sendable, Extensible {
        /// It has not ended yet.
        case pending = 0
        /// Both targets are on the disk, the folder synced.
        case committed = 1
        /// The files are as they were before.
        case notCommitted = 2
        /// The last sync failed: after a power cut the old or the new may be there.
        case unknown = 3
        /// The checkpoint is saved, the document waits for ``Show/accept(_:)``.
        case held = 4
        /// An end of a newer library.
        case unrecognized = 0xffff_ffff
    }

    /// How it ended.
    public var state: State
    /// That was saved, or was to be.
    public var revision: UInt64
    /// What failed.
    public var target: Targets
    /// errno; 0: none.
    public var errno: Int32
    /// Such as "ENOSPC".
    public var errnoName: String
    /// The call that failed: "create", "write", "sync", "rename", "commit", …
    public var step: String
    /// Of the file that failed.
    public var path: String

    init(_ raw: relume_save_result) {
        state = State(raw.state)
        revision = raw.revision
        target = Targets(rawValue: raw.target)
        errno = raw.error
        errnoName = text(ofField: raw.errno_name)
        step = text(ofField: raw.step)
        path = text(ofField: raw.path)
    }
}

/// What a client knows of the show: a pair of history and revision never means two things.
public struct Position: Hashable, Sendable {
    /// The history id of the show (``ShowInfo/historyID``).
    public var history: UInt64
    /// A revision of that history.
    public var revision: UInt64

    /// What a client has kept.
    public init(history: UInt64, revision: UInt64) {
        self.history = history
        self.revision = revision
    }
}

/// What a client has to read anew.
public struct Changes: Sendable {
    /// All whose saved value may have changed, and perhaps some that did not.
    public var params: [Param]
    /// The client drops what it has and reads everything.
    public var whole: Bool
    /// What reading them brings the client to.
    public var position: Position
}

/// Saving goes on by itself in the background; no mutation waits for it. These calls ask how far it is, or wait for it, and
/// those that wait block their thread on the disk.
extension Show {
    /// How far everything is saved.
    public var status: Status {
        get throws(RelumeError) {
            var status = relume_status()
            status.struct_size = sizeField(of: relume_status.self)
            try call { raw, error in relume_status_get(raw, &status, error) }
            return Status(status)
        }
    }

    /// Waits until a revision has reached a level: "is this change safe?" Asks for nothing: what is due is saved by the timers,
    /// or by ``flush(timeout:)`` and ``save()``.
    /// - Parameter timeout: how long at most; zero asks only.
    /// - Throws: ``RelumeError/Code/timeout``: not yet, the message names the last failure. ``RelumeError/Code/state`` when the
    ///   show has no mirror or no folder for that level; ``RelumeError/Code/invalid`` for a revision that was not accepted yet.
    public func wait(for revision: UInt64, _ level: Level, timeout: Duration) throws(RelumeError) {
        try call { raw, error in relume_wait(raw, revision, level.rawValue, timeout.nanoseconds, error) }
    }

    /// Saves what is unsaved without waiting for the timers, and waits for it. Nothing unsaved: nothing is written.
    /// - Parameter timeout: how long at most; zero starts it only.
    /// - Throws: ``RelumeError/Code/timeout``: not yet. ``RelumeError/Code/io``: a save failed and is tried again.
    ///   ``RelumeError/Code/unsaved``: the document waits for ``accept(_:)``. ``RelumeError/Code/state``: no folder.
    public func flush(timeout: Duration) throws(RelumeError) {
        try call { raw, error in relume_flush(raw, timeout.nanoseconds, error) }
    }

    /// Asks for a save of checkpoint and document at once, also when nothing has changed.
    /// - Throws: ``RelumeError/Code/state`` when the show has no folder.
    public func save() throws(RelumeError) -> SaveTicket {
        var ticket: UInt64 = 0
        try call { raw, error in relume_save(raw, &ticket, error) }
        return SaveTicket(number: ticket)
    }

    /// Waits for a save.
    /// - Parameter timeout: how long at most; zero asks only.
    /// - Throws: ``RelumeError/Code/timeout`` while it is pending.
    public func wait(for ticket: SaveTicket, timeout: Duration) throws(RelumeError) -> SaveResult {
        var result = relume_save_result()
        result.struct_size = sizeField(of: relume_save_result.self)
        try call { raw, error in relume_save_wait(raw, ticket.number, timeout.nanoseconds, &result, error) }
        return SaveResult(result)
    }

    /// What a client that knows the show at a position has to read anew; `nil` knows nothing.
    public func changes(since position: Position? = nil) throws(RelumeError) -> Changes {
        try whileOpen { raw throws(RelumeError) in
            var params: [relume_param] = []
            var count = 0
            var whole: UInt32 = 0
            var now = Position(history: 0, revision: 0)
            repeat {  // there may be more of them by the second look
                params = [relume_param](repeating: relume_param(), count: count)
                try check { error in
                    relume_state_since(
                        raw, position?.history ?? 0, position?.revision ?? 0, &params, params.count, &count, &whole,
                        &now.history, &now.revision, error)
                }
            } while count > params.count
            return Changes(params: params[..<count].map(Param.init), whole: whole != 0, position: now)
        }
    }
}
