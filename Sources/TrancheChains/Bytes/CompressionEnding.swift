/// The endings of names of compressed files.
package enum CompressionEnding {
    /// All of them, in small letters.
    package static let all = [
        ".gz", ".gzip", ".bgz", ".bz2", ".zst", ".zstd", ".xz", ".zip", ".z", ".lz4", ".lz", ".sz",
    ]

    /// A name without them.
    ///
    /// - Parameter name: A name, or the end of a path or URL, in any letters.
    /// - Returns: What is left, such as `a.csv` of `a.csv.gz`.
    package static func removed(from name: String) -> String {
        let small = name.lowercased()
        guard let ending = all.first(where: small.hasSuffix) else { return name }
        return String(name.dropLast(ending.count))
    }
}
