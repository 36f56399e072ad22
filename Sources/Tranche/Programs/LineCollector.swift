/// Cuts bytes into whole lines, and keeps the last.
package struct LineCollector: Sendable {
    /// A longer line is kept in part.
    package static let longestLine = 1 << 20
    /// How much is kept of a longer one.
    package static let keptOfLonger = 1 << 16

    /// A line as it is kept.
    package struct Line: Sendable, Hashable {
        /// The text; what is not UTF-8 stands as `U+FFFD`.
        package var text: String
        /// Why the text is not what was written; `nil` when it is.
        package var fault: String?

        package init(text: String, fault: String? = nil) {
            self.text = text
            self.fault = fault
        }
    }

    private var pending: [UInt8] = []
    /// The beginning of a line of which pieces were copied already, and the length of these.
    private var long: (start: [UInt8], length: Int)?
    /// The last line that was not blank; `nil` when there was none.
    package private(set) var lastLine: Line?
    /// The items that lines before the last one blame.
    package private(set) var badBefore: Set<String> = []
    /// The items that the last line blames.
    package private(set) var badAtLast: Set<String> = []

    /// Has collected nothing yet.
    package init() {}

    /// Takes bytes.
    ///
    /// - Returns: What may be copied on: whole lines, or a piece of a very long one.
    package mutating func add(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        pending += bytes
        guard let end = pending.lastIndex(of: UInt8(ascii: "\n")) else {
            guard pending.count > Self.longestLine else { return [] }
            defer { pending = [] }
            long = (
                long?.start ?? Array(pending.prefix(Self.keptOfLonger)),
                (long?.length ?? 0) + pending.count
            )
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
    package mutating func finish() -> [UInt8] {
        guard !pending.isEmpty || long != nil else { return [] }
        return add([UInt8(ascii: "\n")])
    }

    private mutating func keepLast(of lines: [UInt8]) {
        let parts = lines.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let isBlank = { (line: ArraySlice<UInt8>) in
            line.allSatisfy { $0 == 32 || $0 == 9 || $0 == 13 }
        }
        defer { long = nil }
        keepBlame(of: long == nil ? parts[...] : parts.dropFirst(), where: { !isBlank($0) })
        if let index = parts.lastIndex(where: { !isBlank($0) }), index > 0 || long == nil {
            lastLine = Self.line(parts[index])
        } else if let long {
            // Only the first of these lines can go on from pieces that were copied already.
            let length = long.length + (parts.first?.count ?? 0)
            lastLine = Self.line(long.start[...])
            lastLine?.fault =
                "it has \(length) bytes, of which the first \(long.start.count) are kept"
        }
    }

    /// Keeps which items lines blame: only the last line is looked at for them, and nothing that is
    /// named in another is to be lost without a word.
    private mutating func keepBlame(
        of lines: ArraySlice<ArraySlice<UInt8>>,
        where isMeant: (ArraySlice<UInt8>) -> Bool
    ) {
        if long != nil { passLast() }
        for line in lines where isMeant(line) {
            passLast()
            badAtLast = ProgramBlame.items(in: line)
        }
    }

    private mutating func passLast() {
        guard !badAtLast.isEmpty else { return }
        badBefore.formUnion(badAtLast)
        badAtLast = []
    }

    private static func line(_ bytes: ArraySlice<UInt8>) -> Line {
        if let text = String(validating: bytes, as: UTF8.self) { return Line(text: text) }
        return Line(text: String(decoding: bytes, as: UTF8.self), fault: "it is not UTF-8")
    }
}
