/// Batches, in the order of the request.
package struct BatchesDocument: Codable, Sendable, Hashable {
    package let batches: [BatchDocument]

    /// Makes the document of batches.
    package init(_ batches: [BatchRecord]) {
        self.batches = batches.map(BatchDocument.init)
    }
}
