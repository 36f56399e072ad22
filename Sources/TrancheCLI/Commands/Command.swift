import FoundationEssentials
import Tranche
import TrancheConnectors
import TrancheHTTP
import TrancheOrchestrator

/// A subcommand: its arguments check themselves when it is made, before anything is opened.
protocol Command: Sendable {
    /// What it is and takes.
    static var description: CommandDescription { get }

    /// Whether it deals with SIGINT and SIGTERM itself; otherwise its task is cancelled.
    var handlesSignals: Bool { get }

    /// Reads its arguments.
    ///
    /// - Throws: ``UsageError`` or `TrancheError` `.invalidArgument`.
    init(_ arguments: Arguments) throws

    /// Does what it is for.
    func run(_ context: Context) async throws -> ProgramStatus
}

extension Command {
    var handlesSignals: Bool { false }
}

/// What a command works with.
struct Context: Sendable {
    var settings: Settings
    var environment: [String: String]
    var output: any Writer
    var errors: any Writer
    /// What standard error is written through; `nil` where that is the writer alone.
    var queue: QueuedWriter?
    /// What standard output is written through; `nil` where that is the writer alone.
    var results: QueuedWriter?
    /// Whether programs read the output.
    var isJSON: Bool
    var now: @Sendable () -> Date
    /// How long a look at all runs waits for each of their sources.
    var sourcePatience: Duration
    /// Stop signals as they arrive.
    var signals: @Sendable () -> AsyncStream<Int32>
    /// Asks the person at the terminal; `nil` if there is none.
    var ask: @Sendable (_ question: String) async -> String?

    /// How the output is coloured.
    var style: Style { Style(output, environment: environment) }

    /// The author of changes by hand: the user's name; `nil` where `TRANCHE_WORKER` gives another,
    /// and where there is none.
    var person: String? {
        if settings.worker != nil { return nil }
        return ["USER", "LOGNAME"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    }

    /// The context with the inventory that a pipeline's file names, where nothing else names one.
    func using(_ pipeline: Pipeline, in file: PipelineFile) throws -> Context {
        guard let place = pipeline.inventory else { return self }
        var context = self
        let origin = "'inventory' in \(file.path)"
        try context.settings.use(
            inventory: {
                do {
                    return try place.text(settings.credentials)
                } catch {
                    throw UsageError("\(origin): \(error)")
                }
            },
            from: origin
        )
        return context
    }

    /// Opens the inventory, lends it, and closes it.
    ///
    /// - Parameters:
    ///   - worker: The name under which batches are held.
    ///   - retryLimit: How long requests are repeated where the user says nothing.
    ///   - waits: Whether opening it is repeated for as long: what works on batches, or records
    ///     their ends, outlasts an outage, and what looks says at once that there is one.
    ///   - lineage: What tells elsewhere of the work; nothing by default.
    ///   - body: What uses the inventory.
    /// - Returns: What `body` returns.
    /// - Throws: ``UsageError``; as `Inventory.open`; what `body` throws.
    func withInventory<Result: Sendable>(
        worker: String? = nil,
        retryLimit: Duration? = nil,
        waiting waits: Bool = false,
        emitting lineage: Lineage? = nil,
        _ body: (Inventory) async throws -> Result
    ) async throws -> Result {
        var configuration = try settings.configuration(worker: worker, retryLimit: retryLimit)
        let location = try Connectors.ofProgram.inventory(settings.inventory, settings.connecting)
        configuration.sourcePatience = sourcePatience
        configuration.observers.append(OutageLines(context: self, place: location.name))
        guard let lineage else {
            return try await Inventory.with(
                location,
                configuration: configuration,
                waiting: waits ? configuration.retryLimit : .zero,
                body
            )
        }
        configuration.observers.append(lineage.observer)
        // What is made of an event takes longer than to hand out many batches at once.
        configuration.eventLimit = 20_000
        let asked = configuration
        return try await lineage.whileEmitting {
            try await Inventory.with(
                location,
                configuration: asked,
                waiting: waits ? asked.retryLimit : .zero
            ) { inventory in
                await lineage.identify(inventory)
                return try await body(inventory)
            }
        }
    }

    /// Writes a document for programs or text for people.
    func write(
        _ document: @autoclosure () throws -> some Encodable,
        orText text: () throws -> String
    ) throws {
        try output.write(self.text(of: document(), or: text))
    }

    /// A document for programs or text for people, as it is written.
    func text(
        of document: @autoclosure () throws -> some Encodable,
        or text: () throws -> String
    ) throws -> String {
        if isJSON { return try document().documentText() + "\n" }
        let text = try text()
        return text.isEmpty || text.hasSuffix("\n") ? text : text + "\n"
    }

    /// Asks for consent.
    ///
    /// - Parameter message: What would be done.
    /// - Returns: Whether it is wanted; `nil` where nobody can be asked.
    /// - Throws: `CancellationError`.
    func confirm(_ message: String) async throws -> Bool? {
        try Task.checkCancellation()
        let question = "tranche: \(HumanText.oneLine(redacted(message))). Go on? [y/N] "
        guard let answer = await ask(question) else {
            try Task.checkCancellation()
            return nil
        }
        return ["y", "yes"].contains(answer.trimmed().lowercased())
    }

    /// Says something beside the output; where nobody reads that any more, the command goes on in
    /// silence.
    ///
    /// - Parameters:
    ///   - message: The words.
    ///   - level: How much they matter, in a log.
    /// - Throws: ``WriteError``, but where nobody reads it any more.
    func note(_ message: String, _ level: LogLine.Level = .info) throws {
        do {
            guard let log = errors as? LogWriter else {
                return try errors.writeLine("tranche: \(HumanText.programLines(message))")
            }
            try log.write(LogLine(level, redacted(message), at: now()))
        } catch let error as WriteError where error.isUnread {
            // The exit status tells.
        }
    }
}
