extension Batch {
    /// Writes the items as JSON Lines, read as they are taken.
    ///
    /// - Parameter write: Takes whole lines; whether it takes more.
    /// - Throws: What reading or writing throws.
    package func writeItems(_ write: ([UInt8]) async throws -> Bool) async throws {
        var lines: [UInt8] = []
        for try await item in itemStream {
            item.appendJSON(to: &lines)
            lines.append(UInt8(ascii: "\n"))
            guard lines.count > 1 << 15 else { continue }
            guard try await write(lines) else { return }
            lines.removeAll(keepingCapacity: true)
        }
        _ = try await write(lines)
    }
}
