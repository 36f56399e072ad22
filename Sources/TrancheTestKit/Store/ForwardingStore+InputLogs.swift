public import Tranche

extension ForwardingStore {
    /// Passes the request on; see `InputLogStore`.
    public func beginLog(_ log: String) async throws -> InputLogRecord {
        try await forward(.change) { try await base.beginLog(log) }
    }

    /// Passes the request on; see `InputLogStore`.
    public func inputLog(_ log: String) async throws -> InputLogRecord? {
        try await forward(.read) { try await base.inputLog(log) }
    }

    /// Passes the request on; see `InputLogStore`.
    public func inputLogs() async throws -> [InputLogRecord] {
        try await forward(.read) { try await base.inputLogs() }
    }

    /// Passes the request on; see `InputLogStore`.
    public func append(
        _ events: [LoggedEvent],
        to log: String
    ) async throws -> [AppendedEvent] {
        try await forward(.change) { try await base.append(events, to: log) }
    }

    /// Passes the request on; see `InputLogStore`.
    public func events(
        of log: String,
        in range: ClosedRange<Int64>,
        limit: Int
    ) async throws -> [EventRecord] {
        try await forward(.read) { try await base.events(of: log, in: range, limit: limit) }
    }

    /// Passes the request on; see `InputLogStore`.
    public func lastEvent(of log: String, keptFor milliseconds: Int64) async throws -> Int64? {
        try await forward(.read) { try await base.lastEvent(of: log, keptFor: milliseconds) }
    }

    /// Passes the request on; see `InputLogStore`.
    public func lastEvents(
        likeThoseIn range: ClosedRange<Int64>,
        of log: String
    ) async throws -> [Int64: Int64] {
        try await forward(.read) { try await base.lastEvents(likeThoseIn: range, of: log) }
    }

    /// Passes the request on; see `InputLogStore`.
    public func needs(
        ofSource metaTable: String,
        above floor: Int64
    ) async throws -> [InputLogNeed] {
        try await forward(.read) { try await base.needs(ofSource: metaTable, above: floor) }
    }

    /// Passes the request on; see `InputLogStore`.
    public func clean(_ log: String, through floor: Int64, limit: Int) async throws -> Int {
        try await forward(.change) { try await base.clean(log, through: floor, limit: limit) }
    }

    /// Passes the request on; see `InputLogStore`.
    public func lastingIdentities(
        of log: String,
        after mark: String?,
        limit: Int
    ) async throws -> [String] {
        try await forward(.read) {
            try await base.lastingIdentities(of: log, after: mark, limit: limit)
        }
    }

    /// Passes the request on; see `InputLogStore`.
    public func forget(_ identities: [String], in log: String) async throws {
        try await forward(.change) { try await base.forget(identities, in: log) }
    }

    /// Passes the request on; see `InputLogStore`.
    public func forgetCleaned(
        in log: String,
        keptFor milliseconds: Int64,
        limit: Int
    ) async throws -> Int {
        try await forward(.change) {
            try await base.forgetCleaned(in: log, keptFor: milliseconds, limit: limit)
        }
    }
}
