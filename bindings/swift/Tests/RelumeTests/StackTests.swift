// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Relume

@Suite struct StackTests {
    let show: Show
    init() throws { show = try openStill() }

    @Test func layersAndParametersAreFoundByTheirKeys() throws {
        let wash = try show.layer("wash")
        let info = try show.info(of: wash)
        #expect((info.key, info.typeKey, info.paramCount, info.flags) == ("wash", "fixture", 13, []))
        #expect(info.layer == wash)
        #expect(try show.layers == [wash, show.layer("spot")])
        let params = try show.params(of: wash)
        #expect(params.count == 13)
        #expect(try params[0] == show.param("wash/level"))
        let dimmer = try show.info(of: show.param("wash/dimmer"))
        #expect(dimmer.route == "wash/dimmer")
        #expect((dimmer.type, dimmer.minimum, dimmer.maximum, dimmer.smoothing) == (.float, 0, 1, .milliseconds(100)))
        #expect(try show.info(of: show.param("wash/size")).flags == .clamp)
        #expect(try show.info(of: show.param("wash/color")).initial == .color(1, 1, 1))
    }

    @Test func unknownNamesAreNamed() throws {
        #expect(try failure { _ = try show.layer("haze") }.code == .unknownLayer)
        let error = try failure { _ = try show.param("wash/tilt") }
        #expect(error.code == .unknownRoute)
        #expect(error.culprit == "wash/tilt")
    }

    @Test func aNameWithANULIsNoShorterName() throws {
        #expect(try failure { _ = try show.layer("wash\0") }.code == .invalid)
        #expect(try failure { _ = try show.param("wash/level\0x") }.code == .invalid)
    }

    @Test func labelsAreFoundBothWays() throws {
        let mode = try show.param("wash/mode")
        #expect(try show.info(of: mode).labelCount == 3)
        #expect(try show.index(of: "strobe", in: mode) == 2)
        #expect(try show.label(1, of: mode) == "chase")
        #expect(try show.label(3, of: mode) == nil)
        #expect(try failure { _ = try show.index(of: "fire", in: mode) }.code == .range)
    }

    @Test func theStackIsChanged() throws {
        let (wash, spot) = (try show.layer("wash"), try show.layer("spot"))
        let haze = try show.addLayer("haze", type: "fixture", before: spot)
        #expect(try show.layers == [wash, haze, spot])
        try show.move(wash)
        #expect(try show.layers == [haze, spot, wash])
        try show.move(wash, before: haze)
        #expect(try show.layers == [wash, haze, spot])
        try show.enable(haze, false)
        try show.bypass(haze)
        #expect(try show.info(of: haze).flags == [.disabled, .bypassed])
        try show.enable(haze)
        try show.bypass(haze, false)
        #expect(try show.info(of: haze).flags == [])
        #expect(try failure { try show.addLayer("haze", type: "fixture") }.code == .exists)
    }

    @Test func aHandleOfARemovedLayerHitsNothing() throws {
        let (wash, level) = (try show.layer("wash"), try show.param("wash/level"))
        try show.remove(wash)
        try show.addLayer("other", type: "fixture")
        #expect(try failure { _ = try show.info(of: wash) }.code == .unknownLayer)
        #expect(try failure { try show.set(level, .float(1)) }.code == .unknownRoute)
        #expect(try show.value(of: show.param("other/level")).tier == .default)
    }

    @Test func aDefinitionThatCannotBeIsSaidToBe() throws {
        var schema = try Schema()
        var error = try failure {
            try schema.add(LayerType("fixture", [.float("level", in: 0...1, initial: 2)]))
        }
        #expect(error.code == .range)
        error = try failure {
            try schema.add(LayerType("fixture", [.enum("mode", labels: ["one", "o\0ne"])]))
        }
        #expect(error.code == .invalid)
        error = try failure {
            try schema.add(LayerType("fixture", [.int("a"), .int("a")]))
        }
        #expect(error.code == .exists)
        #expect(try failure { try schema.add(LayerType("fixture", [])) }.code == .invalid)
        #expect(
            try failure { try schema.addLayer("wash", type: "fixture") }.code == .unknownType)
        #expect(
            try failure { try schema.addRecord("cue", .json("{")) }.code == .badJSON)
    }

    @Test func aNewShowStartsWithWhatWasDeclared() throws {
        let schema = try Schema(
            types: [fixture], layers: ["b": "fixture", "a": "fixture"], records: ["cue": .json("[]")])
        let show = try Show(schema, options: ShowOptions())
        #expect(try show.layers.map { layer in try show.info(of: layer).key } == ["b", "a"])
        #expect(try show.record("cue") == .json("[]"))
    }

    @Test func aDurationBecomesNanosecondsAsNearAs64BitsCome() {
        #expect(Duration.milliseconds(1500).nanoseconds == 1_500_000_000)
        #expect(Duration.nanoseconds(-3).nanoseconds == -3)
        #expect(Duration.seconds(Int64.max).nanoseconds == .max)
        #expect(Duration.seconds(-10_000_000_000).nanoseconds == .min)
    }
}

@Suite struct TypeTests {
    let show: Show
    init() throws { show = try openStill() }

    static let narrower = LayerType("fixture", version: 2, [.float("level", in: 0...0.5), .float("new")])

    @Test func aTypeIsDefinedAnewInTwoPhases() throws {
        let events = try show.events()
        let wash = try show.layer("wash")
        try show.set(show.param("wash/level"), .float(0.75))
        try show.set(show.param("wash/count"), .int(9))
        let change = try show.prepare(Self.narrower)
        let id = change.id
        #expect(try show.info(of: wash).paramCount == 13)  // nothing visible yet
        let outcome = try show.commit(change)
        #expect(outcome.state == .changed)
        #expect(outcome.renderReset == .layer)
        #expect(outcome.clampedValues == 1)
        #expect(outcome.clearedValues == 1)
        #expect(try show.info(of: show.layer("wash")).paramCount == 2)
        #expect(try show.value(of: show.param("wash/level")).value == .float(0.5))
        #expect(try failure { _ = try show.info(of: wash) }.code == .unknownLayer)
        let ofTypes = try events.poll().events.filter { $0.typeChange != nil }
        #expect(ofTypes.map(\.kind) == [.buildStarted, .typeChanged])
        #expect(ofTypes.allSatisfy { $0.typeChange == id })
        #expect(ofTypes[1].count == 2)
    }

    @Test func aFailedBuildLeavesEverythingAndKeepsTheReason() throws {
        #expect(try show.failure(ofType: "fixture") == nil)
        try show.abort(show.prepare(Self.narrower), why: "line 3: no such function")
        #expect(try show.failure(ofType: "fixture") == "line 3: no such function")
        #expect(try show.info(of: show.layer("wash")).paramCount == 13)
        try show.commit(show.prepare(Self.narrower))
        #expect(try show.failure(ofType: "fixture") == nil)
        try show.fail(type: "fixture", why: "fixture.json: line 3")  // before there was a definition
        #expect(try show.failure(ofType: "fixture") == "fixture.json: line 3")
        #expect(try failure { try show.fail(type: "fixture", why: "") }.code == .invalid)
    }

    @Test func aSupersededChangeCannotBeCommitted() throws {
        let first = try show.prepare(Self.narrower)
        let second = try show.prepare(Self.narrower)
        #expect(try failureOfCommit(first).code == .state)
        try show.commit(second)
    }

    private func failureOfCommit(_ change: consuming TypeChange) throws -> RelumeError {
        do {
            try show.commit(change)
        } catch {
            return error
        }
        throw CancellationError()
    }

    @Test func aLayerGetsAnotherKey() throws {
        let wash = try show.layer("wash")
        let level = try show.param("wash/level")
        try show.set(level, .float(0.25))
        try show.rename(wash, to: "front")
        #expect(try show.info(of: wash).key == "front")
        #expect(try show.param("front/level") == level)
        #expect(try show.value(of: level).value == .float(0.25))
        #expect(try show.rename(wash, to: "front").state == .same)
        #expect(try failure { try show.rename(wash, to: "spot") }.code == .exists)
        #expect(try failure { try show.rename(wash, to: "Front") }.code == .invalid)
        try show.apply { $0.rename(wash, to: "wash") }
        #expect(try show.layer("wash") == wash)
    }

    @Test func aChangeOfTypeSaysWhatBecameOfEveryValue() throws {
        let dimmer = LayerType("dimmer", [.float("level", in: 0...0.5), .float("more")])
        try show.commit(show.prepare(dimmer))
        try show.set(show.param("wash/level"), .float(1))
        let count = try show.param("wash/count")
        try show.set(count, .int(3))
        let outcome = try show.retype(show.layer("wash"), to: "dimmer")
        #expect(outcome.invalidation == .incompatible)
        let fates = try show.typeReport(revision: outcome.revision)
        #expect(fates.map(\.key).sorted() == ["count", "level"])
        let level = try #require(fates.first { $0.key == "level" })
        #expect(level.tier == .committed)
        #expect((level.fate, level.why) == (.clamped, .range))
        #expect((level.before, level.after) == (.value(.float(1)), .value(.float(0.5))))
        #expect(try level.param == show.param("wash/level"))
        let gone = try #require(fates.first { $0.key == "count" })
        #expect((gone.fate, gone.why) == (.cleared, .keyGone))
        #expect(gone.param == nil)
        #expect(gone.after == nil)
        #expect(try failure { _ = try show.typeReport(revision: 99) }.code == .state)
    }

    @Test func everyKindOfFieldIsClassified() throws {
        let kinds = Dictionary(uniqueKeysWithValues: FieldKind.all.map { ($0.name, $0) })
        #expect(kinds["param.committed"]?.fieldClass == .committed)
        #expect(kinds["param.committed"]?.keptIn == [.mirror, .checkpoint])
        #expect(kinds["host.history"]?.keptIn == [])
    }

    @Test func aLayerGetsAnotherType() throws {
        try show.commit(show.prepare(LayerType("dimmer", [.float("level", in: 0...1)])))
        try show.set(show.param("wash/level"), .float(0.25))
        try show.set(show.param("spot/level"), .float(0.75))
        try show.retype(show.layer("wash"), to: "dimmer")
        #expect(try show.info(of: show.layer("wash")).typeKey == "dimmer")
        #expect(try show.value(of: show.param("wash/level")).value == .float(0.25))
        let spot = try show.layer("spot")
        try show.commit(show.prepareRetype(spot, to: "dimmer"))
        #expect(try show.value(of: show.param("spot/level")).value == .float(0.75))
        try show.apply { $0.retype(try! show.layer("spot"), to: "fixture") }
        #expect(try show.info(of: show.layer("spot")).paramCount == 13)
        #expect(try failure { try show.retype(spot, to: "fixture") }.code == .unknownLayer)
        let wash = try show.layer("wash")
        #expect(
            try failure { _ = try show.prepareRetype(wash, to: "fog") }.code == .unknownType)
    }
}
