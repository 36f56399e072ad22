import FoundationEssentials
import Glibc
import Tranche
import TrancheConnectors
import TrancheHTTP
import TrancheOrchestrator
import TrancheSQL
import TrancheServer

/// Serves the inventory over HTTP, with a page.
struct ServeCommand: Command {
    static let description = CommandDescription(
        name: "serve",
        summary: "Serve the inventory over HTTP: a page, REST, events and metrics",
        isUsual: true,
        examples: [
            "tranche serve --operate",
            "tranche serve --listen 0.0.0.0:7483 --tokens tokens --tls-cert c.pem --tls-key k.pem",
            "tranche serve --new-token anna --role operate",
        ],
        groups: [
            .init(
                title: "Where",
                options: [
                    .init(
                        "listen",
                        "ADDRESS",
                        "address and port; 127.0.0.1:7483 by default",
                        isUsual: true
                    ),
                    .init(
                        "base",
                        "PATH",
                        "what a proxy has before all paths, such as /tranche"
                    ),
                    .init(
                        "host",
                        "NAME",
                        "a host that requests may be for, as behind a proxy",
                        isRepeatable: true
                    ),
                    .init("tls-cert", "FILE", "the certificate of TLS, as PEM", isUsual: true),
                    .init("tls-key", "FILE", "its private key, as PEM", isUsual: true),
                    .init("insecure", nil, "without TLS, also where others can listen in"),
                ]
            ),
            .init(
                title: "Who",
                options: [
                    .init(
                        "tokens",
                        "FILE",
                        "who may do what: lines of NAME ROLE[,ROLE] SHA256 [JOB,JOB]",
                        isUsual: true
                    ),
                    .init("operate", nil, "without tokens: everybody may operate", isUsual: true),
                    .init(
                        "work",
                        nil,
                        "without tokens: everybody may acquire batches",
                        isUsual: true
                    ),
                    .init(
                        "new-token",
                        "NAME",
                        "print the line of a new token, and the token itself on standard error",
                        isUsual: true,
                        brief: "make a token, and serve nothing"
                    ),
                    .init(
                        "role",
                        "ROLE",
                        "with --new-token: look, work or operate; look by default",
                        isRepeatable: true,
                        choices: ServerRole.allCases.map(\.rawValue),
                        isUsual: true
                    ),
                    .init(
                        "job",
                        "JOB",
                        "with --new-token: this job alone",
                        isRepeatable: true
                    ),
                ]
            ),
            .init(
                title: "What",
                options: [
                    .init(
                        "pipeline",
                        "FILE",
                        "a pipeline's file: what callers may acquire are its jobs",
                        isUsual: true
                    ),
                    .init("name", "TEXT", "the inventory's name on the page"),
                    .init("colour", "#RRGGBB", "the page's colour"),
                ] + LineageOptions.options
            ),
            .init(
                title: "Whether all is well",
                options: [
                    .init(
                        "max-age",
                        "TIME",
                        "longest wait of the oldest item of a run, such as 1h (default: any)"
                    ),
                    .init(
                        "max-backlog",
                        "N",
                        "maximum number of waiting items of a run (default: any)"
                    ),
                    .init(
                        "max-failed",
                        "N",
                        "maximum number of batches of a run that failed for good or are "
                            + "quarantined (default: 0)"
                    ),
                ]
            ),
        ],
        notes: """
            The page is at the address itself, the description of all requests at
            /v1/openapi.json, metrics for Prometheus at /metrics, and whether the inventory can
            be reached at /readyz.

            Without --tokens it listens on this machine alone, and everybody may look. A token
            is printed once, on standard error; the file has its digest:

                tranche serve --new-token anna --role operate >> tokens

            Callers name jobs of --pipeline; they give no SQL, path, address or command. The
            server works on nothing by itself: 'tranche run' does. OpenLineage is told of the
            batches that they acquire.

            The page says that all is well as 'tranche status --check' does, by --max-age,
            --max-backlog and --max-failed.

            It ends at SIGTERM or SIGINT, after what it has in hand.

            """,
        brief: """
            The page is at the address itself, requests are described at /v1/openapi.json.
            Without --tokens it listens on this machine alone, and everybody may look.

            """
    )

    var handlesSignals: Bool { true }

    /// What is made in place of serving.
    private struct NewToken: Sendable {
        let name: String
        let roles: [ServerRole]
        let jobs: [String]
    }

    private let configuration: InventoryServer.Configuration
    private let hasName: Bool
    private let file: PipelineFile?
    private let newToken: NewToken?
    private let lineage: LineageOptions

    init(_ arguments: Arguments) throws {
        newToken = try Self.newToken(arguments)
        hasName = arguments.has("name")
        file = arguments.text("pipeline").map { PipelineFile(path: $0) }
        configuration = try Self.configuration(arguments)
        lineage = try LineageOptions(arguments)
        guard file != nil || !lineage.isAsked else {
            throw UsageError(
                "--lineage goes with --pipeline: what is told of are the batches of its jobs"
            )
        }
    }

    private static func newToken(_ arguments: Arguments) throws -> NewToken? {
        guard let name = arguments.text("new-token") else {
            for option in ["role", "job"] where arguments.has(option) {
                throw UsageError("--\(option) goes with --new-token")
            }
            return nil
        }
        let roles = try arguments.texts("role").map { text in
            guard let role = ServerRole(rawValue: text) else {
                throw UsageError("--role '\(text)' is none of look, work and operate")
            }
            return role
        }
        return NewToken(
            name: name,
            roles: roles.isEmpty ? [.look] : roles,
            jobs: arguments.texts("job")
        )
    }

    private static func configuration(_ arguments: Arguments) throws
        -> InventoryServer.Configuration
    {
        let address: ListenAddress
        do {
            address = try ListenAddress(arguments.text("listen") ?? "127.0.0.1:7483")
        } catch {
            throw UsageError("--listen: \(error)")
        }
        var configuration = InventoryServer.Configuration(address)
        configuration.base = arguments.text("base") ?? ""
        configuration.name = arguments.text("name") ?? configuration.name
        configuration.colour = arguments.text("colour")
        configuration.version = Program.version
        configuration.listening.hosts = arguments.texts("host")
        configuration.listening.isInsecure = arguments.has("insecure")
        configuration.tokens = try arguments.text("tokens").map {
            try AccessTokens(contentsOf: $0)
        }
        configuration.check = StatusCheck(
            mostAge: try arguments.value("max-age", parseDuration),
            mostBacklog: try arguments.value("max-backlog") { try parseCount($0, from: 0) },
            mostFailed: try arguments.value("max-failed") { try parseCount($0, from: 0) } ?? 0
        )
        if arguments.has("operate") { configuration.openRoles.insert(.operate) }
        if arguments.has("work") { configuration.openRoles.insert(.work) }
        guard configuration.tokens == nil || configuration.openRoles == [.look] else {
            throw UsageError("--operate and --work go without --tokens, which say who may what")
        }
        switch (arguments.text("tls-cert"), arguments.text("tls-key")) {
        case (let certificate?, let key?):
            configuration.listening.tls = .init(certificate: certificate, key: key)
        case (nil, nil): break
        default: throw UsageError("--tls-cert and --tls-key go together")
        }
        return configuration
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        if let newToken { return try make(newToken, context) }
        let served = try file.map { file in
            let pipeline = try PipelineFile.refusing { try file.checked(context) }
            return (file, pipeline)
        }
        let context = try served.map { try context.using($0.1, in: $0.0) } ?? context
        let lineage = try served.flatMap {
            try self.lineage.lineage(context, grace: .default, in: $0.1.lineage)
        }
        // No request waits for who reads standard error.
        context.queue?.writeLater()
        // Callers ask again by themselves; an answer that says so is worth more than a long wait.
        return try await context.withInventory(
            worker: context.person,
            retryLimit: .seconds(5),
            waiting: true,
            emitting: lineage
        ) { inventory in
            // Caught before anything is begun that a signal must not cut short; up to here one ends
            // the wait for a server that is away.
            let signals = context.signals()
            if let lineage {
                try context.note("lineage of the batches goes to '\(lineage.destination)'")
            }
            let server = try server(of: inventory, served?.1, context)
            return try await serve(server, signals, context)
        }
    }

    private func make(_ new: NewToken, _ context: Context) throws -> ProgramStatus {
        let (token, line) = try AccessTokens.make(name: new.name, roles: new.roles, jobs: new.jobs)
        let words = line.split(separator: " ").map(String.init)
        try context.write(TokenDocument(name: new.name, token: token, line: line)) {
            words.joined(separator: " ")
        }
        if !context.isJSON {
            try context.note("the token of \(new.name), which is shown this once: \(token)")
        }
        return .done
    }

    private func server(
        of inventory: Inventory,
        _ pipeline: Pipeline?,
        _ context: Context
    ) throws -> InventoryServer {
        var configuration = configuration
        if !hasName { configuration.name = redacted(inventory.name) }
        return InventoryServer(
            inventory,
            configuration: configuration,
            jobs: try ServedJobs(
                pipeline,
                connectors: .ofProgram,
                context: context.settings.connecting
            )
        ) { context.sourceFinder() }
    }

    private func serve(
        _ server: InventoryServer,
        _ signals: AsyncStream<Int32>,
        _ context: Context
    ) async throws -> ProgramStatus {
        let scheme = server.configuration.listening.tls == nil ? "http" : "https"
        let base = server.configuration.base
        return try await withThrowingTaskGroup(of: ProgramStatus.self) { group in
            group.addTask {
                try await server.run { address in
                    let url = "\(scheme)://\(address)\(base)/"
                    // Nobody is left to tell where the output is gone; it serves nevertheless.
                    try? context.write(ServeDocument(url: url)) { "serving \(url)" }
                }
                return .done
            }
            group.addTask {
                for await _ in signals { break }
                return .done
            }
            defer { group.cancelAll() }
            return try await group.next() ?? .done
        }
    }
}

/// Where a server listens, as a document.
struct ServeDocument: Codable, Sendable {
    var url: String
}

/// A new token, as a document.
struct TokenDocument: Codable, Sendable {
    var name: String
    var token: String
    var line: String
}
