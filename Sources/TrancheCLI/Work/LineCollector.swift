/// Cuts bytes into whole lines, and keeps the last.
struct LineCollector {
    /// A longer line is no result.
    static let longestLine = 1 << 20

    private var pending: [UInt8] = []
    private var isTooLong = false
    /// The last line that was not blank; `nil` when there was none, or it was too long or not UTF-8.
    private(set) var lastLine: String?

    /// Takes bytes.
    ///
    /// - Returns: What may be copied on: whole lines, or a piece of a very long one.
    mutating func add(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        pending += bytes
        guard let end = pending.lastIndex(of: UInt8(ascii: "\n")) else {
            guard pending.count > Self.longestLine else { return [] }
            isTooLong = true
            defer { pending = [] }
            return pending
        }
        let whole = Array(pending[...end])
        keepLast(of: whole)
        pending.removeSubrange(...end)
        return whole
    }

    /// Ends the collection.
    ///
    /// - Returns: What is left, with the line break that it lacks.
    mutating func finish() -> [UInt8] {
        guard !pending.isEmpty || isTooLong else { return [] }
        return add([UInt8(ascii: "\n")])
    }

    private mutating func keepLast(of lines: [UInt8]) {
        let parts = lines.split(separator: UInt8(ascii: "\n"))
        let isBlank = { (line: ArraySlice<UInt8>) in
            line.allSatisfy { $0 == 32 || $0 == 9 || $0 == 13 }
        }
        guard let index = parts.lastIndex(where: { !isBlank($0) }) else {
            if isTooLong { lastLine = nil }
            isTooLong = false
            return
        }
        // Only the first of these lines can go on from a piece that was copied already.
        lastLine = index == 0 && isTooLong ? nil : String(validating: parts[index], as: UTF8.self)
        isTooLong = false
    }
}
