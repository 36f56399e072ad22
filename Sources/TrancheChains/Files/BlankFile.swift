import Tranche

/// Files of text without a record, which do not say even their fields' names.
package enum BlankFile {
    /// A larger one is not looked at: it holds something, or is blank in an unlikely way.
    private static let most: Int64 = 4 << 10

    /// Whether a file holds nothing but line breaks once it is decompressed.
    ///
    /// - Parameter path: The file.
    /// - Returns: False where it is larger than 4 KiB.
    /// - Throws: `TrancheError` `.invalidSource` and `.sourceUnavailable` where it cannot be read.
    package static func isBlank(_ path: String) async throws -> Bool {
        guard try await LocalFile(path).state().size <= most else { return false }
        let reader = try await recognising(LocalFile(path), key: path)
        var bytes = try await reader.read(0..<most)[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        return bytes.count < most && bytes.allSatisfy { $0 == 0x0A || $0 == 0x0D }
    }
}
