/// An example did not do what it shows.
public struct ExampleFailure: Error {
    /// What is not as it should be.
    public let message: String

    /// Makes a failure.
    public init(message: String) {
        self.message = message
    }
}

/// Ends the example with an error unless two values are equal.
public func require<Value: Equatable>(_ what: String, _ found: Value, is expected: Value) throws {
    guard found == expected else {
        throw ExampleFailure(message: "\(what): \(found) instead of \(expected)")
    }
}
