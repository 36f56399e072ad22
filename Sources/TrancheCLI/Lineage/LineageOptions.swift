import Tranche
import TrancheHTTP
import TrancheOrchestrator

/// The options of the commands that tell a collector of OpenLineage what they work on.
struct LineageOptions: Sendable {
    private let place: String?
    private let namespace: String?

    static let options: [CommandDescription.Option] = [
        .init(
            "lineage",
            "URL|FILE",
            "receiver of the OpenLineage events of each attempt (OPENLINEAGE_URL; default: none)"
        ),
        .init(
            "lineage-namespace",
            "NAME",
            "namespace of the job in these events (OPENLINEAGE_NAMESPACE)"
        ),
    ]

    init(_ arguments: Arguments) throws {
        place = arguments.text("lineage")
        namespace = arguments.text("lineage-namespace")
        if let place, holdsPassword(place) {
            throw UsageError(
                "--lineage holds a password, which everyone on this machine could read; put the "
                    + "token into OPENLINEAGE_API_KEY, or name its file by OPENLINEAGE_API_KEY_FILE"
            )
        }
        if let namespace, namespace.isEmpty {
            throw UsageError("--lineage-namespace is empty; name the name space of jobs")
        }
    }

    /// Whether a flag says anything of it.
    var isAsked: Bool { place != nil || namespace != nil }

    /// What tells of the work: as the flag says, else the file of a pipeline, else the environment.
    ///
    /// - Parameters:
    ///   - context: Told, once, what goes wrong with it.
    ///   - grace: How long it may take at the end to send what is left.
    ///   - file: What a pipeline's file says.
    /// - Returns: What tells of it; `nil` where nobody asks for it, or `OPENLINEAGE_DISABLED` is
    ///   `true`.
    /// - Throws: ``UsageError``.
    func lineage(
        _ context: Context,
        grace: Grace,
        in file: PipelineLineage? = nil
    ) throws -> Lineage? {
        let environment = context.environment
        func variable(_ name: String) -> String? {
            environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        if variable("OPENLINEAGE_DISABLED")?.lowercased() == "true" { return nil }
        let destination = try destination(context, file, variable("OPENLINEAGE_URL"))
        guard let destination else {
            guard namespace == nil else {
                throw UsageError("--lineage-namespace goes with --lineage or OPENLINEAGE_URL")
            }
            return nil
        }
        var configuration = Lineage.Configuration(
            namespace: namespace ?? file?.namespace ?? variable("OPENLINEAGE_NAMESPACE")
                ?? Lineage.Configuration().namespace
        )
        configuration.version = Program.version
        // One of another form is another program's business.
        configuration.root =
            ["OPENLINEAGE_ROOT_PARENT_ID", "OPENLINEAGE_PARENT_ID"].lazy
            .compactMap { variable($0).flatMap { LineageParent($0) } }.first
        configuration.flushLimit = max(grace.length, .seconds(1))
        configuration.note = { words in
            // Nobody is left to tell when standard error is gone; the work goes on.
            try? context.note(words, .warning)
        }
        let asked = configuration
        return try Self.naming(place == nil ? "'lineage'" : "--lineage") {
            try Lineage(to: destination, asked)
        }
    }

    private func destination(
        _ context: Context,
        _ file: PipelineLineage?,
        _ url: String?
    ) throws -> LineageDestination? {
        let credentials = context.settings.credentials
        if let place {
            return try Self.naming("--lineage") { try LineageDestination(place, credentials) }
        }
        if let file {
            return try Self.naming("'lineage'") {
                try LineageDestination(try file.place.text(credentials), credentials)
            }
        }
        guard let url else { return nil }
        return try Self.naming("OPENLINEAGE_URL") {
            guard url.contains("://") else {
                throw TrancheError(
                    .invalidArgument,
                    "is no URL of http or https; a file goes with --lineage"
                )
            }
            return try LineageDestination(url, credentials)
        }
    }

    /// Says what is wrong by the name of what says it.
    private static func naming<Result>(_ name: String, _ body: () throws -> Result) throws -> Result
    {
        do {
            return try body()
        } catch let error as TrancheError where error.code == .invalidArgument {
            throw UsageError("\(name): \(error.message)")
        }
    }
}
