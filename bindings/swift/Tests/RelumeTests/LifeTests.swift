// SPDX-License-Identifier: Apache-2.0
import CRelume
import Foundation
import Synchronization
import Testing

@testable import Relume

@Suite struct LifeTests {
    @Test func aShowThatIsHeldIsNotClosed() throws {
        let show = try openShow()
        do {
            let composer = try show.composer()
            let reader = try show.reader()
            let first = try show.source()
            let second = try show.source()
            let error = try failure { try show.close() }
            #expect(error.code == .state)
            #expect(error.culprit == "the composer, 1 reader, 2 sources")
            #expect(try show.layers.count == 2)  // it is still open
            _ = consume composer
            _ = consume reader
            _ = consume first
            _ = consume second
        }
        try show.close()
    }

    @Test func aClosedShowAnswersEveryCallWithAnError() throws {
        let show = try openShow()
        let level = try show.param("wash/level")
        let events = try show.events()
        try show.close()
        try show.close()
        let error = try failure { try show.set(level, .float(1)) }
        #expect(error.code == .state)
        #expect(error.message.contains("closed"))
        #expect(try failure { _ = try show.value(of: level) }.code == .state)
        #expect(try failure { _ = try show.layers }.code == .state)
        #expect(try failure { _ = try show.healthJSON }.code == .state)
        #expect(try failure { _ = try show.composer() }.code == .state)
        #expect(try failure { _ = try show.reader() }.code == .state)
        #expect(try failure { _ = try show.source() }.code == .state)
        #expect(try failure { _ = try show.events() }.code == .state)
        #expect(try failure { _ = try events.poll() }.code == .state)
    }

    @Test func aRoleKeepsItsShowOpen() throws {
        let place = try Place()
        func role() throws -> Source { try openShow(place.options).source() }
        do {
            let source = try role()
            #expect(try failure { _ = try openShow(place.options) }.code == .owned)
            _ = consume source
        }
        _ = try openShow(place.options)  // let go of it, and with it of the show
    }

    @Test func closingWaitsForCallsThatRunAndStopsLaterOnes() throws {
        for _ in 0..<20 {
            let show = try openShow()
            let level = try show.param("wash/level")
            let accepted = Atomic<Int>(0)
            let stopped = Atomic<Int>(0)
            let unexpected = Atomic<Int>(0)
            let begun = DispatchSemaphore(value: 0)
            let group = DispatchGroup()
            for thread in 0..<3 {
                inThread(of: group) {
                    var value: Float = 0
                    while true {
                        value = value == 0 ? 0.5 : 0
                        do throws(RelumeError) {
                            switch thread {
                            case 0: try show.set(level, .float(value))
                            case 1: _ = try show.reader()
                            default: _ = try show.events().poll()
                            }
                            if accepted.add(1, ordering: .relaxed).oldValue == 50 { begun.signal() }
                        } catch {
                            if error.code == .state {
                                stopped.add(1, ordering: .relaxed)
                            } else {
                                unexpected.add(1, ordering: .relaxed)
                            }
                            return
                        }
                    }
                }
            }
            begun.wait()
            while true {  // while a reader is held it is refused, and says so
                do throws(RelumeError) {
                    try show.close()
                    break
                } catch {
                    #expect(error.code == .state)
                }
            }
            group.wait()
            #expect(stopped.load(ordering: .relaxed) == 3)
            #expect(unexpected.load(ordering: .relaxed) == 0)
        }
    }

    @Test func aRoleIsNotGivenOutWhileTheShowIsBeingClosed() throws {
        for _ in 0..<20 {
            let show = try openStill()
            let closedUnderARole = Atomic<Int>(0)
            let begun = DispatchSemaphore(value: 0)
            let group = DispatchGroup()
            for _ in 0..<3 {
                inThread(of: group) {
                    begun.signal()
                    while let reader = try? show.reader() {
                        if (try? show.status) == nil { closedUnderARole.add(1, ordering: .relaxed) }
                        _ = consume reader
                    }
                }
            }
            for _ in 0..<3 { begun.wait() }
            while (try? show.close()) == nil {}
            group.wait()
            #expect(closedUnderARole.load(ordering: .relaxed) == 0)
        }
    }

    @Test func aShowHasOneOwner() throws {
        let place = try Place()
        let show = try openShow(place.options)
        let error = try failure { _ = try openShow(place.options) }
        #expect(error.code == .owned)
        #expect(error.message.contains("\(getpid())"))
        try show.close()
        _ = try openShow(place.options)
    }

    @Test func aFolderThatCannotBeIsNamed() throws {
        let error = try failure {
            _ = try openShow(ShowOptions(folder: "/nowhere/at/all"))
        }
        #expect(error.code == .io)
        #expect("\(error)" == "io: \(error.message)")  // the path is in it once
        #expect(error.message.contains("/nowhere/at/all"))
        #expect(
            try failure { _ = try openShow(ShowOptions(folder: "/nowhere\0/at/all")) }.code == .invalid)
    }

    @Test func aShowTellsWhoItIs() throws {
        let place = try Place()
        var options = place.options
        options.maxSlots = 1_000
        let show = try openShow(options)
        let info = try show.info
        #expect(info.showID.count == 16)
        #expect(info.showID.contains { $0 != 0 })
        #expect(info.restarts == 0)
        #expect(info.maxSlots == 1_024)
        #expect(info.mirrorPath.hasPrefix(place.root))
        try show.close()
        let again = try openShow(options)
        #expect(try again.info.showID == info.showID)
        #expect(try again.info.restarts == 1)
    }

    @Test func ticksBelongToShowsWithoutThreads() throws {
        let still = try openStill()
        try still.tickControl()
        try still.tickDisk()
        let show = try openShow()
        #expect(try failure { try show.tickControl() }.code == .state)
        #expect(try failure { try show.tickDisk() }.code == .state)
    }

    @Test func theLibraryIsTheOneOfItsHeaders() {
        #expect(relumeVersion == "\(RELUME_VERSION_MAJOR).\(RELUME_VERSION_MINOR).\(RELUME_VERSION_PATCH)")
    }
}

@Suite struct EventTests {
    let show: Show
    let level: Param
    init() throws {
        show = try openStill()
        level = try show.param("wash/level")
    }

    @Test func everyMutationPublishesOneEvent() throws {
        let events = try show.events()
        try show.set(level, .float(0.5))
        try show.remove(show.layer("spot"))
        let batch = try events.poll()
        #expect(batch.missed == 0)
        #expect(batch.events.map(\.kind) == [.accepted, .accepted])
        #expect(batch.events.map(\.change) == [.set, .removeLayer])
        #expect(batch.events.map(\.revision) == [1, 2])
        #expect(batch.events[0].param == level)
        #expect(batch.events[1].sequence == batch.events[0].sequence + 1)
        #expect(batch.events[1].param == nil)
        #expect(try events.poll().events.isEmpty)
    }

    @Test func whoIsSlowIsToldWhatItMissed() throws {
        var options = ShowOptions()
        options.eventCapacity = 4
        let show = try openStill(options)
        let level = try show.param("wash/level")
        let events = try show.events()
        for i in 1...10 { try show.set(level, .float(Float(i) / 10)) }
        let first = try events.poll(upTo: 1)
        #expect(first.missed == 6)
        #expect(first.events.map(\.revision) == [7])
        #expect(try events.poll().events.map(\.revision) == [8, 9, 10])
    }

    @Test(.timeLimit(.minutes(1))) func aStreamBringsEventsAndEndsWithItsShow() async throws {
        let show = try openShow()
        let level = try show.param("wash/level")
        let stream = try show.eventStream()
        let seen = Mutex<[UInt64]>([])
        async let ended: Void = {
            for await batch in stream { seen.withLock { $0 += batch.events.map(\.revision) } }
        }()
        for i in 1...5 { try show.set(level, .float(Float(i) / 10)) }
        while seen.withLock({ $0.count }) < 5 { await Task.yield() }
        try show.close()
        await ended
        #expect(seen.withLock { $0 } == [1, 2, 3, 4, 5])
    }

    @Test(.timeLimit(.minutes(1))) func aStreamEndsWhenItsTaskIsCancelled() async throws {
        let clock = CountingClock()
        let stream = try show.eventStream(every: .seconds(3600), clock: clock)
        let reading = Task {
            for await _ in stream { Issue.record("nothing has happened") }
        }
        while clock.sleeps.load(ordering: .relaxed) < 3 { await Task.yield() }  // waits by the clock that it was given
        reading.cancel()
        await reading.value
        try show.close()
    }
}

/// A clock on which every wait is over at once.
final class CountingClock: Clock {
    let sleeps = Atomic<Int>(0)
    var now: ContinuousClock.Instant { .now }
    var minimumResolution: Duration { .zero }
    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {
        sleeps.add(1, ordering: .relaxed)
        try Task.checkCancellation()
        await Task.yield()
    }
}
