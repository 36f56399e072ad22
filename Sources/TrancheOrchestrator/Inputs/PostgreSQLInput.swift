public import Tranche
import TranchePostgreSQL
import TrancheSQL

/// The changes of tables in a PostgreSQL database as events, recorded by the transactions that make
/// them: see ``PostgreSQLOutbox``.
///
/// What records must be installed once, by ``install()`` or `tranche input add`. A link reads the
/// log in the tables' own database: an event is committed with its change, or not at all. The id of
/// an event is the row's key; a table that is truncated is one event, `delete` without an id, and
/// so is a partition, which the payload names as `part`.
public struct PostgreSQLInput: InstallableInput {
    /// The name in the graph, and of the log.
    public let name: String
    /// The outbox that records the changes.
    public let outbox: PostgreSQLOutbox
    private let url: String

    /// Describes an input; nothing is connected to.
    ///
    /// - Parameters:
    ///   - configuration: What to record; its name is the input's.
    ///   - url: The tables' database, as libpq takes it.
    /// - Throws: `TrancheError` `.invalidArgument`.
    public init(_ configuration: PostgreSQLOutbox.Configuration, url: String) throws {
        name = configuration.name
        outbox = try PostgreSQLOutbox(configuration, url: url)
        self.url = url
    }

    /// 2 s: a transaction that stays open for longer holds up nobody, its events come late.
    public var settleWait: Duration? { .seconds(2) }

    /// The log in the tables' database.
    public func source(for link: Link) -> any MetaSourceDescription {
        OutboxSource(name: name, url: url)
    }

    /// The log's events as they are listed: a view, since a source has one column of payload.
    static func view(_ name: String) -> SQLTableName {
        SQLTableName(schema: "tranche", table: "event_\(name)")
    }

    /// Looks once a minute for tables and partitions that were made later.
    ///
    /// What records is compared with the configuration at the beginning alone: who adds a table
    /// to it meanwhile does not stop those that are at work.
    ///
    /// - Throws: As ``gather(_:)``.
    public func run(_ log: InputLog) async throws {
        try await outbox.requireAsConfigured()
        while true {
            try await outbox.requireInstalled()
            _ = try await outbox.refresh()
            try await log.clock.sleep(for: .seconds(60))
        }
    }

    /// Looks for tables and partitions that were made later.
    ///
    /// - Throws: `TrancheError` `.invalidSource` where nothing records yet, or not what the
    ///   configuration asks for; as ``PostgreSQLOutbox/refresh()``.
    public func gather(_ log: InputLog) async throws {
        try await outbox.requireAsConfigured()
        _ = try await outbox.refresh()
    }

    /// Cleans the log up to what every link of every inventory is done with; what has failed for
    /// good is kept for so long.
    public func clean(_ inventory: Inventory, keeping keep: Duration) async throws -> [RunKey] {
        // By the name that runs have; opening the source would note the reader beside.
        let needs = try await inventory.needs(
            ofSource: Self.source(ofInput: name),
            above: try await outbox.lastID(keptFor: keep)
        )
        guard let done = needs.map(\.done).min() else { return [] }
        try await outbox.note(done, by: PostgreSQLOutbox.Reader(inventory.store))
        if done > 0 { _ = try await outbox.clean(through: done) }
        return []
    }

    // MARK: - Installing

    /// Installs what records, or brings it up to date.
    ///
    /// - Throws: As ``PostgreSQLOutbox/install()``; `TrancheError` `.invalidSource` where its
    ///   schemas have tables, and none of them can be recorded.
    public func install() async throws -> [String] {
        let report = try await outbox.install()
        try await outbox.makeView(Self.view(name))
        var words = try await whyNothing()
        words += report.covered.map { part in
            "\(part.relation) is recorded"
                + (part.heldRows ? "; the rows that it had before are not events" : "")
        }
        return words + report.givenUp.map { "\($0) is recorded no longer" }
    }

    /// Says why no table is recorded; nothing where one is.
    private func whyNothing() async throws -> [String] {
        guard let status = try await outbox.status(), status.parts.isEmpty else { return [] }
        let faults = status.blindSpots.filter { $0.relation != nil }.map(\.message)
        guard faults.isEmpty else {
            let more = faults.count > 5 ? "; and \(faults.count - 5) more" : ""
            throw TrancheError(
                .invalidSource,
                "input '\(name)' records no table: \(faults.prefix(5).joined(separator: "; "))"
                    + more
            )
        }
        let schemas = outbox.configuration.schemas.map { "'\($0)'" }.joined(separator: ", ")
        let later = status.coversLaterAtOnce ? "at once" : "within a minute of the pipeline's work"
        return [
            "no table is recorded yet: none of the schemas \(schemas) has one to record; what is "
                + "made later is recorded \(later)"
        ]
    }

    /// Takes out what records, and the log.
    public func remove() async throws {
        try await outbox.dropView(Self.view(name))
        try await outbox.remove()
    }

    /// Forgets an inventory that reads the log no longer.
    public func forget(reader: String) async throws -> [String] {
        try await outbox.forget(reader: reader)
        return ["nothing is kept for \(reader) any more"]
    }

    /// The state of the outbox: its tables, its readers, and the changes it cannot see.
    public func installation() async throws -> [String]? {
        guard let status = try await outbox.status() else { return nil }
        let waiting = try await waitingEvents(status)
        let advice = "'tranche input add FILE \(name)' brings it up to date"
        let differences = try await outbox.differences().map { "\($0); \(advice)" }
        let state =
            status.parts.map { "\($0.relation) is recorded since \($0.since.utcText)" }
            + waiting
            + status.readers.map { reader in
                "\(reader.name) (\(reader.key)) reads, and needs nothing up to \(reader.done); "
                    + "last at work \(reader.seenAt.utcText)"
            }
            + status.blindSpots.map { spot in
                "\(spot.relation.map { "\($0): " } ?? "")\(spot.message)"
            }
        return differences + state
    }

    /// How many events wait where no inventory reads the log.
    private func waitingEvents(_ status: OutboxStatus) async throws -> [String] {
        guard status.readers.isEmpty else { return [] }
        let count = try await outbox.count(after: status.floor)
        guard count > 0 else { return ["no inventory reads the log; no event waits in it"] }
        let words = count == 1 ? "waits" : "wait"
        return [
            "no inventory reads the log; \(HumanText.count(count, "event", "events")) \(words) in "
                + "it"
        ]
    }
}

/// An input that needs something installed elsewhere before it gives events.
public protocol InstallableInput: Input {
    /// Installs it, or brings it up to date.
    ///
    /// - Returns: What was changed, in words, or why it gives no events yet.
    /// - Throws: `TrancheError`, with what to do.
    func install() async throws -> [String]

    /// Takes out all that was installed; it may be called again.
    ///
    /// - Throws: `TrancheError`, with what to do.
    func remove() async throws

    /// Forgets an inventory whose links read it no longer: nothing is kept for it any more.
    ///
    /// - Parameter reader: The inventory, as ``installation()`` names it.
    /// - Returns: What was changed, in words.
    /// - Throws: `TrancheError` `.invalidArgument` where there is none.
    func forget(reader: String) async throws -> [String]

    /// Says what is installed, and what it does not see; `nil` where nothing is.
    ///
    /// - Throws: `TrancheError`.
    func installation() async throws -> [String]?
}

extension PostgreSQLOutbox {
    /// Makes the view that lists the log as events.
    fileprivate func makeView(_ view: SQLTableName) async throws {
        let trigger = try JSONText.encode(name)
        // Built as text, so that a payload keeps its digits.
        try await runScript(
            """
            CREATE OR REPLACE VIEW \(view.quoted) AS
            SELECT id,
                '{"location":' || to_json(location)
                || ',"operation":"'
                || CASE operation WHEN 'truncate' THEN 'delete' ELSE operation END
                || '","id":' || to_json(CASE operation WHEN 'truncate' THEN '' ELSE key END)
                || ',"trigger":\(trigger.replacing("'", with: "''"))'
                || CASE
                    WHEN operation = 'truncate' THEN ',"payload":{"truncated":true'
                        -- Of a part the log keeps the name; of all of the table it has none.
                        || coalesce(',"part":' || to_json(key), '') || '}'
                    WHEN payload IS NULL THEN ''
                    ELSE ',"payload":' || payload::text
                END
                || '}' AS item
            FROM \(log.quoted);
            """
        )
    }

    fileprivate func dropView(_ view: SQLTableName) async throws {
        try await runScript("DROP VIEW IF EXISTS \(view.quoted);")
    }

    private func runScript(_ script: String) async throws {
        try await explained("listing the log") {
            try await database.withTransaction([]) { connection, _ in
                try await connection.runScript(script)
                _ = try await connection.commit([])
            }
        }
    }
}
