/// A store that keeps the events of inputs.
public protocol InputLogStore: Sendable {
    /// Makes a log, or finds it.
    ///
    /// - Parameter log: The input's name.
    /// - Returns: The log as it is now.
    /// - Throws: ``TrancheError`` of the store.
    func beginLog(_ log: String) async throws -> InputLogRecord

    /// Reads a log; `nil` where there is none.
    func inputLog(_ log: String) async throws -> InputLogRecord?

    /// Lists the logs, ascending by name.
    func inputLogs() async throws -> [InputLogRecord]

    /// Keeps events, all or none, once each.
    ///
    /// Events get ascending numbers in the order in which they are committed: none appears behind
    /// one that was seen.
    ///
    /// - Parameters:
    ///   - events: The events; of those with the same identity the first is kept.
    ///   - log: The log, which there is.
    /// - Returns: What became of each, in the same order.
    /// - Throws: ``TrancheError`` `.invalidSource` where there is no such log; of the store.
    ///   Nothing was kept.
    /// - Complexity: O(n log m), n events, m of them kept.
    func append(_ events: [LoggedEvent], to log: String) async throws -> [AppendedEvent]

    /// Reads events, ascending by number.
    ///
    /// - Parameters:
    ///   - log: The log.
    ///   - range: Their numbers.
    ///   - limit: Most events; above 0.
    /// - Returns: The events; those that were cleaned are left out.
    /// - Throws: ``TrancheError`` of the store.
    func events(of log: String, in range: ClosedRange<Int64>, limit: Int) async throws
        -> [EventRecord]

    /// Finds the last event of a log that has been kept for some time by the store's clock.
    ///
    /// - Parameters:
    ///   - log: The log.
    ///   - milliseconds: For how long.
    /// - Returns: Its number; `nil` where there is none.
    /// - Throws: ``TrancheError`` of the store.
    /// - Complexity: O(n), n younger events.
    func lastEvent(of log: String, keptFor milliseconds: Int64) async throws -> Int64?

    /// Finds the last events about the same as some events.
    ///
    /// - Parameters:
    ///   - range: The numbers of the events.
    ///   - log: The log.
    /// - Returns: For each event that has a key, the highest number with that key; keys are told
    ///   apart by their bytes.
    /// - Throws: ``TrancheError`` of the store.
    /// - Complexity: O(n log m), n events of the range, m events kept.
    func lastEvents(likeThoseIn range: ClosedRange<Int64>, of log: String) async throws
        -> [Int64: Int64]

    /// Finds out how far each run that reads a source is done with it.
    ///
    /// A run needs what is behind its cursor; each batch that may be handed out again, by itself or
    /// by somebody who retries what has failed for good or is quarantined; and each gap that a
    /// writer may still fill, or that is due to be looked at.
    ///
    /// - Parameters:
    ///   - metaTable: The source's name, as runs record it.
    ///   - floor: The id up to which nobody needs what has failed, or looks for what is late.
    /// - Returns: What each run needs.
    /// - Throws: ``TrancheError`` of the store.
    func needs(ofSource metaTable: String, above floor: Int64) async throws -> [InputLogNeed]

    /// Cleans a log: its floor rises, and events up to it go. The last event stays.
    ///
    /// - Parameters:
    ///   - log: The log.
    ///   - floor: The number up to which events are no longer needed; a lower one than the log's
    ///     own leaves that as it is.
    ///   - limit: Most events to remove now; above 0.
    /// - Returns: How many went; call again until none does.
    /// - Throws: ``TrancheError`` of the store.
    func clean(_ log: String, through floor: Int64, limit: Int) async throws -> Int

    /// Lists identities that last, ascending.
    ///
    /// - Parameters:
    ///   - log: The log.
    ///   - mark: The one after which to begin; `nil` for the first.
    ///   - limit: Most identities; above 0.
    /// - Returns: The identities.
    /// - Throws: ``TrancheError`` of the store.
    func lastingIdentities(of log: String, after mark: String?, limit: Int) async throws
        -> [String]

    /// Lets identities last no longer: of an event that is cleaned already, nothing stays.
    ///
    /// - Parameters:
    ///   - identities: The identities.
    ///   - log: The log.
    /// - Throws: ``TrancheError`` of the store.
    func forget(_ identities: [String], in log: String) async throws

    /// Forgets identities that last of events that are cleaned, once they are old.
    ///
    /// - Parameters:
    ///   - log: The log.
    ///   - milliseconds: How long ago, by the store's clock, the events must have been kept.
    ///   - limit: Most identities to look at, the oldest first; above 0.
    /// - Returns: How many were forgotten; call again until they are fewer than `limit`.
    /// - Throws: ``TrancheError`` of the store.
    /// - Complexity: O(n), n the limit.
    func forgetCleaned(in log: String, keptFor milliseconds: Int64, limit: Int) async throws
        -> Int
}
