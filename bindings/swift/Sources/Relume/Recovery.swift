// SPDX-License-Identifier: Apache-2.0
import CRelume

/// Where a state came from.
public enum Rung: UInt32, Sendable, Extensible {
    /// The declared defaults.
    case defaults = 0
    /// Shared memory; survives the process, not the machine.
    case mirror = 1
    /// SQLite; survives a power cut.
    case checkpoint = 2
    /// The readable show document.
    case document = 3
    /// An earlier document.
    case generation = 4
    /// A place of a newer library.
    case unrecognized = 0xffff_ffff
}

/// What recovery says about one candidate.
public enum Verdict: UInt32, Sendable, Extensible {
    /// Nothing there.
    case fresh = 0
    /// Whole; it was used, or is an earlier state of the same show.
    case ok = 1
    /// Does not prove itself; kept under the name in ``Candidate/keptAs``.
    case damaged = 2
    /// Written by a newer library.
    case newerFormat = 3
    /// Could not be opened, read or mapped; left as it is.
    case unreadable = 4
    /// A mirror that is whole, but of another boot, or older than the last session.
    case foreign = 5
    /// The document was replaced while the show was closed in peace: it was used.
    case edited = 6
    /// The document was replaced while the show was dead: it was not used, see ``Show/accept(_:)``.
    case conflict = 7
    /// A verdict of a newer library.
    case unrecognized = 0xffff_ffff
}

/// One candidate that recovery looked at.
public struct Candidate: Hashable, Sendable {
    /// What kind of place it is.
    public var rung: Rung
    /// What recovery says about it.
    public var verdict: Verdict
    /// 0 where none could be read.
    public var revision: UInt64
    /// Of the file.
    public var path: String
    /// New name of a refused file; empty if it was not renamed.
    public var keptAs: String
    /// Why it was refused; empty if it was not.
    public var reason: String

    init(_ raw: relume_candidate) {
        rung = Rung(raw.rung)
        verdict = Verdict(raw.verdict)
        revision = raw.revision
        path = text(ofField: raw.path)
        keptAs = text(ofField: raw.kept_as)
        reason = text(ofField: raw.reason)
    }
}

/// How the show came up. What was used does not change while the show is open.
public struct Recovery: Hashable, Sendable {
    /// What was used.
    public var rung: Rung
    /// That was found, before any jump; 0 for defaults.
    public var revision: UInt64
    /// From the acceptance of that revision to the open; `nil` unknown.
    public var age: Duration?
    /// 0 for a new show; one more at each open.
    public var restarts: Int
    /// The show had been closed, not killed.
    public var cleanClose: Bool
    /// All that were looked at; until ``complete``, some may follow.
    public var candidates: [Candidate]
    /// Candidates that were there and could not be used.
    public var refused: Int
    /// Recovered layers whose type is not declared; kept, not shown.
    public var dormantLayers: Int
    /// Recovered layers whose type has other parameters now; what still fits was kept.
    public var convertedLayers: Int
    /// Values of those that fit no more.
    public var clearedValues: Int
    /// The show has a mirror now.
    public var mirror: Bool
    /// Why it has none, with the remedy.
    public var mirrorReason: String
    /// Every candidate was looked at.
    public var complete: Bool
    /// Why the document waits for ``Show/accept(_:)``; `nil`: it does not.
    public var held: Verdict?

    init(_ raw: relume_recovery, _ candidates: [Candidate]) {
        rung = Rung(raw.rung)
        revision = raw.revision
        age = raw.age_ns < 0 ? nil : .nanoseconds(raw.age_ns)
        restarts = Int(raw.restarts)
        cleanClose = raw.clean_close != 0
        self.candidates = candidates
        refused = Int(raw.refused)
        dormantLayers = Int(raw.dormant_layers)
        convertedLayers = Int(raw.converted_layers)
        clearedValues = Int(raw.cleared_values)
        mirror = raw.mirror != 0
        mirrorReason = text(ofField: raw.mirror_reason)
        complete = raw.complete != 0
        held = raw.held == 0 ? nil : Verdict(raw.held)
    }
}

/// What ``Show/accept(_:)`` chooses.
public enum Choice: UInt32, Sendable {
    /// The show as it is now; the file that is in the way is kept under another name.
    case keep = 1
    /// The document as it is on disk, for a conflict only: a mutation that replaces stack, base and records and clears the
    /// session's values.
    case file = 2
}

extension Show {
    /// How the show came up.
    public var recovery: Recovery {
        get throws(RelumeError) {
            var report = relume_recovery()
            report.struct_size = sizeField(of: relume_recovery.self)
            var candidates: [Candidate] = []
            try whileOpen { raw throws(RelumeError) in
                try check { error in relume_recovery_get(raw, &report, error) }
                var candidate = relume_candidate()
                for n in 0..<report.candidate_count {
                    candidate.struct_size = sizeField(of: relume_candidate.self)
                    try check { error in relume_candidate_get(raw, n, &candidate, error) }
                    candidates.append(Candidate(candidate))
                }
            }
            return Recovery(report, candidates)
        }
    }

    /// Waits until every candidate was looked at and the files of a new show are there. Blocks on the disk.
    /// - Throws: ``RelumeError/Code/timeout``: not yet, it goes on in the background.
    public func waitForRecovery(timeout: Duration) throws(RelumeError) {
        try call { raw, error in relume_recovery_wait(raw, timeout.nanoseconds, error) }
    }

    /// Ends the hold on the document's name after it was damaged, of a newer format, or in conflict. Where nothing is held,
    /// it is ``Outcome/State/same``. Blocks on the disk.
    /// - Throws: ``RelumeError/Code/state`` when there is nothing to take, ``RelumeError/Code/limit``,
    ///   ``RelumeError/Code/io``; the hold stays.
    @discardableResult
    public func accept(_ choice: Choice) throws(RelumeError) -> Outcome {
        try mutate { raw, outcome, error in relume_accept(raw, choice.rawValue, outcome, error) }
    }
}
