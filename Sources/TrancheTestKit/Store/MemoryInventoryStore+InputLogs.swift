import Foundation
public import Tranche

extension MemoryInventoryStore {
    /// Makes a log, or finds it.
    public func beginLog(_ log: String) async throws -> InputLogRecord {
        try change { tables, now in
            let known = tables.inputLogs[log] ?? MemoryTables.InputLog(createdAt: now)
            tables.inputLogs[log] = known
            return known.record(log)
        }
    }

    /// Reads a log.
    public func inputLog(_ log: String) async throws -> InputLogRecord? {
        try change { tables, _ in tables.inputLogs[log]?.record(log) }
    }

    /// Lists the logs, ascending by name.
    public func inputLogs() async throws -> [InputLogRecord] {
        try change { tables, _ in
            tables.inputLogs.map { $1.record($0) }.sorted { $0.name < $1.name }
        }
    }

    /// Keeps events, once each.
    public func append(
        _ events: [LoggedEvent],
        to log: String
    ) async throws -> [AppendedEvent] {
        for event in events { try event.validate() }
        guard !events.isEmpty else { return [] }
        return try change { tables, now in
            guard let answers = tables.append(events, to: log, now: now) else {
                throw InputLogSource.noLog(log, in: name)
            }
            return answers
        }
    }

    /// Reads events, ascending by number.
    public func events(
        of log: String,
        in range: ClosedRange<Int64>,
        limit: Int
    ) async throws -> [EventRecord] {
        try change { tables, _ in
            let events = tables.inputLogs[log]?.events ?? []
            return Array(events.filter { range.contains($0.number) }.prefix(limit))
        }
    }

    /// Finds the last event that has been kept for some time.
    public func lastEvent(of log: String, keptFor milliseconds: Int64) async throws -> Int64? {
        try change { tables, now in
            let events = tables.inputLogs[log]?.events ?? []
            let bound = now.milliseconds - milliseconds
            return events.last { $0.loggedAt.milliseconds <= bound }?.number
        }
    }

    /// Finds the last events about the same as some events.
    public func lastEvents(
        likeThoseIn range: ClosedRange<Int64>,
        of log: String
    ) async throws -> [Int64: Int64] {
        try change { tables, _ in
            let events = tables.inputLogs[log]?.events ?? []
            var found: [Int64: Int64] = [:]
            for event in events where range.contains(event.number) {
                guard let key = event.event.key else { continue }
                found[event.number] =
                    events.last { $0.event.key?.isSameBytes(as: key) == true }?.number
            }
            return found
        }
    }

    /// Finds out how far each run that reads a log is done with it.
    public func needs(
        ofSource metaTable: String,
        above floor: Int64
    ) async throws -> [InputLogNeed] {
        try change { tables, now in tables.needs(ofSource: metaTable, above: floor, now: now) }
    }

    /// Cleans a log; the last event stays.
    public func clean(_ log: String, through floor: Int64, limit: Int) async throws -> Int {
        try change { tables, _ in tables.clean(log, through: floor, limit: limit) }
    }

    /// Lists identities that last.
    public func lastingIdentities(
        of log: String,
        after mark: String?,
        limit: Int
    ) async throws -> [String] {
        try change { tables, _ in
            tables.lastingIdentities(of: log, after: mark, limit: limit)
        }
    }

    /// Lets identities last no longer.
    public func forget(_ identities: [String], in log: String) async throws {
        try change { tables, _ in tables.forget(identities, in: log) }
    }

    /// Forgets identities of what was cleaned, and kept long ago.
    public func forgetCleaned(
        in log: String,
        keptFor milliseconds: Int64,
        limit: Int
    ) async throws -> Int {
        try change { tables, now in
            let bound = now.milliseconds - milliseconds
            return tables.forgetCleaned(in: log, before: bound, limit: limit)
        }
    }
}
