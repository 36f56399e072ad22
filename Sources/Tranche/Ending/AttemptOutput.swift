/// The end of what a program wrote while it worked on a batch.
public struct AttemptOutput: Sendable, Hashable {
    /// The end of its standard error; empty where it wrote nothing there.
    public var standardError: String
    /// The end of its standard output; likewise.
    public var standardOutput: String
    /// The note for the next attempt; `nil` (the default) for nothing.
    public var note: String?

    /// The most that is kept of each, in bytes of UTF-8.
    public static let mostBytes = 1 << 16

    /// Describes an output.
    public init(standardError: String = "", standardOutput: String = "", note: String? = nil) {
        self.standardError = standardError
        self.standardOutput = standardOutput
        self.note = note
    }

    /// The output; `nil` where nothing was written, so that nothing is kept.
    public var ifAny: AttemptOutput? {
        standardError.isEmpty && standardOutput.isEmpty && note == nil ? nil : self
    }

    /// The output once more is known: what is empty there is as it was.
    package func updated(by newer: AttemptOutput) -> AttemptOutput {
        AttemptOutput(
            standardError: newer.standardError.isEmpty ? standardError : newer.standardError,
            standardOutput: newer.standardOutput.isEmpty ? standardOutput : newer.standardOutput,
            note: newer.note ?? note
        )
    }
}

/// A store that keeps the output of attempts.
public protocol OutputStore: Sendable {
    /// Stores the output of an attempt so far; empty parts leave the stored ones as they are.
    ///
    /// - Parameters:
    ///   - output: What was written.
    ///   - holding: The attempt, which holds its batch.
    /// - Throws: ``TrancheError`` `.batchLost` where it does not; `.unknownBatch`.
    func keep(_ output: AttemptOutput, of holding: AttemptKey) async throws

    /// Reads the note that the last attempt left at a batch, of those that left one.
    ///
    /// - Parameter batch: The batch's number.
    /// - Returns: The note; `nil` where there is none.
    /// - Throws: ``TrancheError`` of the store.
    func note(of batch: Int64) async throws -> String?

    /// Reads what was written during an attempt.
    ///
    /// - Parameters:
    ///   - batch: The batch's number.
    ///   - attempt: The attempt's.
    /// - Returns: The output; `nil` where nothing is kept.
    /// - Throws: ``TrancheError`` of the store.
    func output(of batch: Int64, attempt: Int) async throws -> AttemptOutput?
}

extension OutputStore {
    /// Nothing is kept.
    public func keep(_ output: AttemptOutput, of holding: AttemptKey) async throws {}

    /// Nothing is kept.
    public func note(of batch: Int64) async throws -> String? { nil }

    /// Nothing is kept.
    public func output(of batch: Int64, attempt: Int) async throws -> AttemptOutput? { nil }
}
