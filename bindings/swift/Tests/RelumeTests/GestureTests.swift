// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Relume

/// Gestures, time constants of single writes, timeouts, and who wins of several sources.
@Suite struct GestureTests {
    let show: Show
    let level: Param
    init() throws {
        show = try openStill()
        level = try show.param("wash/level")
    }

    @Test func aGestureIsCommittedOnceAtItsEnd() throws {
        let events = try show.events()
        var source = try show.source()
        var composer = try show.composer()
        try source.beginGesture(level, at: 0)
        for step in 1...4 {
            try source.changeGesture(level, .float(Float(step) / 8), at: Int64(step))
            composer.compose(at: Int64(step))
            try show.tickControl()
            #expect(try show.value(of: level) == Reading(value: .float(Float(step) / 8), tier: .transient))
        }
        #expect(try events.poll().events.isEmpty)
        try source.endGesture(level, at: 10)
        composer.compose(at: 10)
        try show.tickControl()
        composer.compose(at: 20)
        #expect(try show.value(of: level) == Reading(value: .float(0.5), tier: .committed))
        #expect(try events.poll().events.map(\.kind) == [.overlaySettled])
    }

    @Test func aGestureThatIsGivenUpLeavesNothing() throws {
        var source = try show.source()
        var composer = try show.composer()
        try show.set(level, .float(0.25))
        try source.beginGesture(level, at: 0)
        try source.changeGesture(level, .float(0.75), at: 0)
        composer.compose(at: 0)
        #expect(try show.value(of: level).value == .float(0.75))
        try source.abortGesture(level, at: 1)
        composer.compose(at: 1)
        #expect(try show.value(of: level) == Reading(value: .float(0.25), tier: .committed))
    }

    @Test func aGestureSaysWhatCannotBe() throws {
        var source = try show.source()
        for key in ["go", "title"] {
            let param = try show.param("wash/" + key)
            #expect(try code { try source.beginGesture(param, at: 0) } == .type)
        }
        #expect(try code { try source.changeGesture(level, .float(0.5), at: 0) } == .state)
        #expect(try code { try source.endGesture(level, at: 0) } == .state)
        #expect(try code { try source.abortGesture(level, at: 0) } == .state)
        try source.beginGesture(level, at: 0)
        #expect(try code { try source.beginGesture(level, at: 0) } == .state)
        #expect(try code { try source.write(level, .float(0.5), at: 0) } == .state)
        #expect(try code { try source.release(level, at: 0) } == .state)
        #expect(try code { try source.changeGesture(level, .float(2), at: 0) } == .range)
        try source.endGesture(level, at: 0)
        try source.write(level, .float(0.5), at: 0)
    }

    @Test func aSingleWriteHasItsOwnTimeConstant() throws {
        var source = try show.source()
        var composer = try show.composer()
        var reader = try show.reader()
        let dimmer = try show.param("wash/dimmer")
        composer.compose(at: 0)
        try source.write(
            [
                OverlayValue(level, .float(1), smoothing: .milliseconds(50)),
                OverlayValue(dimmer, .float(1), smoothing: .step),
            ], at: 0)
        composer.compose(at: 0)
        composer.compose(at: 50_000_000)
        reader.withFrame { frame in
            #expect(abs(frame.float(level)! - 0.632) < 0.001)
            #expect(frame.float(dimmer) == 1)
        }
        #expect(Smoothing.milliseconds(0) == .milliseconds(1))
        #expect(Smoothing.milliseconds(99_999) == .milliseconds(65_534))
    }

    @Test func aSourceThatFallsSilentIsLostUntilItSpeaksAgain() throws {
        var source = try show.source(SourceOptions(timeout: .seconds(1)))
        var composer = try show.composer()
        for step in 1...3 { try source.write(level, .float(Float(step) / 4), at: 0) }
        composer.compose(at: 0)
        composer.compose(at: 999_999_999)
        #expect(try show.value(of: level).value == .float(0.75))
        composer.compose(at: 1_000_000_000)
        #expect(try show.value(of: level).value == .float(0))
        try source.write(level, .float(0.75), at: 1_000_000_000)
        composer.compose(at: 1_000_000_000)
        #expect(try show.value(of: level).value == .float(0.75))
        let info = source.info
        #expect((info.timeouts, info.superseded, info.written) == (1, 2, 4))
        #expect(try failure { _ = try show.source(SourceOptions(timeout: .seconds(-1))) }.code == .invalid)
    }

    @Test func theHighestValueWinsWhereTheDefinitionSaysSo() throws {
        let type = LayerType("t", [.float("high", flags: .highest), .float("late")])
        var options = ShowOptions()
        options.noThreads = true
        options.maxContended = 2
        let show = try Show(Schema(types: [type], layers: ["a": "t"]), options: options)
        var composer = try show.composer()
        var one = try show.source()
        var two = try show.source()
        for key in ["a/high", "a/late"] {
            try one.write(show.param(key), .float(2), at: 0)
            try two.write(show.param(key), .float(1), at: 1_000_000)
        }
        composer.compose(at: 1_000_000)
        #expect(try show.value(of: show.param("a/high")).value == .float(2))
        #expect(try show.value(of: show.param("a/late")).value == .float(1))
    }
}
