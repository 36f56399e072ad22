/// Quarantined items that are, or would be, batches again.
package struct RedriveDocument: Codable, Sendable, Hashable {
    package let isDryRun: Bool
    package let batches: [BatchDocument]

    /// Makes the document of batches.
    package init(_ batches: [BatchRecord], isDryRun: Bool) {
        self.isDryRun = isDryRun
        self.batches = batches.map(BatchDocument.init)
    }

    enum CodingKeys: String, CodingKey {
        case isDryRun = "dry_run"
        case batches
    }
}
