// swift-tools-version: 6.2
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

func product(_ name: String, of package: String) -> Target.Dependency {
    .product(name: name, package: package)
}

let nioCore = product("NIOCore", of: "swift-nio")
let nioPosix = product("NIOPosix", of: "swift-nio")
let nioHTTP1 = product("NIOHTTP1", of: "swift-nio")
let nioEmbedded = product("NIOEmbedded", of: "swift-nio")
let nioHTTPTypes = product("NIOHTTPTypes", of: "swift-nio-extras")
let logging = product("Logging", of: "swift-log")
let metrics = product("Metrics", of: "swift-metrics")
let crypto = product("Crypto", of: "swift-crypto")
let cryptoExtras = product("CryptoExtras", of: "swift-crypto")
let nioSSL = product("NIOSSL", of: "swift-nio-ssl")
let grdb = product("GRDB", of: "GRDB.swift")
let hummingbird = product("Hummingbird", of: "hummingbird")
let hummingbirdCore = product("HummingbirdCore", of: "hummingbird")
let httpTypes = product("HTTPTypes", of: "swift-http-types")
let serviceLifecycle = product("ServiceLifecycle", of: "swift-service-lifecycle")
let unixSignals = product("UnixSignals", of: "swift-service-lifecycle")
let argumentParser = product("ArgumentParser", of: "swift-argument-parser")
let yams = product("Yams", of: "Yams")
let asyncHTTPClient = product("AsyncHTTPClient", of: "async-http-client")

/// Whether `Tools/fuzz` builds: with the fuzz targets, which link a runtime that a plain build has not.
let isFuzzing = Context.environment["CASSETTE_FUZZ"] == "1"

/// The layers whose branches and comparisons guide the fuzzer: those that read bytes from outside.
///
/// The rest would only slow it down.
let guiding: Set = [
    "DICOMCore", "DICOMCoding", "DICOMPixels", "DICOMUpperLayer", "DIMSE", "ArchiveCatalog", "HTTPGateway",
    "Deidentification",
]

/// In fuzz targets the branches of our C code guide the fuzzer, too, and the address sanitizer watches over it.
let watched = ["-fsanitize=fuzzer-no-link,address"]
let watchedC: [CSetting] = isFuzzing ? [.unsafeFlags(watched)] : []
let watchedCXX: [CXXSetting] = isFuzzing ? [.unsafeFlags(watched), .define("CASSETTE_FUZZING")] : []

/// A library and its test target.
///
/// `uses` is everything that the library may import: of ours by name, of others by product. `keeping` names the folders
/// of golden files beside the tests.
func layer(
    _ name: String,
    uses: [Target.Dependency],
    testedWith: [Target.Dependency] = [],
    keeping goldenFolders: [String] = []
) -> [Target] {
    [
        .target(
            name: name,
            dependencies: uses,
            swiftSettings: isFuzzing && guiding.contains(name)
                ? strict + [.unsafeFlags(["-sanitize=fuzzer"])] : strict
        ),
        .testTarget(
            name: name + "Tests",
            dependencies: [.target(name: name)] + uses + testedWith,
            exclude: goldenFolders,
            swiftSettings: strict
        ),
    ]
}

/// The libFuzzer targets: one executable for each parser that reads bytes from outside.
func fuzzTargets() -> [Target] {
    guard isFuzzing else { return [] }
    let entry: [SwiftSetting] = strict + [.unsafeFlags(["-parse-as-library"])]
    let executables = fuzzed.map { name, properties in
        Target.executableTarget(
            name: name + "Fuzz",
            dependencies: ["FuzzDriver", .target(name: properties)],
            path: "Tests/Fuzz/\(name)Fuzz",
            swiftSettings: entry,
            // The default linker crashes on the runtime of libFuzzer. What has C code in it needs the address sanitizer.
            linkerSettings: [
                .unsafeFlags([
                    properties == "FuzzPixelProperties" ? "-sanitize=fuzzer,address" : "-sanitize=fuzzer",
                    "-use-ld=lld",
                ])
            ]
        )
    }
    let driver = Target.target(
        name: "FuzzDriver",
        dependencies: ["FuzzProperties", nioCore],
        path: "Tests/Fuzz/Driver",
        swiftSettings: strict
    )
    return [driver] + executables
}

/// The name of each fuzz target, and the library that says what must hold for its inputs.
let fuzzed: [(name: String, properties: String)] = [
    ("PDU", "FuzzProperties"), ("CommandSet", "FuzzProperties"), ("DataSet", "FuzzProperties"),
    ("Part10", "FuzzProperties"), ("Deflate", "FuzzProperties"), ("Edit", "FuzzProperties"),
    ("JSON", "FuzzProperties"), ("XML", "FuzzProperties"), ("Text", "FuzzProperties"), ("Value", "FuzzProperties"),
    ("Deidentification", "FuzzProperties"),
    ("Multipart", "FuzzGatewayProperties"), ("Request", "FuzzGatewayProperties"),
    ("Consent", "FuzzGatewayProperties"),
    ("RLE", "FuzzPixelProperties"), ("JPEG", "FuzzPixelProperties"), ("JPEGLS", "FuzzPixelProperties"),
    ("JPEG2000", "FuzzPixelProperties"), ("HTJ2K", "FuzzPixelProperties"),
]

let package = Package(
    name: "cassette",
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", exact: "2.37.6"),
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
        .package(url: "https://github.com/jpsim/Yams.git", exact: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CCharLS", pkgConfig: "charls", providers: [.apt(["libcharls-dev"])]),
        .target(
            name: "CJPEG",
            cSettings: watchedC,
            linkerSettings: ["jpeg", "gdcmjpeg8", "gdcmjpeg12", "gdcmjpeg16"].map { .linkedLibrary($0) }
        ),
        .systemLibrary(name: "COpenJPEGLibrary", pkgConfig: "libopenjp2", providers: [.apt(["libopenjp2-7-dev"])]),
        .target(name: "COpenJPEG", dependencies: ["COpenJPEGLibrary"], cSettings: watchedC),
        .target(name: "COpenJPH", cxxSettings: watchedCXX, linkerSettings: [.linkedLibrary("openjph")]),
        .target(name: "CPKCS11", linkerSettings: [.linkedLibrary("dl")]),
        .target(name: "CTesseract", linkerSettings: [.linkedLibrary("dl")]),
        .target(
            name: "CSealedSQLite",
            linkerSettings: [.linkedLibrary("sqlite3"), .linkedLibrary("crypto")]
        ),
        .testTarget(
            name: "CSealedSQLiteTests",
            dependencies: ["CSealedSQLite", grdb, product("GRDBSQLite", of: "GRDB.swift")],
            swiftSettings: strict
        ),
        .target(
            name: "TestKit",
            dependencies: ["Platform", nioCore, nioPosix, logging],
            path: "Tests/TestKit",
            swiftSettings: strict
        ),
        .target(
            name: "StoreTestKit",
            dependencies: ["PackStorage", nioCore, nioPosix, nioHTTP1, asyncHTTPClient],
            path: "Tests/StoreTestKit",
            swiftSettings: strict
        ),
        .testTarget(name: "TidyTests", swiftSettings: strict),
        .executableTarget(
            name: "CodecWorkerProbe",
            dependencies: ["CodecWorkers", "DICOMPixels", "DICOMCore", "Platform", nioCore, nioPosix, logging],
            path: "Tests/CodecWorkerProbe",
            swiftSettings: strict
        ),
        .target(name: "CSimulatedDisk", path: "Tests/CSimulatedDisk", linkerSettings: [.linkedLibrary("sqlite3")]),
        .testTarget(
            name: "CrashTests",
            dependencies: [
                "cassette", "ArchiveServices", "ArchiveCatalog", "CatalogSQLite", "PackStorage", "AccessControl",
                "DICOMCoding",
                "BlobStoreS3", "BlobStoreHTTP", "StoreTestKit",
                "DICOMCore", "Platform", "Sealing", "TestKit", "CSimulatedDisk", nioCore, nioPosix, logging, crypto,
            ],
            exclude: ["README.md"],
            swiftSettings: strict
        ),
    ]
        + layer("Platform", uses: ["CLinux", nioCore, nioPosix, logging], testedWith: ["TestKit"])
        + layer("PrometheusMetrics", uses: [nioCore, metrics])
        + layer("DICOMCore", uses: [nioCore])
        + layer("DICOMCoding", uses: ["DICOMCore", "CZlib", nioCore])
        + layer(
            "DICOMPixels",
            uses: ["DICOMCore", "CJPEG", "CCharLS", "COpenJPEG", "COpenJPH", "CTesseract", "CZlib", nioCore]
        )
        + layer(
            "CodecWorkers",
            uses: ["DICOMPixels", "DICOMCore", "Platform", "CLinux", nioCore, logging],
            testedWith: ["TestKit", "CodecWorkerProbe"]
        )
        + layer(
            "DICOMUpperLayer",
            uses: ["DICOMCore", "Platform", nioCore, nioPosix, logging],
            testedWith: ["TestKit", nioEmbedded]
        )
        + layer(
            "Sealing",
            uses: ["Platform", nioCore, crypto],
            testedWith: ["TestKit"],
            keeping: ["Vectors", "Golden"]
        )
        + layer("AccessControl", uses: ["DICOMCore", "Platform", nioCore, crypto])
        + layer("ArchiveCatalog", uses: ["DICOMCore", "Platform"])
        + layer(
            "DIMSE",
            uses: ["DICOMUpperLayer", "DICOMCoding", "DICOMCore", "Platform", nioCore, logging],
            testedWith: [nioPosix]
        )
        + layer(
            "Deidentification",
            uses: ["DICOMPixels", "DICOMCoding", "DICOMCore", nioCore, crypto]
        )
        + layer(
            "PackStorage",
            uses: ["Sealing", "Platform", nioCore, crypto, logging, metrics],
            testedWith: ["TestKit", "StoreTestKit"],
            keeping: ["Golden"]
        )
        + layer(
            "BlobStoreHTTP",
            uses: ["PackStorage", "Platform", nioCore, nioHTTP1, logging, asyncHTTPClient]
        )
        + layer(
            "BlobStoreS3",
            uses: ["BlobStoreHTTP", "PackStorage", "Platform", nioCore, nioHTTP1, crypto, logging],
            testedWith: ["StoreTestKit"]
        )
        + layer(
            "BlobStoreWebDAV",
            uses: ["BlobStoreHTTP", "PackStorage", "Platform", nioCore, nioHTTP1, logging],
            testedWith: ["StoreTestKit"]
        )
        + layer(
            "RootKeys",
            uses: [
                "BlobStoreS3", "Sealing", "Platform", "CPKCS11", nioCore, nioHTTP1, nioSSL, crypto, cryptoExtras,
                asyncHTTPClient,
            ],
            testedWith: ["TestKit", nioPosix]
        )
        + layer(
            "CatalogSQLite",
            uses: ["ArchiveCatalog", "CSealedSQLite", "DICOMCore", "Platform", grdb],
            testedWith: ["TestKit", nioPosix]
        )
        + layer(
            "ArchiveServices",
            uses: [
                "ArchiveCatalog", "PackStorage", "Sealing", "Deidentification", "DICOMPixels", "DICOMCoding",
                "DICOMCore",
                "AccessControl", "Platform", "CZlib", nioCore, crypto, logging, metrics,
            ],
            testedWith: ["TestKit", "StoreTestKit", "CatalogSQLite", nioPosix]
        )
        + layer(
            "DICOMGateway",
            uses: [
                "ArchiveServices", "ArchiveCatalog", "AccessControl", "DIMSE", "DICOMUpperLayer", "DICOMCore", nioCore,
                logging, metrics,
            ]
        )
        + layer(
            "HTTPGateway",
            uses: [
                "ArchiveServices", "ArchiveCatalog", "PackStorage", "AccessControl", "DICOMPixels", "DICOMCoding",
                "DICOMCore", "Platform", "Sealing",
                nioCore, nioHTTP1, nioHTTPTypes, logging, metrics, hummingbird, hummingbirdCore, httpTypes,
            ],
            testedWith: ["CatalogSQLite", nioPosix, nioEmbedded]
        )
        + [
            .executableTarget(
                name: "cassette",
                dependencies: [
                    "HTTPGateway", "DICOMGateway", "ArchiveServices", "CatalogSQLite", "ArchiveCatalog", "PackStorage",
                    "BlobStoreS3", "BlobStoreWebDAV", "BlobStoreHTTP",
                    "Sealing", "RootKeys", "AccessControl", "DIMSE", "DICOMUpperLayer", "Deidentification",
                    "CodecWorkers",
                    "DICOMPixels", "DICOMCoding", "DICOMCore", "Platform", "PrometheusMetrics", "CLinux",
                    nioCore, nioPosix, nioHTTP1, logging, metrics,
                    crypto, serviceLifecycle, unixSignals, argumentParser,
                    asyncHTTPClient, yams,
                ],
                swiftSettings: strict
            ),
            .executableTarget(
                name: "cassette-bench",
                dependencies: [
                    "Deidentification", "CodecWorkers", "DICOMPixels", "DICOMCoding", "DICOMCore", "Sealing",
                    "Platform", nioCore, nioPosix,
                    logging,
                    argumentParser,
                ],
                swiftSettings: strict
            ),
            .target(
                name: "FuzzProperties",
                dependencies: [
                    "DIMSE", "DICOMUpperLayer", "ArchiveCatalog", "Deidentification", "DICOMCoding", "DICOMCore",
                    nioCore,
                ],
                path: "Tests/Fuzz/Properties",
                swiftSettings: strict
            ),
            .target(
                name: "FuzzGatewayProperties",
                dependencies: [
                    "FuzzProperties", "HTTPGateway", "ArchiveServices", "ArchiveCatalog", "DICOMCoding", "DICOMCore",
                    nioCore, httpTypes,
                ],
                path: "Tests/Fuzz/GatewayProperties",
                swiftSettings: strict
            ),
            .target(
                name: "FuzzPixelProperties",
                dependencies: ["FuzzProperties", "DICOMPixels", "DICOMCore", nioCore],
                path: "Tests/Fuzz/PixelProperties",
                swiftSettings: strict
            ),
            .testTarget(
                name: "FuzzReplayTests",
                dependencies: ["FuzzProperties", "FuzzGatewayProperties", "FuzzPixelProperties", nioCore],
                path: "Tests/Fuzz/ReplayTests",
                swiftSettings: strict
            ),
        ]
        + fuzzTargets()
)
