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
        /// Whether it may blame items: it seems to have a member that does, be it in what is not
        /// kept.
        package var mayBlame: Bool

        /// Describes a line.
        ///
        /// - Parameters:
        ///   - text: What is kept of it.
        ///   - fault: Why that is not what was written.
        ///   - mayBlame: Whether what is not kept may blame items.
        package init(text: String, fault: String? = nil, mayBlame: Bool = false) {
            self.text = text
            self.fault = fault
            self.mayBlame = mayBlame || BlameMark.isFound(in: text.utf8)
        }
    }

    /// A line of which pieces were copied already.
    private struct LongLine {
        /// Its beginning.
        var start: [UInt8]
        /// The length of the pieces.
        var length = 0
        /// What they have of a member that blames.
        var blame = BlameMark()

        mutating func add(_ piece: some Collection<UInt8>) {
            length += piece.count
            blame.look(at: piece)
        }

        /// Whether it begins as an object does, and may blame items.
        var mayBlame: Bool {
            blame.isFound && start.first { $0 != 0x20 && $0 != 0x09 } == UInt8(ascii: "{")
        }
    }

    private var pending: [UInt8] = []
    private var long: LongLine?
    /// The last line that was not blank; `nil` when there was none.
    package private(set) var lastLine: Line?
    /// The items that lines before the last one blame.
    package private(set) var badBefore: Set<ExactText> = []
    /// The items that the last line blames.
    package private(set) var badAtLast: Set<ExactText> = []
    /// Whether a line before the last one is too long to be read, and may blame items.
    package private(set) var mayBlameBefore = false
    /// Whether the last line is one.
    package private(set) var mayBlameAtLast = false

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
            var line = long ?? LongLine(start: Array(pending.prefix(Self.keptOfLonger)))
            line.add(pending)
            long = line
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
        // Only the first of these lines can go on from pieces that were copied already.
        long?.add(parts.first ?? [])
        keepBlame(of: long == nil ? parts[...] : parts.dropFirst(), where: { !isBlank($0) })
        if let index = parts.lastIndex(where: { !isBlank($0) }), index > 0 || long == nil {
            lastLine = Self.line(parts[index])
        } else if let line = long {
            let kept = line.start.count
            lastLine = Line(
                text: String(decoding: line.start, as: UTF8.self),
                fault: "it has \(line.length) bytes, of which the first \(kept) are kept",
                mayBlame: line.blame.isFound
            )
        }
    }

    /// Keeps which items lines blame: only the last line is looked at for them, and nothing that is
    /// named in another is to be lost without a word.
    private mutating func keepBlame(
        of lines: ArraySlice<ArraySlice<UInt8>>,
        where isMeant: (ArraySlice<UInt8>) -> Bool
    ) {
        if let long {
            passLast()
            mayBlameAtLast = long.mayBlame
        }
        for line in lines where isMeant(line) {
            passLast()
            if line.count > Self.longestLine {
                mayBlameAtLast = ProgramBlame.mayBlame(line)
            } else {
                badAtLast = ProgramBlame.items(in: line)
            }
        }
    }

    private mutating func passLast() {
        if mayBlameAtLast {
            mayBlameBefore = true
            mayBlameAtLast = false
        }
        guard !badAtLast.isEmpty else { return }
        badBefore.formUnion(badAtLast)
        badAtLast = []
    }

    private static func line(_ bytes: ArraySlice<UInt8>) -> Line {
        if let text = String(validating: bytes, as: UTF8.self) { return Line(text: text) }
        return Line(text: String(decoding: bytes, as: UTF8.self), fault: "it is not UTF-8")
    }
}
