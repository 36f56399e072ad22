import FoundationEssentials
import Tranche
import TrancheConnectors
import TrancheSQL

/// Makes, changes and removes the inventory's tables.
struct MigrateCommand: Command {
    static let description = CommandDescription(
        name: "migrate",
        summary: "Create, update or remove the tables of the inventory",
        isUsual: true,
        examples: ["tranche migrate up", "tranche migrate up --dry-run"],
        operands: [
            .init(
                name: "up|down|status",
                help:
                    "up applies migrations, down reverts the last or those after --to, status lists them",
                choices: ["up", "down", "status"]
            )
        ],
        groups: [
            .init(
                title: "Migrating",
                options: [
                    .init("to", "N", "target version; with down, 0 removes the inventory"),
                    .init("dry-run", nil, "print the SQL and change nothing"),
                    .init(
                        "yes",
                        nil,
                        "do not ask for confirmation: with up, to leave old workers behind; with "
                            + "down, to remove rows"
                    ),
                ]
            ),
            .init(
                title: "Adopting a table of pybatchintory (with up)",
                options: [
                    .init(
                        "bounded",
                        "JOB=20..80",
                        "bounds of the run that replaces the job",
                        isRepeatable: true
                    ),
                    .init(
                        "zone",
                        "ZONE",
                        "time zone of its times, such as Europe/Berlin (default: the server's)"
                    ),
                    .init(
                        "lease",
                        "TIME",
                        "when rows left running are offered again (default: 60s)"
                    ),
                ]
            ),
        ],
        notes: """
            down says how many records it removes, by job, and asks on a terminal; otherwise it
            needs --yes. --dry-run shows them and the SQL. 'tranche export' makes a copy first.
            up also asks if workers are running that are too old for the new tables, and down if
            workers are running that know what it reverts; 'migrate status' lists the workers
            that run.

            """
    )

    private enum Action { case up, down, status }

    private let action: Action
    private let version: Int?
    private let isDryRun: Bool
    private let isSure: Bool
    private let adoption: AdoptionOptions

    init(_ arguments: Arguments) throws {
        switch try arguments.operand(0, "up|down|status") {
        case "up": action = .up
        case "down": action = .down
        default: action = .status
        }
        version = try arguments.value("to") { try parseCount($0, from: 0) }
        isDryRun = arguments.has("dry-run")
        if action == .status, version != nil || isDryRun {
            throw UsageError(
                "'migrate status' changes nothing: --to and --dry-run go with up and down"
            )
        }
        isSure = arguments.has("yes")
        if isSure, action == .status {
            throw UsageError("'migrate status' asks nothing: --yes goes with up and down")
        }
        if action != .up, let extra = ["bounded", "zone", "lease"].first(where: arguments.has) {
            throw UsageError("--\(extra) goes with 'migrate up'")
        }
        var adoption = AdoptionOptions(zone: arguments.text("zone"))
        adoption.lease = try arguments.value("lease", parseDuration) ?? adoption.lease
        for text in arguments.texts("bounded") {
            guard let equals = text.lastIndex(of: "=") else {
                throw UsageError("--bounded '\(text)': give JOB=FROM..TO, such as load=20..80")
            }
            let job = String(text[..<equals])
            let bounds = String(text[text.index(after: equals)...])
            do {
                guard adoption.bounded.updateValue(try parseBounds(bounds), forKey: job) == nil
                else {
                    throw UsageError("--bounded names job '\(job)' twice")
                }
            } catch let error as ValueError {
                throw UsageError("--bounded '\(text)': \(error.message)")
            }
        }
        self.adoption = adoption
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let location = try context.settings.inventory
        let configuration = try context.settings.store
        let connector = try Connectors.ofProgram.sqlConnector(of: location)
        if action == .up, isDryRun, try connector.isMissingFile(location) {
            return try await withTemporaryFile { place in
                let migrator = try await connector.migrator(place, configuration, creates: true)
                return try await run(migrator, context)
            }
        }
        let migrator = try await connector.migrator(
            location,
            configuration,
            creates: action == .up && !isDryRun
        )
        return try await run(migrator, context)
    }

    private func run(_ migrator: any InventoryMigrator, _ context: Context) async throws
        -> ProgramStatus
    {
        do {
            switch action {
            case .up:
                guard let report = try await up(migrator, context) else {
                    await migrator.close()
                    return .failed
                }
                try MigrationText(report: report, verb: "applied", isDryRun: isDryRun).write(
                    context
                )
            case .down:
                guard let report = try await down(migrator, context) else {
                    await migrator.close()
                    return .failed
                }
                try MigrationText(report: report, verb: "reverted", isDryRun: isDryRun).write(
                    context
                )
            case .status:
                try MigrationText.write(
                    try await migrator.status(),
                    try await migrator.workers(),
                    context
                )
            }
        } catch {
            await migrator.close()
            throw error
        }
        await migrator.close()
        return .done
    }

    /// Applies; where workers are left behind it is asked first.
    ///
    /// - Returns: What was done; `nil` where it was not wanted.
    private func up(
        _ migrator: any InventoryMigrator,
        _ context: Context
    ) async throws -> MigrationReport? {
        if !isDryRun, !isSure {
            let pending = try await migrator.status().filter {
                $0.appliedAt == nil && $0.version <= version ?? .max
            }
            let left = try await migrator.workers().leftBehind(by: pending)
            if !left.isEmpty {
                let why = "older than the new tables permit"
                let question = MigrationText.words(for: left, why, in: migrator.name, context)
                guard let isWanted = try await context.confirm(question) else {
                    throw TrancheError(
                        .migrationRefused,
                        question + "; stop them and try again, or give --yes"
                    )
                }
                guard isWanted else {
                    try context.note("nothing was changed")
                    return nil
                }
            }
        }
        return try await migrator.up(to: version, adoption: adoption, isDryRun: isDryRun)
    }

    /// Reverts; what removes rows, or is at work, is asked for first.
    ///
    /// - Returns: What was done; `nil` where it was not wanted.
    private func down(
        _ migrator: any InventoryMigrator,
        _ context: Context
    ) async throws -> MigrationReport? {
        if !isDryRun, !isSure {
            let plan = try await migrator.down(to: version, isDryRun: true)
            var doubts = plan.losses.isEmpty ? [] : [plan.wordsOnReverting(migrator.name)]
            let left = try await workersUsingReverted(migrator)
            if !left.isEmpty {
                let why = "with what is to be reverted"
                doubts.append(MigrationText.words(for: left, why, in: migrator.name, context))
            }
            if !doubts.isEmpty {
                let question = doubts.joined(separator: "; ")
                guard let isWanted = try await context.confirm(question) else {
                    throw refusal(question, removesRows: !plan.losses.isEmpty)
                }
                guard isWanted else {
                    try context.note("nothing was changed")
                    return nil
                }
                return try await migrator.down(
                    to: version,
                    isDryRun: false,
                    removesRows: !plan.losses.isEmpty
                )
            }
        }
        return try await migrator.down(to: version, isDryRun: isDryRun, removesRows: isSure)
    }

    /// Who is at work with what is to be reverted.
    private func workersUsingReverted(
        _ migrator: any InventoryMigrator
    ) async throws -> [WorkerStatus] {
        let applied = try await migrator.status().filter { $0.appliedAt != nil }
        let target = version ?? (applied.map(\.version).max() ?? 0) - 1
        return try await migrator.workers().using(applied.filter { $0.version > target })
    }

    private func refusal(_ question: String, removesRows: Bool) -> any Error {
        guard removesRows else {
            let advice = "; stop them and try again, or give --yes"
            return TrancheError(.migrationRefused, question + advice)
        }
        return UsageError(
            question + ": say so with --yes, or look with --dry-run; 'tranche export' "
                + "keeps a copy before"
        )
    }

    /// Lends a place where a file may be made to say what would be done, and removes it.
    private func withTemporaryFile(
        _ body: (DatabaseSpec) async throws -> ProgramStatus
    ) async throws -> ProgramStatus {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tranche-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // A dry run has made it for itself; what stays of it hinders nothing.
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "dry-run.db").path
        return try await body(DatabaseSpec(scheme: "sqlite", place: path))
    }
}
