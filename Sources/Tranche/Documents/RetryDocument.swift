/// The numbers of batches that are, or would be, offered again, ascending.
package struct RetryDocument: Codable, Sendable, Hashable {
    package let batches: [Int64]
    package let isDryRun: Bool

    /// Makes the document of batches.
    package init(_ batches: [Int64], isDryRun: Bool) {
        self.batches = batches
        self.isDryRun = isDryRun
    }

    enum CodingKeys: String, CodingKey {
        case batches
        case isDryRun = "dry_run"
    }
}
