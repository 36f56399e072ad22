/// Which batches of a run were cancelled: their numbers, ascending.
package struct CancelDocument: Codable, Sendable, Hashable {
    package let job: String
    package let meta: String
    package let run: String
    package let batches: [Int64]

    /// Makes the document of a run.
    package init(_ batches: [Int64], of key: RunKey) {
        job = key.job
        meta = key.metaTable
        run = key.run
        self.batches = batches
    }
}
