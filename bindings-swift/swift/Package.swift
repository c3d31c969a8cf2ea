// swift-tools-version:5.9

import PackageDescription

let package = Package(
    name: "Tertulia",
    platforms: [.iOS(.v16), .macOS(.v13)],
    products: [.library(name: "Tertulia", targets: ["Tertulia"])],
    targets: [
        // What UniFFI adds; docs/swift.md says how it gets here.
        .systemLibrary(name: "TertuliaNativeFFI"),
        .target(name: "TertuliaNative", dependencies: ["TertuliaNativeFFI"]),
        .target(
            name: "Tertulia",
            dependencies: ["TertuliaNative"],
            swiftSettings: [.enableExperimentalFeature("StrictConcurrency")]
        ),
        .executableTarget(name: "Quickstart", dependencies: ["Tertulia"]),
        .testTarget(name: "TertuliaTests", dependencies: ["Tertulia"]),
    ],
    swiftLanguageVersions: [.v5]
)
