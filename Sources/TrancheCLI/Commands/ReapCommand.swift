import FoundationEssentials
import Tranche
import TrancheConnectors
import TrancheOrchestrator

/// Removes containers that were left behind.
struct ReapCommand: Command {
    static let description = CommandDescription(
        name: "reap",
        summary: "Stop and remove containers that lost workers have left on this host",
        examples: ["tranche reap --dry-run", "tranche reap --pipeline pipeline.yaml --yes"],
        groups: [
            .init(
                title: "The engines",
                options: [
                    .init(
                        "engine",
                        "ADDRESS",
                        "container engine, as unix:///PATH or tcp://HOST:PORT (DOCKER_HOST; "
                            + "default: the first of podman's and docker's usual sockets)",
                        isRepeatable: true,
                        isUsual: true,
                        brief: "unix:///PATH or tcp://HOST:PORT (DOCKER_HOST)"
                    ),
                    .init(
                        "pipeline",
                        "FILE",
                        "the engines of the containers in FILE, and its inventory",
                        isRepeatable: true,
                        isUsual: true
                    ),
                ]
            ),
            .init(title: "Confirmation", options: Consent.options),
        ],
        notes: """
            A container of a pipeline is labelled with its inventory, batch and attempt. reap
            looks on this host's engine for those of the inventory whose attempt no longer holds
            the batch: its lease has ended, another attempt has followed, or the batch has ended
            or was cancelled. It stops those that still run, and removes them, but keeps one
            that failed for 7 days, for its logs. One that runs and whose lease alone has ended
            is spared for a minute, and as long as its worker is seen to live on this host: it
            may take the batch back. Containers whose attempt holds the batch, and those of
            other inventories and programs, are never touched.

            'tranche run' does this for the engines of its own containers, at its start and once
            a minute. reap is for hosts on which nothing runs any more. On a terminal it lists
            what it would remove and asks; otherwise it needs --yes.

            """
    )

    private let addresses: [ContainerAddress]
    private let files: [PipelineFile]
    private let consent: Consent

    init(_ arguments: Arguments) throws {
        addresses = try arguments.texts("engine").map { text in
            do {
                return try ContainerAddress(text)
            } catch {
                throw UsageError("--engine '\(text)': \(error)")
            }
        }
        files = arguments.texts("pipeline").map { PipelineFile(path: $0) }
        consent = try Consent(arguments)
    }

    /// A container that was found, and where.
    private struct Found: Sendable {
        let engine: ContainerEngine
        let container: LeftContainer
        /// Whether its worker may be about to take its batch back.
        let mayReturn: Bool

        /// Whether it is to go.
        var isDue: Bool { container.isDue && !mayReturn }
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let places = try places(context)
        var found = try await look(at: places)
        let due = found.filter(\.isDue)
        if due.isEmpty || consent.isDryRun {
            try show(found, removed: nil, context)
            return .done
        }
        guard try await isWanted(due, context) else { return .failed }
        let wanted = Set(due.map(\.container.id))
        if !consent.isSure {
            // A worker that was away may have its batch again by now.
            found = try await look(at: places)
        }
        var removed: Set<String> = []
        var failure: (any Error)?
        for one in found where one.isDue && wanted.contains(one.container.id) {
            do {
                try await one.engine.remove(one.container)
                removed.insert(one.container.id)
            } catch let error as CancellationError {
                throw error
            } catch {
                failure = failure ?? error
            }
        }
        try show(found, removed: removed, context)
        let late = found.filter { $0.isDue && !wanted.contains($0.container.id) }
        if !late.isEmpty {
            let words = HumanText.count(late.count, "container was", "containers were")
            try context.note("\(words) left behind meanwhile; 'tranche reap' again removes them")
        }
        if let failure { throw failure }
        return .done
    }

    /// An inventory, and the engines on which its containers are looked for.
    private struct Place {
        var context: Context
        var engines: [ContainerEngine]
    }

    /// The inventories and engines that are meant.
    private func places(_ context: Context) throws -> [Place] {
        let named = addresses.map { ContainerEngine($0) }
        if files.isEmpty {
            if !named.isEmpty { return [Place(context: context, engines: named)] }
            let usual = try ContainerAddress.find(environment: context.environment)
            return [Place(context: context, engines: [ContainerEngine(usual)])]
        }
        var places: [Place] = []
        for file in files {
            let pipeline = try PipelineFile.refusing { try file.checked(context) }
            var place = Place(context: try context.using(pipeline, in: file), engines: named)
            if named.isEmpty { place.engines = try engines(of: pipeline, in: file) }
            places.append(place)
        }
        return places
    }

    /// The engines of a pipeline's containers, each once.
    private func engines(
        of pipeline: Pipeline,
        in file: PipelineFile
    ) throws -> [ContainerEngine] {
        var engines: [ContainerEngine] = []
        for case let process as ContainerProcess in pipeline.processes {
            let engine = try process.engine()
            let isKnown = engines.contains { $0.address == engine.address }
            if !isKnown { engines.append(engine) }
        }
        guard !engines.isEmpty else {
            throw UsageError("\(file.path) has no process of type container")
        }
        return engines
    }

    private func look(at places: [Place]) async throws -> [Found] {
        var found: [Found] = []
        for place in places {
            let (engines, now) = (place.engines, place.context.now())
            found += try await place.context.withInventory { inventory in
                let mark = try await inventory.containerMark
                var found: [Found] = []
                for engine in engines {
                    var losses: [AttemptKey: AttemptLoss] = [:]
                    let left = try await engine.leftovers(of: mark, now: now) { attempts in
                        losses = try await inventory.losses(of: attempts)
                        return losses.mapValues(\.reason)
                    }
                    let returning = try await inventory.returning(among: losses)
                    found += left.map { container in
                        let mayReturn =
                            container.state == "running" && returning.contains(container.attempt)
                        return Found(engine: engine, container: container, mayReturn: mayReturn)
                    }
                }
                return found
            }
        }
        return found
    }

    private func isWanted(_ due: [Found], _ context: Context) async throws -> Bool {
        if consent.isSure { return true }
        for line in table(due, removed: nil, context).split(separator: "\n") {
            try context.note(String(line))
        }
        let words = HumanText.count(due.count, "container") + " would be stopped and removed"
        guard let isWanted = try await context.confirm(words) else {
            throw UsageError("\(words): say so with --yes, or look with --dry-run")
        }
        if !isWanted { try context.note("nothing was changed") }
        return isWanted
    }

    // MARK: - Showing

    private func show(
        _ found: [Found],
        removed: Set<String>?,
        _ context: Context
    ) throws {
        let document = ReapDocument(
            dryRun: consent.isDryRun,
            containers: found.map { one in
                ReapDocument.Container(
                    one.container,
                    on: one.engine.address,
                    action: action(one, removed).rawValue
                )
            }
        )
        try context.write(document) {
            found.isEmpty ? "" : table(found, removed: removed, context)
        }
        if found.isEmpty { try context.note("no container is left behind") }
    }

    /// What becomes of a container; nothing was removed yet where `removed` is `nil`.
    private func action(_ one: Found, _ removed: Set<String>?) -> ReapAction {
        let container = one.container
        if one.mayReturn { return .spared }
        return ReapAction(isDue: container.isDue, isRemoved: removed?.contains(container.id))
    }

    private func table(
        _ found: [Found],
        removed: Set<String>?,
        _ context: Context
    ) -> String {
        var table = Table([
            .text("CONTAINER"), .number("BATCH"), .number("ATTEMPT"), .text("WORKER"),
            .text("STATE"), .text("ACTION"), .text("WHY"),
        ])
        for one in found {
            let container = one.container
            let code = container.exitCode.map { " (\($0))" } ?? ""
            table.add([
                Table.Cell(container.name), Table.Cell(String(container.attempt.batch)),
                Table.Cell(String(container.attempt.attempt)), Table.Cell(container.worker),
                Table.Cell(container.state + code),
                Table.Cell(action(one, removed).words),
                Table.Cell(container.reason),
            ])
        }
        return table.text(context.style)
    }
}

/// What becomes of a container that was left behind.
enum ReapAction: String, CaseIterable, Sendable {
    case removed
    case wouldRemove = "would_remove"
    /// It failed less than 7 days ago, and has logs that somebody may want to read.
    case kept
    /// Its worker may be about to take its batch back.
    case spared
    /// The engine did not remove it, or nobody was asked about it.
    case notRemoved = "not_removed"

    /// Tells what becomes of a container.
    ///
    /// - Parameters:
    ///   - isDue: Whether it is to go.
    ///   - isRemoved: Whether it is gone; `nil` where nothing was removed yet.
    init(isDue: Bool, isRemoved: Bool?) {
        switch isRemoved {
        case true?: self = .removed
        case _ where !isDue: self = .kept
        case false?: self = .notRemoved
        case nil: self = .wouldRemove
        }
    }

    /// The action, for people.
    var words: String {
        switch self {
        case .removed: "removed"
        case .wouldRemove: "would remove"
        case .kept: "kept 7 days for its logs, as it failed"
        case .spared: "spared: its worker may go on"
        case .notRemoved: "not removed"
        }
    }
}

/// Containers that were left behind, as a document.
struct ReapDocument: Codable, Sendable {
    var dryRun: Bool
    var containers: [Container]

    enum CodingKeys: String, CodingKey {
        case dryRun = "dry_run"
        case containers
    }

    struct Container: Codable, Sendable {
        var engine: String
        var container: String
        var batch: Int64
        var attempt: Int
        var worker: String
        var state: String
        /// `null` unless it has ended.
        var exitCode: Int32?
        var reason: String
        var action: String

        enum CodingKeys: String, CodingKey {
            case engine, container, batch, attempt, worker, state
            case exitCode = "exit_code"
            case reason, action
        }

        init(_ left: LeftContainer, on address: ContainerAddress, action: String) {
            engine = "\(address)"
            container = left.name
            batch = left.attempt.batch
            attempt = left.attempt.attempt
            worker = left.worker
            state = left.state
            exitCode = left.exitCode
            reason = left.reason
            self.action = action
        }

        /// Writes every key.
        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(engine, forKey: .engine)
            try values.encode(container, forKey: .container)
            try values.encode(batch, forKey: .batch)
            try values.encode(attempt, forKey: .attempt)
            try values.encode(worker, forKey: .worker)
            try values.encode(state, forKey: .state)
            try values.encode(exitCode, forKey: .exitCode)
            try values.encode(reason, forKey: .reason)
            try values.encode(action, forKey: .action)
        }
    }
}
