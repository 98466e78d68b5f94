// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Relume

@Suite struct MutationTests {
    let show: Show
    let level: Param
    init() throws {
        show = try openStill()
        level = try show.param("wash/level")
    }

    @Test func aValueThatWasSetIsReadBackWithItsTier() throws {
        #expect(try show.value(of: level) == Reading(value: .float(0), tier: .default))
        let outcome = try show.set(level, .float(0.5))
        #expect(outcome.state == .changed)
        #expect(outcome.revision == 1)
        #expect(outcome.level == .memory)
        #expect(outcome.persistence == .notNeeded)
        #expect(outcome.events == 1)
        #expect(outcome.masked == nil)
        #expect(try show.value(of: level) == Reading(value: .float(0.5), tier: .committed))
        let again = try show.set(level, .float(0.5))
        #expect(again.state == .same)
        #expect(again.revision == 1)
    }

    @Test func storeRevertAndResetMoveValuesBetweenTiers() throws {
        try show.set(level, .float(0.5))
        try show.store()
        #expect(try show.value(of: level).tier == .persisted)
        try show.set(level, .float(0.7))
        try show.revert(show.layer("wash"))
        #expect(try show.value(of: level) == Reading(value: .float(0.5), tier: .persisted))
        try show.persist(level, .float(0.9))
        try show.set(level, .float(0.1))
        try show.reset()
        #expect(try show.value(of: level).value == .float(0.9))
    }

    @Test(
        arguments: [
            ("level", .float(0.25)), ("color", .color(0.1, 0.2, 0.3, alpha: 0.4)), ("mode", .enum(2)),
            ("title", .text("")),
            ("title", .text("héllo 🎚")), ("count", .int(-7)), ("on", .bool(true)),
            ("position", .time(nanoseconds: -5_000_000_000)),
            ("pan", .vec2([1, -2])), ("place", .vec3([1, 2, 3])), ("crop", .vec4([1, 2, 3, 4])),
        ] as [(String, Value)])
    func everyTypeOfValueIsReadBackAsItWasSet(key: String, value: Value) throws {
        let param = try show.param("wash/\(key)")
        try show.set(param, value)
        #expect(try show.value(of: param) == Reading(value: value, tier: .committed))
        #expect(try show.info(of: param).type == value.type)
    }

    @Test func aTriggerCountsItsPulses() throws {
        let go = try show.param("wash/go")
        #expect(try show.value(of: go) == Reading(value: .trigger(0), tier: .default))
        #expect(try show.set(go, .trigger(2)).revision == 1)
        #expect(try show.persist(go, .trigger(1)).revision == 2)
        #expect(try show.value(of: go) == Reading(value: .trigger(3), tier: .persisted))
        try show.set(go, .trigger(0x7fff_ffff))
        try show.reset()
        var composer = try show.composer()
        var reader = try show.reader()
        composer.compose(at: 1)
        reader.withFrame { frame in #expect(frame.count(go) == 0x8000_0002) }
        #expect(try show.info(of: go).type == .trigger)
        let error = try failure { try show.set(go, .trigger(0)) }
        #expect(error.code == .range)
        #expect(error.message.contains("1 to 2147483647 pulses"))
        #expect(try failure { try show.set(go, .int(1)) }.code == .type)
    }

    @Test func aRejectedValueChangesNothingAndSaysWhoIsToBlame() throws {
        let before = try show.status.accepted
        let error = try failure { try show.set(level, .float(1.5)) }
        #expect(error.code == .range)
        #expect(error.culprit == "wash/level")
        #expect(error.message.contains("0 to 1"))
        #expect(error.change == nil)
        #expect("\(error)".hasPrefix("out-of-range: "))
        #expect(try failure { try show.set(level, .float(.nan)) }.code == .notFinite)
        #expect(try failure { try show.set(level, .int(1)) }.code == .type)
        #expect(try show.status.accepted == before)
        #expect(try show.status.rejected == 3)
        #expect(try show.value(of: level).tier == .default)
    }

    @Test func aClampedValueIsBentAndNotRejected() throws {
        let size = try show.param("wash/size")
        try show.set(size, .float(3))
        #expect(try show.value(of: size).value == .float(1))
    }

    @Test func textsHaveALimitAndNoNUL() throws {
        let title = try show.param("wash/title")
        #expect(try show.value(of: title).value == .text("untitled"))
        let longest = String(repeating: "a", count: 1024)
        try show.set(title, .text(longest))
        #expect(try show.value(of: title).value == .text(longest))
        #expect(try failure { try show.set(title, .text(longest + "a")) }.code == .tooLong)
        #expect(try failure { try show.set(title, .text("a\0b")) }.code == .badUTF8)
        #expect(try show.value(of: title).value == .text(longest))
    }

    @Test func manyValuesAreSetAsOneOrNotAtAll() throws {
        let count = try show.param("wash/count")
        let outcome = try show.set([(level, .float(0.5)), (count, .int(3))])
        #expect(outcome.revision == 1)
        let error = try failure {
            try show.set([(count, .int(4)), (level, .float(7))])
        }
        #expect(error.code == .range)
        #expect(error.change == 1)
        #expect(try show.value(of: count).value == .int(3))
    }

    @Test func anExplanationTellsEveryTier() throws {
        try show.persist(level, .float(0.25))
        try show.set(level, .float(0.5))
        let explanation = try show.explain(level)
        #expect(explanation.winner == .committed)
        #expect(explanation.composed == .value(.float(0.5)))
        #expect(explanation.initial == .value(.float(0)))
        #expect(explanation.persisted == .value(.float(0.25)))
        #expect(explanation.committed == .value(.float(0.5)))
        #expect(explanation.transient == nil)
        #expect(explanation.automation == nil)
        let title = try show.explain(show.param("wash/title"))
        #expect(title.composed == .text(bytes: 8))
        #expect(title.committed == nil)
    }

    @Test func aLayerIsExplainedWhole() throws {
        try show.set(level, .float(0.5))
        let wash = try show.layer("wash")
        let all = try show.explain(wash)
        #expect(try all.map(\.param) == show.params(of: wash))
        #expect(try all.first { $0.param == level } == show.explain(level))
        #expect(all.allSatisfy { !$0.isGlidingBack })
        try show.remove(wash)
        #expect(throws: RelumeError.self) { _ = try show.explain(wash) }
    }

    @Test func anExplanationTellsTheAutomation() throws {
        var source = try show.source(SourceOptions(priority: 150))
        var composer = try show.composer()
        composer.compose(at: 1_000)
        try source.write(level, .float(0.75), at: 1_000)
        composer.compose(at: 2_000)
        composer.compose(at: 5_000)
        let explanation = try show.explain(level)
        #expect(explanation.winner == .transient)
        #expect(explanation.transient == .value(.float(0.75)))
        #expect(explanation.automation?.source == source.info.number)
        #expect(explanation.automation?.priority == 150)
        let outcome = try show.set(level, .float(0.1))
        #expect(outcome.masked == Outcome.Mask(param: level, count: 1, source: source.info.number, priority: 150))
    }

    @Test func recordsAreBytesOrJSON() throws {
        try show.setRecord("patch", .json("{\"a\":[1,2]}"))
        try show.setRecord("blob", .bytes([0, 255, 0]))
        try show.setRecord("empty", .bytes([]))
        #expect(try show.recordKeys == ["blob", "empty", "patch"])
        #expect(try show.record("patch") == .json("{\"a\":[1,2]}"))
        #expect(try show.record("blob") == .bytes([0, 255, 0]))
        #expect(try show.record("empty") == .bytes([]))
        #expect(try failure { try show.setRecord("patch", .json("{")) }.code == .badJSON)
        let large = [UInt8](repeating: 7, count: 16 << 20)
        try show.setRecord("blob", .bytes(large))
        #expect(try show.record("blob") == .bytes(large))
        #expect(try failure { try show.setRecord("blob", .bytes(large + [1])) }.code == .tooLong)
        #expect(try show.removeRecord("patch").state == .changed)
        #expect(try show.removeRecord("patch").state == .same)
        #expect(try failure { _ = try show.record("patch") }.code == .unknownRoute)
    }
}

@Suite struct ChangeSetTests {
    let show: Show
    init() throws { show = try openStill() }

    @Test func aChangeSetIsOneRevision() throws {
        let (wash, level) = (try show.layer("wash"), try show.param("wash/level"))
        let title = try show.param("wash/title")
        let outcome = try show.apply { changes in
            changes.set(level, .float(0.5))
            changes.set(title, .text("opening"))
            changes.persist(try! show.param("spot/level"), .float(0.25))
            changes.addLayer("haze", type: "fixture", before: wash)
            changes.setRecord("cue", .json("1"))
            changes.bypass(wash)
            changes.enable(wash, false)
        }
        #expect(outcome.revision == 1)
        #expect(outcome.targets == [.checkpoint, .document])
        #expect(try show.layers == [show.layer("haze"), wash, show.layer("spot")])
        #expect(try show.value(of: title).value == .text("opening"))
        #expect(try show.value(of: show.param("spot/level")).tier == .persisted)
        #expect(try show.record("cue") == .json("1"))
        #expect(try show.info(of: wash).flags == [.disabled, .bypassed])

        try show.apply { changes in
            changes.move(wash)
            changes.remove(try! show.layer("haze"))
            changes.removeRecord("cue")
            changes.store()
            changes.revert()
            changes.reset(wash)
        }
        #expect(try show.layers == [show.layer("spot"), wash])
        #expect(try show.recordKeys == [])
        #expect(try show.value(of: level).tier == .persisted)
        #expect(try show.status.accepted == 2)
    }

    @Test func aRejectedChangeSetChangesNothingAndNamesTheChange() throws {
        let level = try show.param("wash/level")
        let error = try failure {
            try show.apply { changes in
                changes.set(level, .float(0.5))
                changes.addLayer("haze", type: "no-such-type")
            }
        }
        #expect(error.code == .unknownType)
        #expect(error.change == 1)
        #expect(try show.value(of: level).tier == .default)
        #expect(try show.status.accepted == 0)
    }

    @Test func aKeyWithANULIsNoShorterKey() throws {
        var changes = ChangeSet()
        changes.store()
        changes.addLayer("ha\0ze", type: "fixture")
        changes.setRecord("cue", .json("1"))
        let error = try failure { try show.apply(changes) }
        #expect(error.code == .invalid)
        #expect(error.culprit == "ha␀ze")
        #expect(error.change == 1)
        #expect(try show.layers.count == 2)
        #expect(try show.recordKeys == [])
    }

    @Test func anEmptyChangeSetChangesNothing() throws {
        #expect(try show.apply(ChangeSet()).state == .same)
        #expect(ChangeSet().count == 0)
    }

    @Test func theBuilderMayThrowAndThenNothingIsApplied() throws {
        let level = try show.param("wash/level")
        let error = try failure {
            try show.apply { changes throws(RelumeError) in
                changes.set(level, .float(1))
                changes.remove(try show.layer("nowhere"))
            }
        }
        #expect(error.code == .unknownLayer)
        #expect(try show.value(of: level).tier == .default)
    }
}
