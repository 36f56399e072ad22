/// The numbers of batches that are offered again, ascending.
package struct RetryDocument: Codable, Sendable, Hashable {
    package let batches: [Int64]

    /// Makes the document of batches.
    package init(_ batches: [Int64]) {
        self.batches = batches
    }
}
