// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Relume

/// Arrays out whole: layouts of frames, DMX.
@Suite struct DoorTests {
    let show: Show
    init() throws { show = try openStill() }

    @Test func aLayoutSaysWhereEverythingLies() throws {
        var reader = try show.reader()
        let spot = try show.layer("spot")
        try reader.withFrame { frame in
            let rows = frame.layout()
            #expect(rows.count == 26)
            for row in rows {
                let info = try show.info(of: row.param)
                #expect((row.layer, row.type) == (info.layer, info.type))
                frame.withSlots { slots in
                    #expect(slots.baseAddress! + row.slots.lowerBound == frame.slots(of: row.param))
                }
            }
            #expect(frame.layout(of: spot).map(\.param) == rows[13...].map(\.param))
            #expect(frame.layout(of: spot).map(\.index) == Array(0..<13))
            let few = UnsafeMutableBufferPointer<FrameParam>.allocate(capacity: 3)
            defer { few.deallocate() }
            #expect(frame.layout(into: few) == 26)
            #expect(few[2].param == rows[2].param)
        }
    }

    @Test func aLayoutIsStaleWhenTheStructureIsAnother() throws {
        var composer = try show.composer()
        var reader = try show.reader()
        try show.set(show.param("wash/level"), .float(0.5))
        composer.compose(at: 1)
        reader.withFrame { #expect($0.structure == 0) }
        let outcome = try show.remove(show.layer("wash"))
        composer.compose(at: 2)
        reader.withFrame {
            #expect($0.structure == outcome.revision)
            #expect($0.layout().count == 13)
        }
    }

    @Test func valuesArePacked() throws {
        #expect(DMX.pack([-1, 0, 0.5, 1, 2, .nan]) == [0, 0, 128, 255, 255, 0])
        #expect(DMX.pack([0.25], [.fine, .invert]) == [0xbf, 0xff])
        #expect((0..<64).map { Int(DMX.pack([100.5 / 255], .dither, tick: $0)[0]) }.reduce(0, +) == 6432)
        var channels = [UInt8](repeating: 9, count: 3)
        let colours: [Float] = [1, 0, 0, 0, 0.5, 0, 0, 0]
        try colours.withUnsafeBufferPointer { values in
            try channels.withUnsafeMutableBufferPointer { try DMX.pack(values, stride: 4, into: $0) }
        }
        #expect(channels == [255, 128, 9])
        let short = try code {
            try colours.withUnsafeBufferPointer { values in
                try channels.withUnsafeMutableBufferPointer { try DMX.pack(values, into: $0) }
            }
        }
        #expect(short == .range)
        #expect(channels == [255, 128, 9])
    }

    @Test func aUniverseIsPackedByItsPatch() throws {
        var composer = try show.composer()
        var reader = try show.reader()
        let (level, color) = (try show.param("wash/level"), try show.param("wash/color"))
        try show.set([(level, .float(0.5)), (color, .color(1, 0.5, 0.25, alpha: 1))])
        composer.compose(at: 1)
        var universe = [UInt8](repeating: 7, count: DMX.channels)
        try reader.withFrame { frame in
            let rows = frame.layout()
            let first = rows.first { $0.param == color }!.slots.lowerBound
            let slot = rows.first { $0.param == level }!.slots.lowerBound
            let patch = [
                DMX.Line(slots: first..<first + 3, level: slot, channel: 10, fixtures: 2, stride: 4),
                DMX.Line(slots: nil, channel: 500, flags: .invert),
            ]
            try universe.withUnsafeMutableBufferPointer {
                try frame.packDMX(patch, master: 0.5, into: $0)
            }
            #expect(Array(universe[9..<18]) == [7, 64, 32, 16, 7, 64, 32, 16, 7])
            #expect(universe[500] == 255)
            let rejected = try rejection {
                try universe.withUnsafeMutableBufferPointer {
                    try frame.packDMX(patch, into: .init(rebasing: $0[..<17]))
                }
            }
            #expect(rejected == BatchRejected(code: .range, index: 1))
        }
    }
}
