import TrancheTestKit

/// A backend on which the conformance cases run.
struct TestBackend: Sendable, CustomStringConvertible {
    /// Its name, as in `TRANCHE_TEST_BACKENDS`.
    let name: String
    /// Makes an empty store of its own, with sources.
    let makeSubject: @Sendable () async throws -> ConformanceSubject

    var description: String { name }

    /// The backends that are there.
    static var available: [TestBackend] { [reference] }

    /// The store in memory.
    static let reference = TestBackend(name: "reference") { .reference() }
}
