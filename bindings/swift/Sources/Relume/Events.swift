// SPDX-License-Identifier: Apache-2.0
import CRelume
import Synchronization

/// What happened: published after the output has it, and before it asks for the disk. In the order of revisions.
public struct Event: Sendable {
    /// What kind of thing happened.
    public enum Kind: UInt32, Sendable, Extensible {
        /// A mutation that changed something.
        case accepted = 1
        /// Settled automation was committed.
        case overlaySettled = 2
        /// Settled automation came too late, an operator had been faster; nothing changed.
        case overlayStale = 3
        /// ``Event/revision`` is saved in ``Event/targets``.
        case saved = 4
        /// Saving to ``Event/targets`` failed; ``Event/revision`` is the first that is not saved, ``Event/count`` the errno.
        case saveFailed = 5
        /// Every candidate of recovery has been looked at; ``Event/count`` of them were refused.
        case recovered = 6
        /// The document's name is left alone until ``Show/accept(_:)``.
        case documentHeld = 7
        /// ``Show/accept(_:)`` was called.
        case documentAccepted = 8
        /// A change of type was prepared.
        case buildStarted = 9
        /// It was given up: the type, or the layer, stays as it is.
        case buildFailed = 10
        /// It was committed; ``Event/count`` is the number of layers that it reaches.
        case typeChanged = 11
        /// Settled automation could not be committed, ``Event/rejection`` says why; it stays automation.
        case overlayRejected = 12
        /// A document that was taken disagrees about the id or key of a layer: the id won.
        case layerIdentity = 13
        /// A kind of a newer library.
        case unrecognized = 0xffff_ffff
    }

    /// What the first change of a mutation was.
    public enum Change: UInt32, Sendable, Extensible {
        /// A committed value was set.
        case set = 1
        /// A persisted value was set.
        case persist = 2
        /// Committed values became persisted.
        case store = 3
        /// Committed values were cleared.
        case revert = 4
        /// Committed values were cleared and automation released.
        case reset = 5
        /// A layer was added.
        case addLayer = 6
        /// A layer was removed.
        case removeLayer = 7
        /// A layer was moved.
        case moveLayer = 8
        /// A layer was enabled or disabled.
        case enableLayer = 9
        /// A layer was bypassed or taken in again.
        case bypassLayer = 10
        /// A record was set.
        case setRecord = 11
        /// A record was removed.
        case removeRecord = 12
        /// A layer got another type.
        case retypeLayer = 13
        /// A layer got another key.
        case renameLayer = 14
        /// A change of a newer library.
        case unrecognized = 0xffff_ffff
    }

    private let raw: relume_event
    init(_ raw: relume_event) { self.raw = raw }

    /// 1 and up, without gaps.
    public var sequence: UInt64 { raw.sequence }
    /// Accepted and settled: its revision; else the current one, unless the kind says otherwise.
    public var revision: UInt64 { raw.revision }
    /// What happened.
    public var kind: Kind { Kind(raw.kind) }
    /// `nil` where the event is none of a mutation.
    public var change: Change? {
        switch kind {
        case .accepted, .overlaySettled, .overlayStale: raw.change == 0 ? nil : Change(raw.change)
        default: nil
        }
    }
    /// Of ``Kind/saved`` and ``Kind/saveFailed``; empty for others.
    public var targets: Targets {
        kind == .saved || kind == .saveFailed ? Targets(rawValue: raw.change) : []
    }
    /// Of ``Kind/documentHeld``: why.
    public var verdict: Verdict? { kind == .documentHeld ? Verdict(UInt32(bitPattern: raw.reason)) : nil }
    /// Why settled automation was not committed.
    public var rejection: RelumeError.Code? { kind == .overlayRejected ? RelumeError.Code(relume_result(raw.reason)) : nil }
    /// Number of changes in the change-set, unless the kind says otherwise.
    public var count: Int { Int(raw.count) }
    /// Of the first change.
    public var param: Param? { raw.param.bits == 0 ? nil : Param(raw.param) }
    /// Of the first change.
    public var layer: Layer? { raw.layer.bits == 0 ? nil : Layer(raw.layer) }
    /// ``TypeChange/id`` of an event of types.
    public var typeChange: UInt64? { raw.type_change == 0 ? nil : raw.type_change }
}

/// Some events, and how many were lost before the first of them.
public struct EventBatch: Sendable {
    /// Oldest first.
    public var events: [Event]
    /// Lost because this client was too slow; it reads the state anew, see ``Show/changes(since:)``.
    public var missed: UInt64
}

/// A subscription to what happens, from the moment it was opened. May be used by every thread; it ends when the last
/// reference is gone, or with its show.
public final class Events: Sendable {
    private let show: Show
    private let handle: Mutex<Handle>

    private struct Handle: @unchecked Sendable {
        var raw: OpaquePointer?
    }

    init(_ show: Show) throws(RelumeError) {
        let handle = try show.whileOpen { raw throws(RelumeError) in
            var opened = Handle()
            try check { error in relume_events_open(raw, nil, nil, &opened.raw, error) }
            return opened
        }
        self.show = show
        self.handle = Mutex(handle)
    }

    // A show that is closed, or about to be, has ended the handle itself.
    deinit {
        _ = try? show.whileOpen { (_: OpaquePointer) throws(RelumeError) in
            handle.withLock { relume_events_close($0.raw, nil) }
        }
    }

    /// Up to `capacity` events.
    /// - Throws: ``RelumeError/Code/state`` when the show is closed.
    public func poll(upTo capacity: Int = 256) throws(RelumeError) -> EventBatch {
        try show.whileOpen { _ throws(RelumeError) in
            try handle.withLock { handle throws(RelumeError) in
                var missed: UInt64 = 0
                var count = 0
                var raw = [relume_event](repeating: relume_event(), count: max(capacity, 1))
                let room = raw.count
                try check { error in relume_events_poll(handle.raw, &raw, room, &count, &missed, error) }
                return EventBatch(events: raw[..<count].map(Event.init), missed: missed)
            }
        }
    }
}

extension Show {
    /// Opens a subscription that is polled.
    public func events() throws(RelumeError) -> Events { try Events(self) }

    /// What happens from now on, as a stream: it ends when the task that reads it is cancelled, and when the show is closed.
    /// Nothing of the library calls into Swift: whoever reads looks when it has time, and is told what it missed.
    /// - Parameter period: how long to wait when nothing has happened; the control thread looks every 5 ms, too.
    /// - Parameter clock: what waits.
    public func eventStream(
        every period: Duration = .milliseconds(5), clock: any Clock<Duration> = ContinuousClock()
    ) throws(RelumeError) -> AsyncStream<EventBatch> {
        let events = try Events(self)
        return AsyncStream {
            while !Task.isCancelled {
                guard let batch = try? events.poll() else { return nil }  // the show is closed
                if !batch.events.isEmpty || batch.missed > 0 { return batch }
                guard (try? await clock.sleep(for: period)) != nil else { return nil }  // cancelled
            }
            return nil
        }
    }
}
