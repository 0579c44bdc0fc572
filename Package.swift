// swift-tools-version: 6.2
import Foundation
import PackageDescription

// This file is the architecture: what a layer may import is what it lists here, and the build refuses the rest
// (`--explicit-target-dependency-import-check error`).

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")

/// A library and its test target.
///
/// `uses` is everything that it may import: of ours by name, of others by product.
func layer(
    _ name: String,
    uses: [Target.Dependency],
    testedWith: [Target.Dependency] = [],
    linking: [LinkerSetting] = []
) -> [Target] {
    guard FileManager.default.fileExists(atPath: Context.packageDirectory + "/Sources/" + name) else { return [] }
    var targets = [Target.target(name: name, dependencies: uses, swiftSettings: strict, linkerSettings: linking)]
    if FileManager.default.fileExists(atPath: Context.packageDirectory + "/Tests/" + name + "Tests") {
        let folder = Context.packageDirectory + "/Tests/" + name + "Tests/"
        targets.append(
            .testTarget(
                name: name + "Tests",
                dependencies: [.target(name: name)] + uses + testedWith,
                exclude: ["Vectors", "Golden"].filter { FileManager.default.fileExists(atPath: folder + $0) },
                swiftSettings: strict
            )
        )
    }
    return targets
}

func existing(_ targets: [Target]) -> [Target] {
    targets.filter {
        FileManager.default.fileExists(
            atPath: Context.packageDirectory + "/" + ($0.path ?? ($0.type == .test ? "Tests/" : "Sources/") + $0.name)
        )
    }
}

let package = Package(
    name: "cassette",
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log.git", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics.git", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", exact: "4.5.2"),
        .package(url: "https://github.com/groue/GRDB.swift.git", exact: "7.10.0"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird.git",
            exact: "2.28.1",
            traits: []
        ),
        .package(url: "https://github.com/apple/swift-http-types.git", exact: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        .package(url: "https://github.com/swift-server/async-http-client.git", exact: "1.37.0"),
    ],
    targets: existing([
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(
            name: "CSealedSQLite",
            linkerSettings: [.linkedLibrary("sqlite3"), .linkedLibrary("crypto")]
        ),
        .target(
            name: "TestKit",
            dependencies: ["Platform", nioCore, nioPosix],
            path: "Tests/TestKit",
            swiftSettings: strict
        ),
        .testTarget(name: "TidyTests", swiftSettings: strict),
    ])
        + layer("Platform", uses: [nioCore, nioPosix, logging], testedWith: ["TestKit"])
        + layer("DICOMCore", uses: [nioCore])
        + layer("DICOMCoding", uses: ["DICOMCore", "CZlib", nioCore])
        + layer(
            "DICOMUpperLayer",
            uses: ["DICOMCore", "Platform", nioCore, nioPosix, logging],
            testedWith: [nioEmbedded]
        )
        + layer("Sealing", uses: ["Platform", nioCore, crypto, cryptoExtras], testedWith: ["TestKit"])
        + layer("AccessControl", uses: ["DICOMCore", "Platform", crypto])
        + layer("ArchiveCatalog", uses: ["DICOMCore", "Platform"])
        + layer("DIMSE", uses: ["DICOMUpperLayer", "DICOMCoding", "DICOMCore", "Platform", nioCore, logging], testedWith: [nioPosix])
        + layer("PackStorage", uses: ["Sealing", "Platform", nioCore, logging, metrics], testedWith: ["TestKit"])
        + layer(
            "CatalogSQLite",
            uses: ["ArchiveCatalog", "CSealedSQLite", "DICOMCore", "Platform", grdb, logging],
            testedWith: ["TestKit"]
        )
        + layer(
            "ArchiveServices",
            uses: [
                "ArchiveCatalog", "PackStorage", "Sealing", "DICOMCoding", "DICOMCore", "AccessControl", "Platform",
                nioCore, crypto, logging, metrics,
            ],
            testedWith: ["TestKit", "CatalogSQLite"]
        )
        + layer(
            "DICOMGateway",
            uses: [
                "ArchiveServices", "ArchiveCatalog", "AccessControl", "DIMSE", "DICOMUpperLayer", "DICOMCoding",
                "DICOMCore", "Platform", nioCore, logging,
            ]
        )
        + layer(
            "HTTPGateway",
            uses: [
                "ArchiveServices", "ArchiveCatalog", "AccessControl", "DICOMCoding", "DICOMCore", "Platform",
                nioCore, logging, hummingbird, httpTypes,
            ]
        )
        + existing([
            .executableTarget(
                name: "cassette",
                dependencies: [
                    "HTTPGateway", "DICOMGateway", "ArchiveServices", "CatalogSQLite", "ArchiveCatalog", "PackStorage",
                    "Sealing", "AccessControl", "DIMSE", "DICOMUpperLayer", "DICOMCoding", "DICOMCore", "Platform",
                    nioCore, nioPosix, logging, metrics, hummingbird, httpTypes, serviceLifecycle, argumentParser,
                    asyncHTTPClient,
                ],
                swiftSettings: strict
            )
        ])
)
