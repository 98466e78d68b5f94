// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "Relume",
    platforms: [.macOS(.v15)],
    products: [.library(name: "Relume", targets: ["Relume"])],
    targets: [
        // The installed headers and library, found by pkg-config.
        .systemLibrary(name: "CRelume", pkgConfig: "relume"),
        .target(name: "Relume", dependencies: ["CRelume"]),
        // What the binding is measured against: the same calls from C.
        .target(name: "CLoops", dependencies: ["CRelume"], path: "Bench/CLoops"),
        .executableTarget(
            name: "relume-swift-bench", dependencies: ["Relume", "CLoops"], path: "Bench/relume-swift-bench"),
        // A process that a test kills.
        .executableTarget(name: "relume-swift-victim", dependencies: ["Relume"], path: "Tests/relume-swift-victim"),
        .testTarget(name: "RelumeTests", dependencies: ["Relume", "CRelume", "relume-swift-victim"]),
    ],
    swiftLanguageModes: [.v6]
)
