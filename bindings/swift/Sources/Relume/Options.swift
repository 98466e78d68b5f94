// SPDX-License-Identifier: Apache-2.0
import CRelume

/// How a show is opened. Capacities are fixed at open: what realtime threads touch is allocated then and never later.
///
/// Zero always means the default, which is named at each.
public struct ShowOptions: Hashable, Sendable {
    /// What becomes of a document that may not simply be overwritten: damaged, of a newer format, or replaced while the
    /// show was dead.
    public enum OnDamaged: UInt32, Sendable {
        /// Its name is not written to until ``Show/accept(_:)``; checkpoints go on.
        case ask = 0
        /// It is kept under another name, and saving goes on at once: for unattended rigs.
        case keepAndSave = 1
    }

    /// Show folder, made if absent (its parent must exist). `nil`: nothing outlives the process.
    public var folder: String?
    /// Where the mirror lives; `nil` = /dev/shm. Should be a tmpfs: a mirror on a disk can stall.
    public var runtimeDirectory: String?
    /// The library starts no thread; the host calls ``Show/tickControl()`` and ``Show/tickDisk()``.
    public var noThreads = false
    /// 0 = 1,024; at most 65,536.
    public var maxLayers: UInt32 = 0
    /// Slots of all layers together; 0 = 65,536; at most 16,777,216.
    public var maxSlots: UInt32 = 0
    /// 0 = 4; at most 64.
    public var maxReaders: UInt32 = 0
    /// Frames retained at one time; 0 = 8; at most 256; ``none`` = none.
    public var maxRetained: UInt32 = 0
    /// Sources and streams; 0 = 16; at most 254.
    public var maxSources: UInt32 = 0
    /// Claims on parameters that another source has at that moment; 0 = 4,096 or ``maxSlots``, the smaller.
    public var maxContended: UInt32 = 0
    /// Events kept for slow pollers; 0 = 1,024; at most 1,048,576.
    public var eventCapacity: UInt32 = 0
    /// For settled automation; ``CommitPolicy/inherited`` = session.
    public var commitPolicy: CommitPolicy = .inherited
    /// How long automation must be unchanged before it is committed; zero = 500 ms.
    public var settle: Duration = .zero
    /// How often the control thread looks; zero = 5 ms, at most 60 s.
    public var controlPeriod: Duration = .zero
    /// How often the disk thread looks; zero = 10 ms, at most 60 s.
    public var diskPeriod: Duration = .zero
    /// A change is saved when none has followed for so long; zero = 250 ms.
    public var quiet: Duration = .zero
    /// But not later than this after the oldest unsaved one; zero = 2 s.
    public var maxAge: Duration = .zero
    /// How long ``Show/close()`` waits for the disk; zero = 2 s, negative: not at all.
    public var closeDeadline: Duration = .zero
    /// How long, after a death, automation is held that no source takes up and no operator ends, in compose time; zero = 10 s,
    /// negative: it is not held at all.
    public var held: Duration = .zero
    /// What becomes of a document that may not simply be overwritten.
    public var onDamaged: OnDamaged = .ask

    /// None at all, where 0 means the default.
    public static let none: UInt32 = 0xffff_ffff

    /// The defaults, for the show in `folder`.
    public init(folder: String? = nil, runtimeDirectory: String? = nil) {
        self.folder = folder
        self.runtimeDirectory = runtimeDirectory
    }

    func withRaw<R>(_ body: (UnsafePointer<relume_show_options>) throws(RelumeError) -> R) throws(RelumeError) -> R {
        var raw = relume_show_options()
        raw.struct_size = sizeField(of: relume_show_options.self)
        raw.flags = noThreads ? RELUME_SHOW_NO_THREADS.rawValue : 0
        raw.max_layers = maxLayers
        raw.max_slots = maxSlots
        raw.max_readers = maxReaders
        raw.max_retained = maxRetained
        raw.max_sources = maxSources
        raw.max_contended = maxContended
        raw.event_capacity = eventCapacity
        raw.commit_policy = commitPolicy.rawValue
        raw.settle_ns = settle.nanoseconds
        raw.control_period_ns = controlPeriod.nanoseconds
        raw.disk_period_ns = diskPeriod.nanoseconds
        raw.quiet_ns = quiet.nanoseconds
        raw.max_age_ns = maxAge.nanoseconds
        raw.close_deadline_ns = closeDeadline.nanoseconds
        raw.on_damaged = onDamaged.rawValue
        raw.held_ns = held.nanoseconds
        return try withOptionalKey(folder) { folder throws(RelumeError) in
            try withOptionalKey(runtimeDirectory) { runtimeDirectory throws(RelumeError) in
                raw.folder = folder
                raw.runtime_dir = runtimeDirectory
                return try body(&raw)
            }
        }
    }
}
