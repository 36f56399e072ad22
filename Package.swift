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
    "0003_watch_gaps",
    "0004_number_completions",
    "0005_create_archive",
    "0006_identify_source",
    "0007_rename_cursor",
    "0008_keep_output",
    "0009_create_budget",
    "0010_cancel_runs",
    "0011_create_page",
    "0012_count_deferrals",
    "0013_find_stuck",
    "0014_create_workflow",
    "0015_add_target_weight",
    "0016_share_budget",
    "0017_create_probe",
    "0018_bound_budget",
    "0019_begin_batches",
    "0020_limit_keys",
    "0021_create_event",
    "0022_find_failed",
    "0023_create_pipeline",
    "0024_tally_runs",
    "0025_keep_note",
    "0026_let_through",
    "0027_keep_interval",
    "0028_number_uids",
    "0029_record_worker",
    "0030_keep_timeline",
]

/// The modules of the server's page, which a browser loads one by one.
let pageModules = [
    "api", "app", "app-state", "audit", "batch", "bignum", "boot", "budgets", "bulk", "changes",
    "coverage", "dialog", "dom", "events", "feed", "format", "graph", "graph-layout",
    "items", "jobs", "keys", "login", "look", "overview", "parts", "paths", "route", "run",
    "run-actions", "run-tabs", "store", "workflows",
]

/// The files of the server's page, embedded; `PageFile.all` says under which names they are served.
let pageFiles = ["index.html", "app.css", "icon.svg"] + pageModules.map { "\($0).js" }

let adoption = "adopt_pybatchintory.sql"

func migrationTarget(_ name: String, path: String) -> Target {
    .target(
        name: name,
        dependencies: ["TrancheSQL"],
        path: path,
        resources: (migrations.flatMap { ["\($0).up.sql", "\($0).down.sql"] } + [adoption])
            .map { .embedInCode($0) },
        swiftSettings: strict
    )
}

let examples = [
    "Incremental", "Backfill", "ManualErrorHandling", "SeveralWorkers", "ExactlyOnce", "Recursion",
    "LoadFile", "PostgreSQLInventory", "Workflow", "OwnInput", "Hours", "TextUIDs",
]

/// Without access to what is `package`: an example that needs more than users can have does not
/// compile.
func exampleTarget(_ name: String) -> Target {
    .executableTarget(
        name: name,
        dependencies: [
            "Tranche", "TrancheSQL", "TrancheSQLite", "TranchePostgreSQL", "TrancheChains",
            "TrancheConnectors", "TrancheWorkflows", "TrancheOrchestrator", "ExampleSupport",
        ],
        path: "examples/\(name)",
        packageAccess: false,
        swiftSettings: strict
    )
}

/// It shows that who uses SQLite alone links its library alone.
let sqliteExample = Target.executableTarget(
    name: "OwnConnector",
    dependencies: [
        "Tranche", "TrancheConnectors", "TrancheSQL", "TrancheSQLite", "ExampleSupport",
    ],
    path: "examples/OwnConnector",
    packageAccess: false,
    swiftSettings: strict
)

let package = Package(
    name: "tranche",
    products: [
        .executable(name: "tranche", targets: ["tranche"]),
        .library(name: "Tranche", targets: ["Tranche"]),
        .library(name: "TrancheConnectors", targets: ["TrancheConnectors"]),
        .library(name: "TrancheSQL", targets: ["TrancheSQL"]),
        .library(name: "TrancheSQLite", targets: ["TrancheSQLite"]),
        .library(name: "TranchePostgreSQL", targets: ["TranchePostgreSQL"]),
        .library(name: "TrancheChains", targets: ["TrancheChains"]),
        .library(name: "TrancheWorkflows", targets: ["TrancheWorkflows"]),
        .library(name: "TrancheOrchestrator", targets: ["TrancheOrchestrator"]),
        .library(name: "TrancheServer", targets: ["TrancheServer"]),
        .library(name: "TrancheMongo", targets: ["TrancheMongo"]),
        .library(name: "TrancheHTTP", targets: ["TrancheHTTP"]),
        .library(name: "MicroBatching", targets: ["MicroBatching"]),
        .library(name: "TrancheTestKit", targets: ["TrancheTestKit"]),
    ],
    targets: [
        .target(name: "MicroBatching", swiftSettings: strict),
        .target(name: "Tranche", dependencies: ["MicroBatching"], swiftSettings: strict),
        // What opens C libraries when they are needed, so that none of them is linked.
        .target(name: "CDriver", linkerSettings: [.linkedLibrary("dl")]),
        .target(
            name: "TrancheConnectors",
            dependencies: ["Tranche", "CDriver"],
            swiftSettings: strict
        ),
        .target(
            name: "TrancheSQL",
            dependencies: ["Tranche", "TrancheConnectors"],
            swiftSettings: strict
        ),
        .systemLibrary(name: "CPosix"),
        .systemLibrary(
            name: "CSQLite",
            pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"])]
        ),
        migrationTarget("TrancheSQLiteMigrations", path: "migrations/sqlite"),
        .target(
            name: "TrancheSQLite",
            dependencies: [
                "Tranche", "TrancheConnectors", "TrancheSQL", "TrancheSQLiteMigrations",
                "CSQLite", "CPosix",
            ],
            swiftSettings: strict
        ),
        .target(name: "CLibPQ", dependencies: ["CDriver"]),
        migrationTarget("TranchePostgreSQLMigrations", path: "migrations/postgresql"),
        .target(
            name: "TranchePostgreSQL",
            dependencies: [
                "Tranche", "TrancheConnectors", "TrancheSQL", "TranchePostgreSQLMigrations",
                "CLibPQ", "CPosix",
            ],
            swiftSettings: strict
        ),
        .systemLibrary(name: "CByteScan"),
        .systemLibrary(name: "CCodecs"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(
            name: "CPCRE2",
            pkgConfig: "libpcre2-8",
            providers: [.apt(["libpcre2-dev"])]
        ),
        .target(
            name: "TrancheChains",
            dependencies: [
                "Tranche", "TrancheConnectors", "TrancheSQL", "CByteScan", "CCodecs", "CPCRE2",
                "CZlib", "CPosix",
            ],
            swiftSettings: strict
        ),
        .target(
            name: "TrancheWorkflows",
            dependencies: ["Tranche", "TrancheConnectors", "TrancheChains"],
            swiftSettings: strict
        ),
        .target(name: "CYAML", dependencies: ["CDriver"]),
        .target(
            name: "TrancheOrchestrator",
            dependencies: [
                "Tranche", "TrancheConnectors", "TrancheSQL", "TranchePostgreSQL", "TrancheChains",
                "TrancheWorkflows", "TrancheHTTP", "CYAML", "CPosix",
            ],
            swiftSettings: strict
        ),
        .target(name: "CLibMongoC", dependencies: ["CDriver"]),
        .target(
            name: "TrancheMongo",
            dependencies: ["Tranche", "TrancheConnectors", "CLibMongoC"],
            swiftSettings: strict
        ),
        .target(name: "CLibCurl", dependencies: ["CDriver"]),
        .target(name: "CLibCrypto", dependencies: ["CDriver"]),
        .target(
            name: "TrancheHTTP",
            dependencies: [
                "Tranche", "TrancheConnectors", "TrancheSQL", "TrancheChains", "CLibCurl",
                "CLibCrypto",
            ],
            swiftSettings: strict
        ),
        .target(name: "CMicrohttpd", dependencies: ["CDriver"]),
        .target(
            name: "TrancheServer",
            dependencies: [
                "Tranche", "TrancheConnectors", "TrancheSQL", "TrancheWorkflows",
                "TrancheOrchestrator", "TrancheHTTP", "CMicrohttpd",
            ],
            resources: pageFiles.map { .embedInCode("Page/\($0)") },
            swiftSettings: strict
        ),
        .executableTarget(
            name: "tranche-bench",
            dependencies: [
                "Tranche", "TrancheConnectors", "TrancheSQL", "TrancheSQLite", "TranchePostgreSQL",
                "TrancheChains", "TrancheOrchestrator", "TrancheMongo", "TrancheHTTP",
                "TrancheServer", "MicroBatching", "CPosix",
            ],
            path: "Benchmarks/Sources",
            swiftSettings: strict
        ),
        .target(
            name: "TrancheCLI",
            dependencies: [
                "Tranche", "TrancheConnectors", "TrancheSQL", "TrancheSQLite", "TranchePostgreSQL",
                "TrancheChains", "TrancheWorkflows", "TrancheOrchestrator",
                "TrancheMongo", "TrancheHTTP", "TrancheServer", "CPosix",
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "tranche",
            dependencies: ["TrancheCLI", "CPosix"],
            swiftSettings: strict
        ),
        .target(name: "TrancheTestKit", dependencies: ["Tranche"], swiftSettings: strict),
        .testTarget(
            name: "MicroBatchingTests",
            dependencies: ["MicroBatching", "TrancheTestKit"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TrancheTests",
            dependencies: ["Tranche", "TrancheTestKit"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TrancheTestKitTests",
            dependencies: ["Tranche", "TrancheTestKit"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TrancheConnectorsTests",
            dependencies: [
                "Tranche", "TrancheConnectors", "TrancheSQL", "TrancheSQLite", "TranchePostgreSQL",
                "TrancheChains", "TrancheMongo", "TrancheHTTP", "TrancheTestKit",
            ],
            swiftSettings: strict
        ),
        // What a user writes compiles with the settings of a new package.
        .target(name: "PlainSettings", dependencies: ["Tranche"], path: "Tests/PlainSettings"),
        .testTarget(
            name: "TrancheChainsTests",
            dependencies: [
                "Tranche", "TrancheSQL", "TrancheSQLite", "TranchePostgreSQL", "TrancheChains",
                "TrancheTestKit", "TestSupport", "PlainSettings", "CPosix", "CZlib",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TrancheWorkflowsTests",
            dependencies: [
                "Tranche", "TrancheConnectors", "TrancheSQL", "TrancheSQLite",
                "TranchePostgreSQL", "TrancheChains", "TrancheWorkflows", "TrancheTestKit",
                "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TrancheOrchestratorTests",
            dependencies: [
                "Tranche", "TrancheConnectors", "TrancheSQL", "TrancheSQLite",
                "TranchePostgreSQL", "TrancheChains", "TrancheWorkflows", "TrancheOrchestrator",
                "TrancheHTTP", "TrancheTestKit", "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TrancheServerTests",
            dependencies: [
                "Tranche", "TrancheConnectors", "TrancheSQL", "TrancheSQLite",
                "TranchePostgreSQL", "TrancheOrchestrator", "TrancheHTTP", "TrancheServer",
                "TrancheTestKit", "TrancheWorkflows", "TestSupport",
            ],
            exclude: ["check_answers.py", "drive_client.py"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TrancheMongoTests",
            dependencies: [
                "Tranche", "TrancheSQLite", "TrancheChains", "TrancheMongo", "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TrancheHTTPTests",
            dependencies: [
                "Tranche", "TrancheSQL", "TrancheSQLite", "TrancheChains", "TrancheHTTP",
                "TrancheWorkflows", "CLibCurl", "TrancheConnectors", "TrancheTestKit",
                "TestSupport",
            ],
            swiftSettings: strict
        ),
        .target(
            name: "TestSupport",
            dependencies: ["Tranche", "TrancheSQL", "TrancheSQLite", "TranchePostgreSQL"],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        .testTarget(
            name: "TrancheSQLTests",
            dependencies: ["Tranche", "TrancheSQL", "TrancheTestKit", "TestSupport"],
            exclude: ["Releases", "Snapshots"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TranchePostgreSQLTests",
            dependencies: [
                "Tranche", "TrancheSQL", "TranchePostgreSQL", "TrancheSQLite", "TrancheTestKit",
                "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TrancheSQLiteTests",
            dependencies: [
                "CSQLite", "Tranche", "TrancheSQL", "TrancheSQLite", "TrancheTestKit",
                "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ConformanceTests",
            dependencies: [
                "Tranche", "TrancheSQL", "TrancheSQLite", "TranchePostgreSQL", "TrancheTestKit",
                "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "CLITests",
            dependencies: [
                "Tranche", "TrancheConnectors", "TrancheSQL", "TranchePostgreSQL",
                "TrancheWorkflows", "TrancheOrchestrator", "TrancheCLI", "TrancheTestKit",
                "CSQLite", "TestSupport", "tranche",
            ],
            exclude: [
                "Snapshots", "complete.zsh", "look_at_page.py", "drive_page.py",
                "check_page_modules.js", "flood_server.py",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "FuzzTests",
            dependencies: [
                "Tranche", "TrancheConnectors", "TrancheSQL", "TrancheSQLite", "TranchePostgreSQL",
                "TrancheChains", "TrancheMongo", "TrancheHTTP", "TrancheCLI", "TrancheTestKit",
                "TestSupport",
            ],
            swiftSettings: strict
        ),
        // What the crash tests start and kill: on the public interface, but for a success that the
        // next acquire records.
        .executableTarget(
            name: "tranche-crash-worker",
            dependencies: ["Tranche", "TrancheSQL", "TrancheSQLite", "TranchePostgreSQL"],
            path: "Tests/CrashWorker",
            swiftSettings: strict
        ),
        .testTarget(
            name: "CrashTests",
            dependencies: [
                "Tranche", "TrancheSQL", "TrancheSQLite", "TranchePostgreSQL", "TrancheTestKit",
                "TestSupport", "CPosix", "tranche-crash-worker",
            ],
            swiftSettings: strict
        ),
        .target(
            name: "ExampleSupport",
            dependencies: ["CSQLite"],
            path: "examples/Support",
            swiftSettings: strict
        ),
        .testTarget(
            name: "ExampleTests",
            dependencies: ["TestSupport", "tranche", "OwnConnector"]
                + examples.map { .init(stringLiteral: $0) },
            swiftSettings: strict
        ),
        sqliteExample,
    ] + examples.map(exampleTarget)
)
