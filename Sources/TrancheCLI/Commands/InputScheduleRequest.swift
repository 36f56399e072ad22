import FoundationEssentials
import Tranche
import TrancheOrchestrator

/// The event of a schedule that somebody asks for by hand: `tranche input run`.
struct ScheduleRequest: Sendable {
    private let name: String
    private let file: PipelineFile?
    private let slot: Moment?
    private let reason: String?
    private let isDryRun: Bool

    /// Reads the options.
    ///
    /// - Parameters:
    ///   - arguments: The arguments of `tranche input`.
    ///   - name: The input; `nil` with another action, which takes none of the options
    ///     of its own.
    /// - Throws: ``UsageError``.
    init?(_ arguments: Arguments, of name: String?) throws {
        guard let name else {
            for option in ["at", "pipeline", "reason"] where arguments.has(option) {
                throw UsageError("--\(option) goes with 'input run'")
            }
            return nil
        }
        self.name = name
        file = arguments.text("pipeline").map { PipelineFile(path: $0) }
        slot = try arguments.value("at", parseMoment)
        if case .ago? = slot {
            throw UsageError("--at takes a time of the schedule, such as 2026-11-29T02:00:00+01:00")
        }
        reason = arguments.text("reason")
        isDryRun = arguments.has("dry-run")
    }

    /// Gives the event.
    ///
    /// - Parameter context: Where it is told.
    /// - Returns: Whether there was anything to do.
    /// - Throws: ``UsageError`` for an input that is not there, or is no schedule; `TrancheError`.
    func run(_ context: Context) async throws -> ProgramStatus {
        var context = context
        var input: ScheduleInput?
        if let file {
            let pipeline = try PipelineFile.refusing { try file.checked(context) }
            context = try context.using(pipeline, in: file)
            guard let named = pipeline.input(named: name) else {
                throw UsageError("\(file.path) has no input '\(name)'")
            }
            guard let schedule = named as? ScheduleInput else {
                throw UsageError(
                    "the input '\(name)' is no schedule: an event can be given by hand for a "
                        + "schedule only"
                )
            }
            input = schedule
        }
        let (known, settled) = (input, context)
        let event = try await settled.withInventory(worker: settled.person) { inventory in
            let schedule = try await self.schedule(known, in: inventory)
            return try await schedule.request(
                at: slot?.date(now: settled.now()),
                by: ChangeNote(by: inventory.configuration.worker, reason: reason),
                in: InputLog(of: name, in: inventory),
                isDryRun: isDryRun
            )
        }
        try show(event, settled)
        return event.isKnown ? .nothingNow : .done
    }

    /// The schedule: of the file, or that of an applied pipeline.
    private func schedule(
        _ known: ScheduleInput?,
        in inventory: Inventory
    ) async throws -> ScheduleInput {
        if let known { return known }
        guard let found = try await AppliedPipelines(inventory).schedule(named: name) else {
            throw TrancheError(
                .invalidArgument,
                "no applied pipeline has an input '\(name)'; 'tranche pipeline list' lists what is "
                    + "applied, and --pipeline names a file"
            )
        }
        return found.input
    }

    private func show(_ event: RequestedEvent, _ context: Context) throws {
        let outcome = event.isKnown ? "known" : isDryRun ? "would_add" : "added"
        let document = ScheduleRequestDocument(
            input: name,
            time: event.time,
            outcome: outcome,
            number: event.number == 0 ? nil : event.number,
            dryRun: isDryRun
        )
        try context.write(document) {
            let time = "\(event.time.utcText) of '\(name)'"
            if event.isKnown {
                let number = event.number == 0 ? "" : ", as event \(event.number ?? 0)"
                return "\(time) was given before\(number): nothing was changed"
            }
            guard let number = event.number else { return "\(time) would be given" }
            return "\(time) is given, as event \(number)"
        }
    }
}

/// The event of a schedule that somebody asked for, as a document.
struct ScheduleRequestDocument: Codable, Sendable {
    var input: String
    var time: Date
    var outcome: String
    /// `null` where no event is kept.
    var number: Int64?
    var dryRun: Bool

    enum CodingKeys: String, CodingKey {
        case input, time, outcome, number
        case dryRun = "dry_run"
    }

    init(input: String, time: Date, outcome: String, number: Int64?, dryRun: Bool) {
        self.input = input
        self.time = time
        self.outcome = outcome
        self.number = number
        self.dryRun = dryRun
    }

    /// Writes every key.
    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(input, forKey: .input)
        try values.encode(time, forKey: .time)
        try values.encode(outcome, forKey: .outcome)
        try values.encode(number, forKey: .number)
        try values.encode(dryRun, forKey: .dryRun)
    }
}
