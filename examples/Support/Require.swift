/// An example did not do what it shows.
package struct ExampleFailure: Error {
    package let message: String

    package init(message: String) {
        self.message = message
    }
}

/// Ends the example with an error unless two values are equal.
package func require<Value: Equatable>(_ what: String, _ found: Value, is expected: Value) throws {
    guard found == expected else {
        throw ExampleFailure(message: "\(what): \(found) instead of \(expected)")
    }
}
