// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Relume

@Suite struct FrameTests {
    let show: Show
    let level: Param
    init() throws {
        show = try openStill()
        level = try show.param("wash/level")
    }

    @Test func aFrameShowsWhatWasSet() throws {
        var composer = try show.composer()
        var reader = try show.reader()
        let (color, mode) = (try show.param("wash/color"), try show.param("wash/mode"))
        let (count, position) = (try show.param("wash/count"), try show.param("wash/position"))
        let (pan, place) = (try show.param("wash/pan"), try show.param("wash/place"))
        let spot = try show.layer("spot")
        try show.apply { changes in
            changes.set(level, .float(0.5))
            changes.set(color, .color(0.1, 0.2, 0.3, alpha: 0.4))
            changes.set(mode, .enum(2))
            changes.set(count, .int(-7))
            changes.set(position, .time(nanoseconds: -5_000_000_000))
            changes.set(pan, .vec2([1, -2]))
            changes.set(place, .vec3([1, 2, 3]))
        }
        let number = composer.compose(at: 1_000)
        reader.withFrame { frame in
            #expect(frame.number == number)
            #expect(frame.revision == 1)
            #expect(frame.time == 1_000)
            #expect(frame.moving == 0)
            #expect(frame.float(level) == 0.5)
            #expect(frame.vec4(color) == [0.1, 0.2, 0.3, 0.4])
            #expect(frame.int(mode) == 2)
            #expect(frame.int(count) == -7)
            #expect(frame.nanoseconds(position) == -5_000_000_000)
            #expect(frame.vec2(pan) == [1, -2])
            #expect(frame.vec3(place) == [1, 2, 3])
            #expect(frame.layerCount == 2)
            #expect(frame.layer(at: 1).layer == spot)
        }
        #expect(composer.compose(at: 2_000) == number)  // nothing changed, nothing moves
    }

    @Test func theSlotsAreTheFrameItselfAndNoCopy() throws {
        var reader = try show.reader()
        let color = try show.param("spot/color")
        let offset = try show.info(of: color).slot
        let ofSpot = try show.info(of: show.layer("spot"))
        reader.withFrame { frame in
            let spot = frame.layer(at: 1)
            #expect((spot.layer, spot.id, spot.slots.count) == (ofSpot.layer, ofSpot.id, ofSpot.slotCount))
            frame.withSlots { slots in
                #expect(slots.count == frame.slotCount)
                #expect(Int(bitPattern: slots.baseAddress!) % 64 == 0)
                #expect(slots.baseAddress! + spot.slots.lowerBound + offset == frame.slots(of: color))
                #expect(slots[spot.slots.lowerBound + offset].float == 1)
            }
        }
    }

    @Test func aFrameDoesNotHaveALayerOfLater() throws {
        var composer = try show.composer()
        var reader = try show.reader()
        try show.addLayer("haze", type: "fixture")
        let haze = try show.param("haze/level")
        reader.withFrame { #expect($0.float(haze) == nil) }
        composer.compose(at: 1)
        reader.withFrame { #expect($0.float(haze) == 0) }
    }

    @Test func theFrameRoleIsGivenOutOnce() throws {
        do {
            let first = try show.composer()
            let error = try failure { _ = try show.composer() }
            #expect(error.code == .state)
            #expect(error.culprit == "the composer")
            _ = consume first
        }
        var second = try show.composer()
        #expect(second.compose(at: 1) > 0)
    }

    @Test func aRetainedFrameOutlivesTheNextOneAndTheShow() throws {
        let place = try Place()
        let show = try openShow(place.options)
        let level = try show.param("wash/level")
        let kept: RetainedFrame
        do {
            var composer = try show.composer()
            var reader = try show.reader()
            try show.set(level, .float(0.25))
            composer.compose(at: 1)
            kept = try reader.retainFrame()
            try show.set(level, .float(0.75))
            composer.compose(at: 2)
            reader.withFrame { #expect($0.float(level) == 0.75) }
        }
        kept.withFrame { #expect($0.float(level) == 0.25) }
        try show.close()
        kept.withFrame { frame in
            #expect(frame.float(level) == 0.25)
            frame.withSlots { #expect($0[frame.layer(at: 0).slots.lowerBound].float == 0.25) }
        }
    }

    @Test func asManyFramesAreRetainedAsWereAskedFor() throws {
        var options = ShowOptions()
        options.maxRetained = 2
        let show = try openStill(options)
        var reader = try show.reader()
        var kept = [try reader.retainFrame(), try reader.retainFrame()]
        #expect(try code { _ = try reader.retainFrame() } == .limit)
        kept.removeLast()
        #expect(try code { _ = try reader.retainFrame() } == nil)
    }

    @Test func asManyReadersAreOpenAsWereAskedFor() throws {
        var options = ShowOptions()
        options.maxReaders = 1
        let show = try openStill(options)
        do {
            let only = try show.reader()
            #expect(try failure { _ = try show.reader() }.code == .limit)
            _ = consume only
        }
        _ = try show.reader()
    }

    @Test func whatTheBodyThrowsComesOutAsItIs() throws {
        struct Mine: Error, Equatable {}
        var reader = try show.reader()
        #expect(throws: Mine()) { try reader.withFrame { _ throws(Mine) in throw Mine() } }
    }
}

@Suite struct AutomationTests {
    let show: Show
    let level: Param
    init() throws {
        show = try openStill()
        level = try show.param("wash/level")
    }

    @Test func automationLiesOverTheOperatorUntilItIsReleased() throws {
        var source = try show.source(SourceOptions(kind: .osc))
        var composer = try show.composer()
        var reader = try show.reader()
        try show.set(level, .float(0.25))
        try source.write(level, .float(0.75), at: 10)
        composer.compose(at: 10)
        reader.withFrame { #expect($0.float(level) == 0.75) }
        #expect(try show.value(of: level).tier == .transient)
        try source.release(level, at: 20)
        composer.compose(at: 20)
        reader.withFrame { #expect($0.float(level) == 0.25) }
    }

    @Test func automationGlides() throws {
        var source = try show.source()
        var composer = try show.composer()
        var reader = try show.reader()
        let dimmer = try show.param("wash/dimmer")
        composer.compose(at: 0)
        try source.write(dimmer, .float(1), at: 0)
        composer.compose(at: 0)
        composer.compose(at: 100_000_000)
        reader.withFrame { frame in
            #expect(frame.moving == 1)
            #expect(abs(frame.float(dimmer)! - 0.632) < 0.001)  // 1 - 1/e after one time constant
        }
    }

    @Test func automationThatSettlesIsCommitted() throws {
        let events = try show.events()
        var source = try show.source()
        var composer = try show.composer()
        try source.write(level, .float(0.5), at: 0)
        composer.compose(at: 0)
        composer.compose(at: 600_000_000)
        try show.tickControl()
        composer.compose(at: 700_000_000)
        #expect(try show.value(of: level) == Reading(value: .float(0.5), tier: .committed))
        #expect(try events.poll().events.map(\.kind) == [.overlaySettled])
    }

    @Test func aValueThatDoesNotFitIsStoppedAtTheDoorAndCounted() throws {
        var source = try show.source()
        #expect(try code { try source.write(level, .float(2), at: 0) } == .range)
        #expect(try code { try source.write(level, .float(.infinity), at: 0) } == .notFinite)
        #expect(try code { try source.write(level, .int(1), at: 0) } == .type)
        let title = try show.param("wash/title")
        #expect(try code { try source.write(title, .text("no"), at: 0) } == .type)
        #expect(try code { try source.write(Param(.init(bits: 7)), .int(1), at: 0) } == .unknownRoute)
        try source.write(level, .float(0.5), at: 0)
        try source.write(level, .float(0.5), at: 1)
        let info = source.info
        #expect((info.written, info.unchanged, info.rejected) == (1, 1, 5))
    }

    @Test func aBatchLandsInOneFrameOrNotAtAll() throws {
        var source = try show.source()
        var composer = try show.composer()
        var reader = try show.reader()
        let count = try show.param("wash/count")
        let good = [OverlayValue(level, .float(0.5)), OverlayValue(count, .int(3))]
        try source.write(good, at: 0)
        composer.compose(at: 0)
        reader.withFrame { #expect(($0.float(level), $0.int(count)) == (0.5, 3)) }
        let bad = [OverlayValue(count, .int(4)), OverlayValue(level, .float(9))]
        let rejected = try rejection { try source.write(bad, at: 1) }
        #expect(rejected == BatchRejected(code: .range, index: 1))
        composer.compose(at: 1)
        reader.withFrame { #expect($0.int(count) == 3) }
        try source.write([OverlayValue](), at: 2)
    }

    @Test func asManySourcesAreOpenAsWereAskedFor() throws {
        var options = ShowOptions()
        options.maxSources = 1
        let show = try openStill(options)
        do {
            let only = try show.source()
            #expect(try failure { _ = try show.source() }.code == .limit)
            _ = consume only
        }
        var composer = try show.composer()
        composer.compose(at: 0)  // a source that was let go of ends at the next frame
        _ = try show.source()
        #expect(
            try failure { _ = try show.source(SourceOptions(priority: 201)) }.code == .invalid)
    }

    @Test func aStreamWritesARunOfSlots() throws {
        let channels = (0..<8).map { ParamDefinition.float("ch\($0)", in: 0...1) }
        let show = try Show(Schema(types: [LayerType("universe", channels)], layers: ["dmx": "universe"]))
        let first = try show.param("dmx/ch2")
        var stream = try show.stream(from: first, count: 4, SourceOptions(kind: .dmx))
        var composer = try show.composer()
        var reader = try show.reader()
        try stream.write([0.1, 0.2, 0.3, 0.4], at: 0)
        composer.compose(at: 0)
        let last = try show.param("dmx/ch5")
        reader.withFrame { #expect(($0.float(first), $0.float(last)) == (0.1, 0.4)) }
        #expect(
            try rejection { try stream.write([0.1, 0.2, 7, 0.4], at: 1) }
                == BatchRejected(code: .range, index: 2))
        #expect(stream.info.rejected > 0)
        // Fewer values than the run has slots are not read beyond their end.
        #expect(
            try rejection { try stream.write([0.1, 0.2, 0.3], at: 1) }
                == BatchRejected(code: .invalid, index: 3))
        #expect(
            try rejection { try stream.write([0, 0, 0, 0, 0], at: 1) }?.code == .invalid)
        #expect(try failure { _ = try show.stream(from: first, count: 7) }.code == .unknownRoute)
        #expect(try failure { _ = try show.stream(from: first, count: -1) }.code == .invalid)
    }
}
