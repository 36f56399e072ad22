import Tranche

/// A claim that does not hold.
public struct ConformanceFailure: Error, Sendable, CustomStringConvertible {
    /// The finding, and the promise that it breaks.
    public let message: String
    /// The file of the check.
    public let file: String
    /// The line of the check.
    public let line: Int

    /// Makes a failure.
    public init(_ message: String, file: String = #fileID, line: Int = #line) {
        self.message = message
        self.file = file
        self.line = line
    }

    /// The message, with the place of the check.
    public var description: String { "\(message) (\(file):\(line))" }
}

/// Requires a condition.
func require(
    _ condition: Bool,
    _ message: @autoclosure () -> String,
    file: String = #fileID,
    line: Int = #line
) throws {
    if !condition { throw ConformanceFailure(message(), file: file, line: line) }
}

/// Requires two values to be equal.
func requireEqual<Value: Equatable>(
    _ found: Value,
    _ expected: Value,
    _ what: String,
    file: String = #fileID,
    line: Int = #line
) throws {
    if found == expected { return }
    throw ConformanceFailure("\(what): \(found), not \(expected)", file: file, line: line)
}

/// Requires a value to be there.
func requireSome<Value>(
    _ value: Value?,
    _ what: String,
    file: String = #fileID,
    line: Int = #line
) throws -> Value {
    guard let value else { throw ConformanceFailure("\(what) is nil", file: file, line: line) }
    return value
}

/// Requires a request to be refused.
///
/// - Returns: The error.
@discardableResult
func requireRefused<R>(
    _ code: TrancheError.Code,
    _ what: String,
    file: String = #fileID,
    line: Int = #line,
    _ body: () async throws -> R
) async throws -> TrancheError {
    do {
        let answer = try await body()
        throw ConformanceFailure(
            "\(what): answered \(answer) instead of throwing \(code)",
            file: file,
            line: line
        )
    } catch let error as TrancheError {
        try requireEqual(error.code, code, "\(what): the error's code", file: file, line: line)
        return error
    }
}
