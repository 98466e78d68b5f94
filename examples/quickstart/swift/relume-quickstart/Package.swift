// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "relume-quickstart-swift",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "Relume", path: "../../../../bindings/swift")],
    targets: [.executableTarget(name: "relume-quickstart-swift", dependencies: ["Relume"], path: ".")],
    swiftLanguageModes: [.v6]
)
