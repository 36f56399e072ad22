import FoundationEssentials
import Tranche
import TrancheChains
import TrancheConnectors

/// The options that say whose batches are asked for, and of which size.
struct JobOptions: Sendable {
    let arguments: Arguments
    /// Where the items are listed.
    var source: SourceOptions
    /// The request for batches.
    var request: BatchRequest
    /// The parts of the policy that were given.
    let policy: PolicyOptions
    /// What may be held at once.
    let limits: LimitOptions
    /// Whether batches have the usual count, as nothing was said about their size.
    var hasUsualCount: Bool
    /// The size that the newest batch of the job was asked for, where batches have that one.
    var knownSize: KnownSize?
    /// What the inventory knows of the run, or of another one of the job, once that was looked up.
    var record: RunRecord?

    static func run(isRequired: Bool) -> CommandDescription.OptionGroup {
        .init(
            title: "The run",
            options: [
                .init(
                    "run",
                    "RUN",
                    "name of a bounded run" + (isRequired ? "" : " (default: the open-ended run)"),
                    isRequired: isRequired,
                    brief: "name of the run; the same name continues it"
                ),
                .init(
                    "from",
                    RunEnds.placeholder,
                    "lowest id of the run, or with --time-column its first time, such as "
                        + "2026-01-31 or 2026-01-31T08:00" + (isRequired ? "" : "; needs --run"),
                    isUsual: isRequired,
                    brief: "lowest id of the run, or its first time"
                ),
                .init(
                    "to",
                    RunEnds.placeholder,
                    "highest id of the run, or the time at which it ends, which is not part of it"
                        + (isRequired ? "" : "; needs --run"),
                    isUsual: isRequired,
                    brief: "highest id, or the time at which the run ends"
                ),
                SourceOptions.rootIDsOption,
            ]
        )
    }

    /// Most items of a batch where no weight, count or time is given: a table would be one batch.
    static let usualCount = 1000

    static let limits = CommandDescription.OptionGroup(
        title: "The batch",
        options: [
            .init(
                "weight",
                "WEIGHT",
                "maximum weight per batch, such as 250 or 64MiB",
                isUsual: true
            ),
            .init(
                "count",
                "N|none",
                "maximum number of items per batch. Without a limit the job continues with that of "
                    + "its newest batch; a new job has \(usualCount) items per batch",
                isUsual: true,
                brief: "maximum items per batch (of a new job: \(usualCount))"
            ),
            .init(
                "target-time",
                "TIME",
                "how long a batch should take; replaces --weight, which then follows "
                    + "from the latest batches"
            ),
            .init(
                "least-weight",
                "WEIGHT",
                "with --target-time: minimum weight, also of the first batch (default: 1)"
            ),
            .init("most-weight", "WEIGHT", "with --target-time: maximum weight per batch"),
            .init("min-weight", "WEIGHT", "minimum weight; smaller batches wait for --linger"),
            .init("linger", "TIME", "how long an undersized batch waits for more items"),
            .init("job-identifier", "TEXT", "your own label for the work, stored with the batch"),
            .init(
                "worker",
                "NAME",
                "worker name recorded with each batch (TRANCHE_WORKER; default: host and "
                    + "process)"
            ),
        ]
    )

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        source = try SourceOptions(arguments)
        policy = try PolicyOptions(arguments)
        limits = try LimitOptions(arguments)
        hasUsualCount = Self.saysNothing(of: arguments)
        let run = arguments.text("run") ?? ""
        let ends = try RunEnds(arguments)
        let ids = ends.ids
        if run.isEmpty, !ids.isOpen || !ends.fields.isEmpty {
            throw UsageError("--from and --to need --run: the run without a name is open-ended")
        }
        if let lower = ids.lower, let upper = ids.upper, lower > upper {
            throw UsageError("--from \(lower) is above --to \(upper); swap them")
        }
        var request = BatchRequest(
            job: try arguments.required("job"),
            run: run,
            ids: ids,
            limit: BatchLimit(
                weight: try arguments.value("weight", parseWeight),
                count: try Self.count(arguments)
            ),
            minWeight: try arguments.value("min-weight", parseWeight),
            linger: try arguments.value("linger", parseDuration) ?? .zero,
            policy: policy.applied(to: RunPolicy()),
            jobIdentifier: arguments.text("job-identifier"),
            token: arguments.text("request"),
            rootIDs: source.rootIDs
        )
        request.targetTime = try Self.targetTime(arguments)
        if let least = request.minWeight, let most = request.limit.weight, least > most {
            throw UsageError(
                "--min-weight \(least.plain) is above --weight \(most.plain): no batch has both; "
                    + "give a --min-weight of at most --weight"
            )
        }
        request.limits = limits.ofNewRun
        try request.validate()
        self.request = request
    }

    /// Whether nothing is said about how large a batch may be.
    private static func saysNothing(of arguments: Arguments) -> Bool {
        !["weight", "count", "target-time"].contains { arguments.has($0) }
    }

    /// The most items of a batch; `nil` for any number.
    private static func count(_ arguments: Arguments) throws -> Int? {
        if saysNothing(of: arguments) { return usualCount }
        if arguments.text("count") == "none" { return nil }
        return try arguments.value("count") { try parseCount($0) }
    }

    private static func targetTime(_ arguments: Arguments) throws -> TargetTime? {
        let least = try arguments.value("least-weight", parseWeight)
        let most = try arguments.value("most-weight", parseWeight)
        guard let time = try arguments.value("target-time", parseDuration) else {
            guard least == nil, most == nil else {
                throw UsageError("--least-weight and --most-weight go with --target-time")
            }
            return nil
        }
        guard !arguments.has("weight"), !arguments.has("min-weight") else {
            throw UsageError("--target-time finds the weight: give no --weight and no --min-weight")
        }
        let target = TargetTime(
            time,
            least: least ?? min(1, most ?? 1),
            most: most ?? .greatestFiniteMagnitude
        )
        guard time > .zero, target.least <= target.most else {
            throw UsageError(
                "--target-time is above 0, and --least-weight not above --most-weight; "
                    + (time > .zero ? "swap the weights" : "give a time such as 30s")
            )
        }
        return target
    }

    /// The ends of the run as they were given, each with its option.
    var givenEnds: [(option: String, text: String)] {
        ["from", "to"].compactMap { option in
            arguments.text(option).map { (option: option, text: $0) }
        }
    }

    /// The name given with `--worker`.
    var worker: String? { arguments.text("worker") }

    /// The key of the run.
    ///
    /// - Parameter inventory: Where it may be known under an earlier spelling.
    /// - Returns: The key.
    /// - Throws: `TrancheError` of the store.
    func key(in inventory: Inventory) async throws -> RunKey {
        guard let spec = source.spec else { throw UsageError("--meta is missing") }
        let meta = try await Connectors.ofProgram.knownName(of: spec, in: inventory)
        return RunKey(metaTable: meta, job: request.job, run: request.run)
    }

    /// The source; a table is in the database that the settings name.
    func source(_ settings: Settings) throws -> any MetaSourceDescription {
        try source.source(settings)
    }

    /// Whether the limits that were given are bytes, such as 64MiB.
    var saysBytes: Bool {
        ["weight", "min-weight", "least-weight", "most-weight"].contains { name in
            arguments.text(name)?.lowercased().hasSuffix("b") == true
        }
    }

    /// Opens the source; where a job or a file was named in its place, that is said, and where the
    /// items of a known job were that are not there.
    ///
    /// - Parameters:
    ///   - source: What the source is.
    ///   - inventory: The inventory.
    ///   - context: The settings.
    ///   - waits: Whether a server that is away is waited for, as later by each request.
    /// - Returns: The open source.
    /// - Throws: As `Inventory.source(_:)`.
    func open(
        _ source: any MetaSourceDescription,
        in inventory: Inventory,
        _ context: Context,
        waiting waits: Bool = false
    ) async throws -> any MetaSource {
        do {
            return try await inventory.retrying(within: waits ? nil : .zero) { _ in
                try await inventory.source(source)
            }
        } catch let error as TrancheError {
            guard error.code == .invalidSource, let name = arguments.text("meta"),
                !name.contains(":"), error.message.contains("there is no table or view"),
                let meant = try await otherPlace(named: name, in: inventory)
            else { throw try await naming(error, in: inventory, context) }
            throw TrancheError(
                error.code,
                "\(error.message), but a \(meant.noun) of that name: did you mean --meta "
                    + "\(RunKey.quoted(meant.place))?",
                field: error.field,
                underlying: error.underlying
            )
        }
    }

    /// What else than a table has a name: a job, or a file.
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - inventory: The inventory of the jobs.
    /// - Returns: What it is, and what `--meta` calls it; `nil` where nothing has the name.
    /// - Throws: `TrancheError` of the store.
    private func otherPlace(
        named name: String,
        in inventory: Inventory
    ) async throws -> (noun: String, place: String)? {
        if try await !inventory.runs(RunSelection(job: name)).isEmpty {
            return ("job", "inventory:\(name)")
        }
        guard FileManager.default.fileExists(atPath: name) else { return nil }
        return ("file", "\(NamedFile.Format(ending: name)?.rawValue ?? "csv"):\(name)")
    }

    /// The fields that name a column.
    private static let columnFields: Set = [
        "uid", "item", "weight_column", "settle_column", "key", "time_column", "columns",
    ]

    /// Has a source opened and looked at; a column that it has not is wrong usage where the command
    /// line names it, or the job has not begun: of work, an exit status of 1 is that of failed
    /// batches.
    ///
    /// - Parameter look: Opens the source, and looks at it.
    /// - Returns: The open source.
    /// - Throws: What `look` throws; `TrancheError` `.invalidArgument` in place of `.invalidSource`
    ///   for such a column.
    func blamingOptions(
        _ look: () async throws -> any MetaSource
    ) async throws -> any MetaSource {
        do {
            return try await look()
        } catch let error as TrancheError {
            guard error.code == .invalidSource, let field = error.field?.first,
                Self.columnFields.contains(field),
                record == nil || source.fields[field] != nil || field == "columns"
            else { throw error }
            throw TrancheError(
                .invalidArgument,
                error.message,
                field: error.field,
                underlying: error.underlying
            )
        }
    }

    /// The error of a source, with where the items of a known job were, if that is elsewhere.
    ///
    /// - Parameters:
    ///   - error: What is wrong.
    ///   - source: The open source; `nil` (the default) where it is what cannot be opened.
    ///   - inventory: The inventory.
    ///   - context: The settings.
    /// - Returns: The error.
    /// - Throws: `TrancheError` of the store.
    func naming(
        _ error: TrancheError,
        _ source: (any MetaSource)? = nil,
        in inventory: Inventory,
        _ context: Context
    ) async throws -> TrancheError {
        guard error.category == .permanent, let record,
            let known = record.source?.database, source?.definition.database != known,
            // An inventory is known by its database and its table.
            try await !inventory.store.identity().hasPrefix("\(known)#")
        else { return error }
        return try await context.naming(error, databaseOf: record, in: inventory)
    }

    /// Says where a known run's policy, or what limits it, is not what was asked for.
    func notePolicy(_ inventory: Inventory, _ context: Context) async throws {
        guard !policy.isEmpty || !limits.isEmpty else { return }
        let key = try await key(in: inventory)
        try await limits.note(for: key, inventory, context)
        let runs = try await inventory.summaries(RunSelection(key))
        guard let run = runs.first?.run else { return }
        let changes = policy.changes(of: run.policy)
        if changes.isEmpty { return }
        let words = changes.map { "\($0.part) \($0.known), not \($0.asked)" }
        try context.note(
            "\(key) keeps \(words.joined(separator: ", ")); 'tranche redefine' changes it"
        )
    }
}
