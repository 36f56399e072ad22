package import FoundationEssentials
import Synchronization
import Tranche

/// The program: finds the command, runs it, and turns errors into a line and an exit status.
package struct Program: Sendable {
    /// The version, as `tranche --version` prints it.
    package static let version = TrancheVersion.text

    static let commands: [any Command.Type] = [
        MigrateCommand.self, AcquireCommand.self, SucceedCommand.self, FailCommand.self,
        HeartbeatCommand.self, ReleaseCommand.self, WorkCommand.self, BackfillCommand.self,
        LoadCommand.self, RegisterCommand.self,
        PlanCommand.self, StatusCommand.self, MetricsCommand.self,
        ReportCommand.self, ServeCommand.self,
        BatchesCommand.self, GapsCommand.self,
        HistoryCommand.self, LogsCommand.self, AuditCommand.self, RetryCommand.self,
        SplitCommand.self,
        RedriveCommand.self, PauseCommand.self, ResumeCommand.self, CancelCommand.self,
        SetCommand.self,
        RestoreCommand.self, BudgetCommand.self, ProbeCommand.self, ChangesCommand.self,
        PageCommand.self,
        WorkflowCommand.self,
        RunCommand.self, ApplyCommand.self, PipelineCommand.self, CheckCommand.self,
        GraphCommand.self, SchemaCommand.self,
        InputCommand.self, ReapCommand.self,
        RedefineCommand.self,
        CompactCommand.self, ForgetCommand.self, ExportCommand.self, ImportCommand.self,
        CompletionsCommand.self, ManCommand.self,
    ]

    /// What commands are called elsewhere.
    private static let otherNames = [
        "delete": "forget", "remove": "forget", "rm": "forget", "drop": "forget",
        "reset": "forget", "list": "status", "ls": "status", "jobs": "status", "runs": "status",
        "log": "logs", "output": "logs", "process": "work", "exec": "work", "worker": "work",
        "import": "load", "copy": "load", "stop": "pause", "kill": "cancel", "abort": "cancel",
        "continue": "resume", "rerun": "retry", "replay": "redrive", "init": "migrate",
        "upgrade": "migrate", "dead": "batches", "show": "batches", "top": "status",
        "server": "serve", "web": "serve", "dashboard": "serve",
    ]

    private let environment: [String: String]
    private let output: any Writer
    private let errors: any Writer
    private let now: @Sendable () -> Date
    private let sourcePatience: Duration
    private let signals: @Sendable () -> AsyncStream<Int32>
    private let ask: @Sendable (String) async -> String?

    /// Makes the program; by default over this process's environment and files.
    ///
    /// - Parameters:
    ///   - environment: The environment's variables.
    ///   - output: Standard output.
    ///   - errors: Standard error.
    ///   - now: The time that relative times are seen from.
    ///   - sourcePatience: How long a look at all runs waits for each of their sources.
    ///   - signals: Stop signals as they arrive.
    ///   - ask: Asks the person at the terminal; `nil` if there is none.
    package init(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        output: any Writer = FileWriter(file: 1),
        errors: any Writer = FileWriter(file: 2),
        now: @escaping @Sendable () -> Date = { Date() },
        sourcePatience: Duration = .seconds(5),
        signals: @escaping @Sendable () -> AsyncStream<Int32> = { ProcessSignals.stream() },
        ask: @escaping @Sendable (String) async -> String? = { await Terminal.ask($0) }
    ) {
        self.environment = environment
        self.output = output
        self.errors = errors
        self.now = now
        self.sourcePatience = sourcePatience
        self.signals = signals
        self.ask = ask
    }

    /// Runs a command line.
    ///
    /// - Parameter arguments: The arguments without the program's name.
    /// - Returns: How to exit.
    @concurrent
    package func run(_ arguments: [String]) async -> ProgramStatus {
        var command: CommandDescription?
        do {
            return try await start(arguments, &command)
        } catch let error as WriteError where error.isUnread {
            return .failed
        } catch {
            let isJSON = arguments.prefix { $0 != "--" }.contains("--json")
            return tell(error, of: command, asJSON: isJSON)
        }
    }

    /// Tells of an error that ends the program: a line for people, or an object for programs.
    private func tell(
        _ error: any Error,
        of command: CommandDescription? = nil,
        asJSON isJSON: Bool
    ) -> ProgramStatus {
        let failure = Failure(error, of: command)
        let line = "tranche: \(failure.words)"
        // Nobody is left to tell when standard error is gone; the exit status remains.
        try? errors.writeLine(isJSON ? (try? failure.document.documentText()) ?? line : line)
        return failure.status
    }

    /// Runs a command line as the system gives it.
    ///
    /// What is not UTF-8 is refused: two such names would become one, and a program would be
    /// given another argument than was meant. So is none at all, not even the program's name: Swift
    /// 6.3 finds the arguments by `/proc/self/maps` alone, and to print help instead would hide it.
    ///
    /// - Parameter words: The arguments, the program's name among them.
    /// - Returns: How to exit.
    @concurrent
    package func run(words: [[UInt8]]) async -> ProgramStatus {
        guard !words.isEmpty else {
            return tell(
                UsageError("the arguments cannot be found, as /proc is not there; mount it first"),
                asJSON: false
            )
        }
        var arguments: [String] = []
        for (place, word) in words.enumerated().dropFirst() {
            guard let text = String(validating: word, as: UTF8.self) else {
                let shown = String(decoding: word.prefix(80), as: UTF8.self)
                let error = UsageError("argument \(place), '\(shown)', is not UTF-8")
                return tell(error, asJSON: words.contains(Array("--json".utf8)))
            }
            arguments.append(text)
        }
        return await run(arguments)
    }

    /// Starts a command, and says which it is as soon as that is known.
    private func start(
        _ arguments: [String],
        _ asked: inout CommandDescription?
    ) async throws -> ProgramStatus {
        let top = try ArgumentParser(Self.description, stopsAtOperand: true).parse(arguments)
        if top.has("version") {
            try output.writeLine("tranche \(Self.version)")
            return .done
        }
        guard let name = top.operands.first, !top.asksForHelp else {
            if top.asksForHelp || arguments.isEmpty {
                let commands = Self.commands.map { $0.description }
                try output.write(HelpText.program(commands, isWhole: top.has("help-all")))
                return .done
            }
            throw UsageError("name a command; see 'tranche --help'")
        }
        if name == "help" {
            let isWhole = top.operands.contains("--help-all")
            let words = top.operands.dropFirst().filter { !$0.hasPrefix("-") }.prefix(1)
            return try await start(words + [isWhole ? "--help-all" : "--help"], &asked)
        }
        guard let command = Self.commands.first(where: { $0.description.name == name }) else {
            let names = Self.commands.map { $0.description.name }
            let known = Self.otherNames[name].flatMap { names.contains($0) ? $0 : nil }
            let nearest = known ?? NearestName(names).to(name)
            let hint = nearest.map { "did you mean '\($0)'?" } ?? "see 'tranche --help'"
            throw UsageError("unknown command '\(name)'; \(hint)")
        }
        asked = command.description
        var parsed = try ArgumentParser(command.description).parse(Array(top.operands.dropFirst()))
        parsed.values.merge(top.values) { inner, _ in inner }
        if parsed.asksForHelp {
            let help = HelpText(command: command.description)
            try output.write(parsed.has("help-all") ? help.whole : help.short)
            return .done
        }
        return try await run(command, parsed)
    }

    private func run(_ type: any Command.Type, _ arguments: Arguments) async throws -> ProgramStatus
    {
        let command = try type.init(arguments)
        // What is wrong with them is said where all else is.
        let settings = Result { try Settings(arguments, environment: environment) }
        let worker = (try? settings.get())?.worker
        let given = try LogWriter(arguments, to: errors, worker: worker, now: now)
        let queue = QueuedWriter(errors) { [now] count in
            let words = "\(HumanText.count(count, "line")) left out: nobody read them"
            // A line that cannot be encoded is still one for people.
            let text = try? given?.text(of: LogLine(.warning, words, at: now()))
            return (text ?? "tranche: \(words)") + "\n"
        }
        guard var log = given else {
            return try await queue.finishing {
                try await run(command, arguments, settings, errors: queue, through: queue)
            }
        }
        log.base = queue
        do {
            return try await queue.finishing { [log] in
                try await run(command, arguments, settings, errors: log, through: queue)
            }
        } catch let error as WriteError where error.isUnread {
            throw error
        } catch {
            let words = error is CancellationError ? "interrupted" : redacted("\(error)")
            // Nobody is left to tell when standard error is gone; the exit status remains.
            try? log.write(LogLine(.error, words, at: now()))
            return ProgramStatus(error)
        }
    }

    private func run(
        _ command: any Command,
        _ arguments: Arguments,
        _ settings: Result<Settings, any Error>,
        errors: any Writer,
        through queue: QueuedWriter
    ) async throws -> ProgramStatus {
        let results = QueuedWriter(keepingAll: output)
        let context = Context(
            settings: try settings.get(),
            environment: environment,
            output: results,
            errors: errors,
            queue: queue,
            results: results,
            isJSON: arguments.has("json"),
            now: now,
            sourcePatience: sourcePatience,
            signals: signals,
            ask: ask
        )
        return try await results.finishing {
            if command.handlesSignals { return try await command.run(context) }
            return try await untilSignal { try await command.run(context) }
        }
    }

    /// Cancels `body` at the first signal.
    private func untilSignal(
        _ body: @escaping @Sendable () async throws -> ProgramStatus
    ) async throws -> ProgramStatus {
        // Caught before anything is done that a signal must not cut short.
        let signals = Signals(signals())
        return try await withThrowingTaskGroup(of: ProgramStatus?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                // The stream ends with this task: a second signal does what it does by default.
                for await _ in signals.take() { return nil }
                try await Task.sleep(for: .seconds(86_400 * 365))
                return nil
            }
            let first = try await group.next() ?? nil
            group.cancelAll()
            if let first { return first }
            return try await group.next().flatMap { $0 } ?? .interrupted
        }
    }

    /// A stream until somebody takes it.
    private final class Signals: Sendable {
        private let stream: Mutex<AsyncStream<Int32>?>

        init(_ stream: AsyncStream<Int32>) {
            self.stream = Mutex(stream)
        }

        func take() -> AsyncStream<Int32> {
            stream.withLock { stream in
                defer { stream = nil }
                return stream ?? AsyncStream { $0.finish() }
            }
        }
    }

    private static let description = CommandDescription(
        name: "",
        summary: "",
        groups: [.init(title: "", options: [.init("version", nil, "the version")])]
    )
}
