// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import Relume

@Suite struct RecoveryTests {
    let place: Place
    init() throws { place = try Place() }

    @Test func whatIsFlushedIsOnTheDisk() throws {
        let show = try openShow(place.options)
        let level = try show.param("wash/level")
        let outcome = try show.persist(level, .float(0.5))
        #expect(outcome.level == .mirrored)
        #expect(outcome.targets == [.checkpoint, .document])
        #expect([.scheduled, .joined].contains(outcome.persistence))
        try show.flush(timeout: .seconds(20))
        try show.wait(for: outcome.revision, .documented, timeout: .zero)
        let status = try show.status
        #expect(status.accepted == outcome.revision)
        #expect(status.mirrored == outcome.revision)
        #expect(status.checkpointDone == outcome.revision)
        #expect(status.documentDone == outcome.revision)
        #expect(status.level == .mirrored)
        let error = try failure {
            try show.wait(for: outcome.revision + 1, .checkpointed, timeout: .zero)
        }
        #expect(error.code == .invalid)
    }

    @Test func aSaveIsAskedForAndWaitedFor() throws {
        let show = try openShow(place.options)
        try show.set(show.param("wash/level"), .float(0.5))
        let result = try show.wait(for: show.save(), timeout: .seconds(20))
        #expect(result.state == .committed)
        #expect(result.revision == 1)
        #expect(result.path == "")
        #expect(
            try failure {
                _ = try show.wait(for: SaveTicket(number: 99), timeout: .zero)
            }.code == .invalid)
        let nowhere = try openShow()
        #expect(try failure { _ = try nowhere.save() }.code == .state)
        #expect(try failure { try nowhere.flush(timeout: .zero) }.code == .state)
    }

    @Test func aShowThatWasClosedComesBack() throws {
        do {
            let show = try openShow(place.options)
            #expect(try show.recovery.rung == .defaults)
            try show.set(show.param("wash/level"), .float(0.5))
            try show.setRecord("cue", .bytes([1, 2]))
            try show.close()
        }
        let show = try openShow(place.options)
        try show.waitForRecovery(timeout: .seconds(20))
        let recovery = try show.recovery
        #expect(recovery.rung == .mirror)
        #expect(recovery.cleanClose)
        #expect(recovery.revision == 2)
        #expect(recovery.restarts == 1)
        #expect(recovery.complete)
        #expect(recovery.refused == 0)
        #expect(recovery.held == nil)
        #expect(recovery.mirror)
        #expect(try #require(recovery.age) < .seconds(60))
        #expect(recovery.candidates.first?.rung == .mirror)
        #expect(recovery.candidates.first?.verdict == .ok)
        #expect(recovery.candidates.allSatisfy { !$0.path.isEmpty && $0.keptAs.isEmpty })
        #expect(try show.value(of: show.param("wash/level")).value == .float(0.5))
        #expect(try show.record("cue") == .bytes([1, 2]))
        #expect(try show.accept(.keep).state == .same)
    }

    @Test func aDamagedDocumentIsKeptAndWaitsForAWord() throws {
        do {
            let show = try openShow(place.options)
            try show.persist(show.param("wash/level"), .float(0.5))
            try show.close()
        }
        let document = place.folder + "/show.json"
        try Data("{ broken".utf8).write(to: URL(fileURLWithPath: document))
        let show = try openShow(place.options)
        try show.waitForRecovery(timeout: .seconds(20))
        let recovery = try show.recovery
        #expect(recovery.held == .damaged)
        #expect(recovery.refused == 1)
        let refused = try #require(recovery.candidates.first { $0.verdict == .damaged })
        #expect(refused.rung == .document)
        #expect(refused.path == document)
        #expect(refused.reason.isEmpty == false)
        #expect(try show.persist(show.param("wash/level"), .float(0.75)).persistence == .held)
        #expect(try show.health.held == .damaged)
        #expect(try failure { try show.accept(.file) }.code == .state)
        #expect(try failure { try show.flush(timeout: .seconds(20)) }.code == .unsaved)
        try show.accept(.keep)
        try show.flush(timeout: .seconds(20))
        #expect(try show.recovery.held == nil)
        try show.close()
    }

    @Test func aCloseThatCannotSaveSaysSo() throws {
        let show = try openShow(place.options)
        try show.waitForRecovery(timeout: .seconds(20))
        try FileManager.default.removeItem(atPath: place.folder)
        try show.persist(show.param("wash/level"), .float(0.5))
        let error = try failure { try show.close() }
        #expect(error.code == .unsaved)
        #expect(try failure { _ = try show.status }.code == .state)  // closed all the same
    }

    @Test func aClientIsToldWhatToReadAnew() throws {
        let show = try openShow(place.options)
        let level = try show.param("wash/level")
        let all = try show.changes()
        #expect(all.whole)
        #expect(all.params.count == 26)
        try show.set(level, .float(0.5))
        let some = try show.changes(since: all.position)
        #expect(!some.whole)
        #expect(some.params.contains(level))
        #expect(some.position.revision == 1)
        #expect(try show.changes(since: some.position).params.isEmpty)
        #expect(try show.changes(since: Position(history: 1, revision: 1)).whole)
    }

    @Test func healthIsTold() throws {
        let show = try openShow(place.options)
        try show.set(show.param("wash/level"), .float(0.5))
        try show.flush(timeout: .seconds(20))
        var health = try show.health
        #expect(health.mirror == .ok)
        #expect(health.checkpoint.level == .ok)
        #expect(health.checkpoint.done == 1)
        #expect(health.checkpoint.firstUnsaved == nil)
        #expect(health.checkpoint.failure == nil)
        #expect(health.checkpoint.lastSuccess != nil)
        #expect(health.checkpoint.successes >= 1)
        #expect(health.components == .ok)
        #expect(!health.unsaved)
        try show.reportHealth(of: "card", .degraded, json: "{\"drops\":3}")
        health = try show.health
        #expect(health.components == .degraded)
        #expect(health.level == .degraded)
        #expect(try show.healthJSON.contains("\"drops\":3"))
        try show.withdrawHealth(of: "card")
        #expect(try show.health.components == .ok)
        #expect(
            try failure { try show.reportHealth(of: "card", .ok, json: "[]") }.code == .badJSON)
        #expect(try openShow().health.checkpoint.level == .off)
    }

    @Test(.timeLimit(.minutes(5)), arguments: 1...6)
    func afterAKillTheNewestAcknowledgedNumberIsThere(round: Int) throws {
        var last: Int32 = 0
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2 {
            let victim = try Victim(place)
            let acknowledged = try victim.killed(afterLines: Int.random(in: 1...2_000, using: &random))
            #expect(acknowledged > last)
            let schema = try Schema(types: [LayerType("counter", [.int("number")])], layers: ["main": "counter"])
            let show = try Show(schema, options: place.options)
            guard case .int(let found) = try show.value(of: show.param("main/number")).value else {
                Issue.record("no number")
                return
            }
            // One more may have been set whose line was not written any more.
            #expect(found == acknowledged || found == acknowledged + 1)
            #expect(try show.recovery.rung == .mirror)
            #expect(try !show.recovery.cleanClose)
            try show.close()
            last = found
        }
    }
}

/// The program that is killed.
struct Victim {
    private let process = Process()
    private let output = Pipe()

    init(_ place: Place) throws {
        let tests = URL(fileURLWithPath: CommandLine.arguments[0])
        process.executableURL = tests.deletingLastPathComponent().appendingPathComponent("relume-swift-victim")
        process.arguments = [place.folder, place.root]
        process.standardOutput = output
        try process.run()
    }

    /// Kills it when it has written so many lines. Returns the last number that it wrote whole.
    func killed(afterLines lines: Int) throws -> Int32 {
        var text: [UInt8] = []
        var seen = 0
        while seen < lines {
            let more = readSome()
            try #require(!more.isEmpty, "it ended by itself")
            seen += more.count { $0 == UInt8(ascii: "\n") }
            text += more
        }
        kill(process.processIdentifier, SIGKILL)
        while case let rest = readSome(), !rest.isEmpty { text += rest }
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal)
        let whole = String(decoding: text, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast()
        return try #require(whole.last.flatMap { Int32($0) })
    }

    /// What the pipe has; empty at its end. (Foundation's own reading dies of an interrupted call.)
    private func readSome() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
            var got: Int
            repeat {
                got = read(output.fileHandleForReading.fileDescriptor, buffer.baseAddress, buffer.count)
            } while got < 0 && errno == EINTR
            count = max(got, 0)
        }
    }
}
