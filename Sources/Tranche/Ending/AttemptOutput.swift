/// The end of what a program wrote while it worked on a batch.
public struct AttemptOutput: Sendable, Hashable {
    /// The end of its standard error; empty where it wrote nothing there.
    public var standardError: String
    /// The end of its standard output; likewise.
    public var standardOutput: String

    /// The most that is kept of each, in bytes of UTF-8.
    public static let mostBytes = 1 << 16

    /// Describes an output.
    public init(standardError: String = "", standardOutput: String = "") {
        self.standardError = standardError
        self.standardOutput = standardOutput
    }

    /// The output; `nil` where nothing was written, so that nothing is kept.
    public var ifAny: AttemptOutput? {
        standardError.isEmpty && standardOutput.isEmpty ? nil : self
    }
}

/// What a store keeps of what was written during attempts.
public protocol OutputStore: Sendable {
    /// Reads what was written during an attempt that has ended.
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
    public func output(of batch: Int64, attempt: Int) async throws -> AttemptOutput? { nil }
}
