import FoundationEssentials
import Tranche

/// The options that say which batches of a job are meant.
struct BatchFilter: Sendable {
    private let text: String?
    private let worker: String?
    private let since: Moment?
    private let until: Moment?
    /// The times as they were given.
    private let times: (since: String?, until: String?)
    /// The items of which a batch must have one; `nil` for any.
    let items: ItemNames?

    /// Those of batches whose last attempt has ended.
    static let options: [CommandDescription.Option] =
        [
            CommandDescription.Option(
                "error",
                "TEXT",
                "only batches whose error contains TEXT (case-sensitive)",
                isUsual: true
            )
        ] + timeAndWorker("last attempt ended", "held last")

    /// Those of batches that run, and have no error yet: their time is when the attempt began.
    static let optionsOfRunning = timeAndWorker("attempt began", "holds")

    private static func timeAndWorker(
        _ event: String,
        _ holding: String
    ) -> [CommandDescription.Option] {
        [
            .init(
                "since",
                "TIME",
                "only batches whose \(event) since: 2h (ago), or 2026-11-28T08:00",
                isUsual: true,
                brief: "only batches whose \(event) since, such as 2h"
            ),
            .init("until", "TIME", "only batches whose \(event) until then"),
            .init("of-worker", "NAME", "only batches that this worker \(holding)"),
        ]
    }

    static let itemsOption = CommandDescription.Option(
        "ids",
        "IDS",
        "only batches with one of these items, such as 5,9..12, or uids that are not integers; "
            + "one that has a comma stands in double quotes"
    )

    init(_ arguments: Arguments) throws {
        text = arguments.text("error")
        worker = arguments.text("of-worker")
        since = try arguments.value("since", parseMoment)
        until = try arguments.value("until", parseMoment)
        times = (arguments.text("since"), arguments.text("until"))
        items = try ItemNames("ids", in: arguments)
        if let text, text.isEmpty { throw UsageError("--error is empty; give a part of the error") }
        if let worker, worker.isEmpty { throw UsageError("--of-worker is empty; name the worker") }
    }

    /// Refuses times between which there is nothing.
    private func requireTime(since: Date?, until: Date?) throws {
        guard let since, let until, since > until, let first = times.since, let last = times.until
        else { return }
        throw UsageError(
            "--since \(first) is after --until \(last), and nothing is between them; give the "
                + "earlier time with --since (2h is two hours ago): --since \(last) --until "
                + first
        )
    }

    /// Whether nothing but items, if at all, is said.
    var isOfItemsAlone: Bool { text == nil && worker == nil && since == nil && until == nil }

    /// Whether nothing is said.
    var isEmpty: Bool { isOfItemsAlone && items == nil }

    /// Finds the batches that are meant, oldest first.
    ///
    /// - Parameters:
    ///   - selection: Which of them.
    ///   - inventory: The inventory.
    ///   - context: Has the present, and opens the source of items that are named by uids.
    /// - Returns: The batches.
    /// - Throws: ``UsageError`` for a time that ends before it begins; `TrancheError` of the store.
    func find(
        _ selection: BatchSelection,
        in inventory: Inventory,
        _ context: Context
    ) async throws -> [BatchRecord] {
        var selection = selection
        let now = context.now()
        selection.text = text
        selection.worker = worker
        selection.since = since?.date(now: now)
        selection.until = until?.date(now: now)
        try requireTime(since: selection.since, until: selection.until)
        let found: [BatchRecord] = try await inventory.batches(selection).reversed()
        guard let items else { return found }
        let spaces = try await context.itemSpaces(of: selection.runs, in: inventory)
        let wanted = try await items.ids(in: spaces)
        return found.filter { batch in
            wanted.contains { $0.space.contains(batch.key) && batch.holds(anyOf: $0.ids) }
        }
    }
}

/// The options that say whether what is found is changed, shown, or asked for.
struct Consent: Sendable {
    /// How many batches are shown before it is asked, and how many a command takes unasked.
    static let shown = 10

    /// Whether to show what would be changed, and change nothing.
    let isDryRun: Bool
    /// Whether not to ask.
    let isSure: Bool

    static let options: [CommandDescription.Option] = [
        .init("dry-run", nil, "show the selection, and change nothing", isUsual: true),
        .init("yes", nil, "do not ask for confirmation", isUsual: true),
    ]
    /// Why batches are changed, for the list of changes.
    static let reason = CommandDescription.Option(
        "reason",
        "TEXT",
        "reason; 'tranche changes' shows it"
    )

    init(_ arguments: Arguments) throws {
        isDryRun = arguments.has("dry-run")
        isSure = arguments.has("yes")
        if isDryRun, isSure { throw UsageError("--dry-run and --yes exclude each other") }
    }

    /// Asks whether batches are to be changed; just these are then, whatever comes meanwhile.
    ///
    /// - Parameters:
    ///   - batches: The batches.
    ///   - what: What would become of them, such as `would be offered again`.
    ///   - context: Where to ask.
    /// - Returns: Whether it is wanted.
    /// - Throws: ``UsageError`` where nobody can be asked.
    func isGiven(
        for batches: [BatchRecord],
        _ what: String,
        _ context: Context
    ) async throws -> Bool {
        if isSure { return true }
        for line in Self.preview(batches, what, context) { try context.note(line) }
        let words = "\(HumanText.count(batches.count, "batch", "batches")) \(what)"
        guard let isWanted = try await context.confirm(words) else {
            throw UsageError("\(words): say so with --yes, or look with --dry-run")
        }
        if !isWanted { try context.note("nothing was changed") }
        return isWanted
    }

    /// How many batches there are, and the first ten of them.
    static func preview(
        _ batches: [BatchRecord],
        _ what: String,
        _ context: Context
    ) -> [String] {
        let count = HumanText.count(batches.count, "batch", "batches")
        var lines = ["\(count) \(what)\(batches.isEmpty ? "" : ":")"]
        lines += batches.prefix(shown).map { "  \(words($0, context))" }
        let left = batches.count - shown
        if left > 0 { lines.append("  … and \(HumanText.number(left)) more") }
        return lines
    }

    private static func words(_ batch: BatchRecord, _ context: Context) -> String {
        let time = HumanText.relative(batch.endedAt ?? batch.startedAt, to: context.now())
        let isHeld = batch.status == .running
        let state = isHeld ? "handed out" : batch.status.rawValue
        let holder = isHeld ? " to \(batch.worker ?? "somebody")" : ""
        let error = batch.status == .succeeded ? nil : batch.logging
        let end = error.map { ": " + HumanText.excerpt(redacted($0)) } ?? ""
        return "batch \(batch.id) of \(batch.key): ids "
            + "\(HumanText.ids(batch.idStart, batch.idEnd)), \(state) \(time)\(holder)\(end)"
    }
}
