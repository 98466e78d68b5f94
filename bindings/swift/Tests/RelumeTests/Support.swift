// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import Relume

/// A folder of its own, gone at the end.
final class Place {
    let root: String
    var folder: String { root + "/test.show" }

    init() throws {
        var name = Array("/dev/shm/relume-swift-test-XXXXXX".utf8CString)
        try #require(mkdtemp(&name) != nil)
        root = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    var options: ShowOptions { ShowOptions(folder: folder, runtimeDirectory: root) }
}

let fixture = LayerType(
    "fixture",
    [
        .float("level", in: 0...1), .color("color", in: 0...1, initial: [1, 1, 1, 1]),
        .enum("mode", labels: ["off", "chase", "strobe"]), .text("title", initial: "untitled"), .int("count"),
        .bool("on"), .time("position"), .vec2("pan"), .vec3("place"), .vec4("crop"),
        .float("dimmer", in: 0...1, smoothing: .milliseconds(100)), .float("size", in: 0...1, flags: .clamp),
        .trigger("go"),
    ])

/// A show of two layers of type "fixture".
func openShow(_ options: ShowOptions = ShowOptions()) throws(RelumeError) -> Show {
    try Show(Schema(types: [fixture], layers: ["wash": "fixture", "spot": "fixture"]), options: options)
}

/// A show without threads, whose time is the test's.
func openStill(_ options: ShowOptions = ShowOptions()) throws(RelumeError) -> Show {
    var options = options
    options.noThreads = true
    return try openShow(options)
}

/// The error that `body` throws.
func failure(sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void) throws -> RelumeError {
    let error: RelumeError? = try thrown(body)
    return try #require(error, sourceLocation: sourceLocation)
}

/// The bare code that `body` throws; `nil` when it throws nothing.
func code(_ body: () throws -> Void) throws -> RelumeError.Code? { try thrown(body) }

/// The rejection that `body` throws; `nil` when it throws nothing.
func rejection(_ body: () throws -> Void) throws -> BatchRejected? { try thrown(body) }

private func thrown<E: Error>(_ body: () throws -> Void) throws -> E? {
    do {
        try body()
        return nil
    } catch let error as E {
        return error
    }
}

/// Runs `body` in a thread of its own. The queues of the system have no more threads than the machine has processors, and tests
/// that wait hold some of them.
func inThread(of group: DispatchGroup, _ body: @escaping @Sendable () -> Void) {
    group.enter()
    Thread.detachNewThread {
        body()
        group.leave()
    }
}
