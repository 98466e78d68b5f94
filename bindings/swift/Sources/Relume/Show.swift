// SPDX-License-Identifier: Apache-2.0
import CRelume
import Dispatch
import Synchronization

/// One open show: schema, tiers, stack, files.
///
/// Opening recovers what was live, also after a crash; ``recovery`` tells from where. Mutations and queries may be called
/// from every thread at once. A rejected mutation throws and changes nothing. Calls of this class may take a lock and
/// allocate: none is for the output thread, which has the roles ``Composer``, ``Reader``, ``Source`` and ``SlotStream``.
///
/// A role is a value with one owner; it keeps its show open. ``close()`` says how closing went; a show that is just let go
/// of closes too, and then nobody learns what could not be saved.
public final class Show: Sendable {
    // Not Sendable by type; sound because the library's calls are, and the roles of one thread are values with one owner.
    @usableFromInline nonisolated(unsafe) let raw: OpaquePointer
    // Calls that are running, and `closedMark` from close() on.
    private let calls = Atomic<Int>(0)
    private let idle = DispatchSemaphore(value: 0)
    private let held = Mutex(Held())
    private static let closedMark = 1 << 62

    /// What is still held of the show.
    struct Held: ~Copyable {
        var composer = false
        var readers = 0
        var sources = 0
    }

    /// Opens the show and recovers what was live. When it returns, every reader sees the recovered look.
    /// - Throws: ``RelumeError/Code/owned`` when another process, or another `Show` of this one, has it open;
    ///   ``RelumeError/Code/io``, ``RelumeError/Code/limit``, ``RelumeError/Code/invalid``.
    public init(_ schema: borrowing Schema, options: ShowOptions = ShowOptions()) throws(RelumeError) {
        let declared = schema.raw
        var raw: OpaquePointer?
        try options.withRaw { options throws(RelumeError) in
            try check { error in relume_show_open(declared, options, &raw, error) }
        }
        self.raw = raw!
    }

    deinit {
        if calls.load(ordering: .acquiring) < Self.closedMark { relume_show_close(raw, nil) }
    }

    /// Closes the show: takes what automation has settled and saves what is unsaved within the deadline of its options.
    /// Calls that are running are waited for; later ones throw ``RelumeError/Code/state``, and streams of events end.
    /// Closing again does nothing.
    /// - Throws: ``RelumeError/Code/state`` while a role is held: nothing has changed then.
    ///   ``RelumeError/Code/unsaved`` and ``RelumeError/Code/timeout``: the show is closed, and not all is well.
    public func close() throws(RelumeError) {
        let first = try held.withLock { held throws(RelumeError) -> Bool in
            if let roles = held.roles {
                throw RelumeError(.state, culprit: roles, "held; let go of it before the show is closed")
            }
            let first = calls.load(ordering: .relaxed) < Self.closedMark
            if first { calls.add(Self.closedMark, ordering: .acquiringAndReleasing) }
            return first
        }
        guard first else { return }
        while calls.load(ordering: .acquiring) != Self.closedMark { idle.wait() }
        try check { error in relume_show_close(raw, error) }
    }

    /// Looks once as the control thread does: takes what has settled. For shows opened with ``ShowOptions/noThreads``, on one
    /// thread at a time.
    public func tickControl() throws(RelumeError) {
        try call { raw, error in relume_control_tick(raw, error) }
    }

    /// Looks once as the disk thread does: writes what is due. For shows opened with ``ShowOptions/noThreads``, on one
    /// thread at a time.
    public func tickDisk() throws(RelumeError) {
        try call { raw, error in relume_disk_tick(raw, error) }
    }

    /// Identity and capacities.
    public var info: ShowInfo {
        get throws(RelumeError) {
            var info = relume_show_info()
            info.struct_size = sizeField(of: relume_show_info.self)
            try call { raw, error in relume_show_info_get(raw, &info, error) }
            return ShowInfo(info)
        }
    }
}

/// Identity and capacities of an open show.
public struct ShowInfo: Hashable, Sendable {
    /// 16 bytes, for the life of the show; a copied folder keeps them.
    public var showID: [UInt8]
    /// A pair of history id and revision never means two things.
    public var historyID: UInt64
    /// 0 for a new show; one more at each open.
    public var restarts: Int
    /// Slots of all layers together.
    public var maxSlots: Int
    /// All buffers of realtime roles are locked in memory.
    public var memoryLocked: Bool
    /// errno of why they are not.
    public var memoryLockErrno: Int32
    /// Empty: there is no mirror.
    public var mirrorPath: String

    init(_ raw: relume_show_info) {
        showID = withUnsafeBytes(of: raw.show_id) { Array($0) }
        historyID = raw.history_id
        restarts = Int(raw.restarts)
        maxSlots = Int(raw.max_slots)
        memoryLocked = raw.memory_locked != 0
        memoryLockErrno = raw.memory_lock_errno
        mirrorPath = text(ofField: raw.mirror_path)
    }
}

extension Show {
    private func enter() throws(RelumeError) {
        if calls.add(1, ordering: .acquiring).newValue > Self.closedMark {
            leave()
            throw Self.closed
        }
    }

    private static var closed: RelumeError { RelumeError(.state, culprit: "show", "it is closed; open it anew") }

    private func leave() {
        if calls.subtract(1, ordering: .releasing).newValue == Self.closedMark { idle.signal() }
    }

    /// Runs `body` while the show cannot be closed.
    @inline(__always)
    func whileOpen<R: ~Copyable>(_ body: (OpaquePointer) throws(RelumeError) -> R) throws(RelumeError) -> R {
        try enter()
        defer { leave() }
        return try body(raw)
    }

    /// Calls C while the show cannot be closed, and throws what it says.
    @inline(__always)
    func call(
        _ body: (OpaquePointer, UnsafeMutablePointer<relume_error>) throws(RelumeError) -> relume_result
    ) throws(RelumeError) {
        try whileOpen { raw throws(RelumeError) in
            try check { error throws(RelumeError) in try body(raw, error) }
        }
    }

    /// Takes note of what keeps the show open. \throws ``RelumeError/Code/state`` when the show is closed.
    func hold<R>(_ body: (inout Held) throws(RelumeError) -> R) throws(RelumeError) -> R {
        try whileOpen { _ throws(RelumeError) in
            try held.withLock { held throws(RelumeError) -> R in
                // close() may have come between.
                if calls.load(ordering: .relaxed) > Self.closedMark { throw Self.closed }
                return try body(&held)
            }
        }
    }

    /// Takes note that something is held no longer.
    func release(_ body: (inout Held) -> Void) {
        held.withLock { body(&$0) }
    }
}

extension Show.Held {
    /// Who keeps the show open, for people; `nil` when nobody does.
    fileprivate var roles: String? {
        var roles: [String] = []
        if composer { roles.append("the composer") }
        if readers > 0 { roles.append("\(readers) reader\(readers == 1 ? "" : "s")") }
        if sources > 0 { roles.append("\(sources) source\(sources == 1 ? "" : "s")") }
        return roles.isEmpty ? nil : roles.joined(separator: ", ")
    }
}
