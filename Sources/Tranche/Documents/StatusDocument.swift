/// Runs, in order of their names.
package struct StatusDocument: Codable, Sendable, Hashable {
    package let runs: [RunDocument]

    /// Makes the document of runs.
    package init(_ runs: [RunStatus]) {
        self.runs = runs.map(RunDocument.init)
    }
}
