import Tranche

extension DatabaseFile {
    /// Refuses a place at which a file is to be written, where a database would be lost by it.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - option: What names it on the command line.
    /// - Throws: ``UsageError``.
    static func requireNone(at path: String, namedBy option: String) throws {
        guard let words = words(about: path) else { return }
        throw UsageError(
            "\(option) '\(path)' \(words), and is not written over; name another file"
        )
    }
}
