// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
    .treatWarning("ExplicitSendable", as: .error),
]

/// The migrations, equal in both dialects: a missing twin stops the build.
let migrations = [
    "0001_create_inventory",
    "0002_create_run",
]

func migrationTarget(_ name: String, path: String) -> Target {
    .target(
        name: name,
        path: path,
        resources: (migrations.flatMap { ["\($0).up.sql", "\($0).down.sql"] } + ["adopt_pybatchintory.sql"])
            .map { .embedInCode($0) },
        swiftSettings: strict
    )
}

let package = Package(
    name: "tranche",
    targets: [
        .target(name: "Tranche", swiftSettings: strict),
        .target(name: "TrancheTestKit", dependencies: ["Tranche"], swiftSettings: strict),
    ]
)
