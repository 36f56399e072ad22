extension Batch {
    /// Writes the items as lines, read as they are taken: by default as JSON.
    ///
    /// - Parameters:
    ///   - form: What a line holds.
    ///   - write: Takes whole lines; whether it takes more.
    /// - Throws: What reading or writing throws; ``UnfitItems`` where a payload is not a line, once
    ///   all others are written.
    package func writeItems(
        as form: ItemForm = .json(nil),
        _ write: ([UInt8]) async throws -> Bool
    ) async throws {
        var lines: [UInt8] = []
        var unfit = UnfitItems()
        let items = try ItemRows(of: self, form.columns)
        while let item = try await items.next() {
            switch form {
            case .json: item.appendJSON(to: &lines)
            case .payloads:
                guard let text = unfit.text(of: item.item, as: .line) else { continue }
                lines += text.utf8
            }
            lines.append(UInt8(ascii: "\n"))
            guard lines.count > 1 << 15 else { continue }
            guard try await write(lines) else { return }
            lines.removeAll(keepingCapacity: true)
        }
        if !unfit.isEmpty { throw unfit }
        _ = try await write(lines)
    }
}
