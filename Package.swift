// swift-tools-version: 6.2
import PackageDescription

// The layers of ARCHITECTURE.md, one target each; Tests/TidyTests compares their names
// and every import.

let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

func layer(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
  name: "libperiodic",
  products: [
    .library(name: "Periodic", targets: ["PeriodicRuntime"]),
    .library(name: "periodic", type: .dynamic, targets: ["PeriodicC"]),
    .executable(name: "periodic-cli", targets: ["periodic"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
  ],
  targets: [
    .systemLibrary(name: "CUV", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"])]),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CJansson", pkgConfig: "jansson", providers: [.apt(["libjansson-dev"])]),
    .target(name: "CLLHTTP"),
    .target(name: "CChecksum"),
    .target(name: "CFork"),
    .target(name: "CPages"),
    .target(name: "CLog", dependencies: ["CSQLite"]),
    .target(
      name: "CPeriodic", path: ".", sources: ["Sources/CPeriodic"], publicHeadersPath: "include"),

    layer("PeriodicCore", ["CChecksum", "CPages"]),
    layer("PeriodicEngine", ["PeriodicCore", "CPages"]),
    layer("PeriodicWire", ["PeriodicCore", "CLLHTTP", "CJansson"]),
    layer("PeriodicStore", ["PeriodicCore"]),
    layer(
      "PeriodicStoreSQLite", ["PeriodicCore", "PeriodicStore", "CSQLite", "CFork", "CLog"]),
    layer("PeriodicServer", ["PeriodicCore", "PeriodicEngine", "PeriodicWire", "PeriodicStore"]),
    layer("PeriodicClient", ["PeriodicCore", "PeriodicWire"]),
    layer("PeriodicLoop", ["PeriodicCore", "CUV", "CFork"]),
    layer(
      "PeriodicRuntime",
      [
        "PeriodicCore", "PeriodicEngine", "PeriodicWire", "PeriodicStore", "PeriodicStoreSQLite",
        "PeriodicServer", "PeriodicClient", "PeriodicLoop",
      ]),
    layer(
      "PeriodicC",
      [
        "CPeriodic", "CFork", "PeriodicCore", "PeriodicStore", "PeriodicClient", "PeriodicLoop",
        "PeriodicRuntime",
      ]),
    .executableTarget(
      name: "periodic",
      dependencies: [
        "PeriodicRuntime", "PeriodicCore", "PeriodicLoop", "PeriodicClient", "PeriodicWire",
        "PeriodicStore", "PeriodicStoreSQLite",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),

    .target(
      name: "SimulationKit",
      dependencies: [
        "PeriodicCore", "PeriodicEngine", "PeriodicStore", "PeriodicServer", "PeriodicWire",
      ],
      path: "Tests/SimulationKit", swiftSettings: strict),
    .executableTarget(
      name: "simulate", dependencies: ["SimulationKit"], path: "Tests/simulate",
      swiftSettings: strict),

    .target(
      name: "FuzzKit",
      dependencies: ["PeriodicCore", "PeriodicWire", "PeriodicStore", "PeriodicServer"],
      path: "Tests/FuzzKit", swiftSettings: strict),
    .target(name: "CFuzzer", path: "Tests/CFuzzer"),
    .executableTarget(
      name: "fuzz", dependencies: ["FuzzKit", "CFuzzer"], path: "Tests/fuzz",
      swiftSettings: strict),

    .target(
      name: "StoreConformance", dependencies: ["PeriodicCore", "PeriodicStore"],
      path: "Tests/StoreConformance", swiftSettings: strict),
    .systemLibrary(name: "CEpoll", path: "Tests/CEpoll"),
    .executableTarget(
      name: "bench", dependencies: ["PeriodicCore", "PeriodicWire", "CEpoll"],
      path: "Tests/bench", swiftSettings: strict),
    .target(
      name: "CFaultVFS", path: "Tests/CFaultVFS", linkerSettings: [.linkedLibrary("sqlite3")]),
    .executableTarget(
      name: "storetool",
      dependencies: ["PeriodicCore", "PeriodicStore", "PeriodicStoreSQLite", "StoreConformance"],
      path: "Tests/storetool", swiftSettings: strict),

    tests("PeriodicCoreTests", ["PeriodicCore", "CPages"]),
    tests("PeriodicWireTests", ["PeriodicWire", "PeriodicCore"]),
    tests(
      "PeriodicClientTests", ["PeriodicClient", "PeriodicCore", "PeriodicWire", "PeriodicServer"]),
    tests("PeriodicLoopTests", ["PeriodicLoop", "PeriodicCore", "CUV"]),
    tests("PeriodicEngineTests", ["PeriodicCore", "PeriodicEngine", "PeriodicStore"]),
    tests(
      "ClientRuntimeTests",
      ["PeriodicRuntime", "PeriodicClient", "PeriodicLoop", "PeriodicCore", "PeriodicWire"]),
    tests(
      "ServerRuntimeTests",
      ["PeriodicRuntime", "PeriodicLoop", "PeriodicClient", "PeriodicCore", "PeriodicStore"]),
    tests(
      "PeriodicServerTests",
      ["PeriodicServer", "PeriodicCore", "PeriodicStore", "PeriodicWire", "SimulationKit"]),
    tests("SimulationTests", ["SimulationKit"]),
    tests("FuzzTests", ["FuzzKit", "PeriodicWire", "PeriodicCore"]),
    tests(
      "PeriodicStoreTests",
      [
        "PeriodicCore", "PeriodicStore", "PeriodicStoreSQLite", "StoreConformance", "CFaultVFS",
        "CSQLite", "storetool",
      ]),
    tests("TidyTests", []),
    tests(
      "PeriodicCommandTests",
      [
        "periodic", "PeriodicCore", "PeriodicLoop", "PeriodicRuntime", "PeriodicStore",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
