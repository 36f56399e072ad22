import FoundationEssentials

/// Keeps the end of what a program writes.
package struct OutputTail: Sendable {
    private static let most = AttemptOutput.mostBytes
    /// Room for the mark that says how much was left out.
    private static let markRoom = 64

    private var bytes: [UInt8] = []
    private var dropped = 0

    /// Keeps nothing yet.
    package init() {}

    /// Takes what was written.
    package mutating func add(_ more: some Collection<UInt8>) {
        bytes += more
        // What is kept until the end is more than what is kept then: a password that is cut in two
        // is not known as one.
        guard bytes.count > 4 * Self.most else { return }
        let surplus = bytes.count - 2 * Self.most
        bytes.removeFirst(surplus)
        dropped += surplus
    }

    /// The end of what was written after something else.
    func following(_ earlier: OutputTail) -> OutputTail {
        var tail = earlier
        tail.add(bytes)
        tail.dropped += dropped
        return tail
    }

    /// The end, as a database can keep it: UTF-8 without a NUL, without passwords, at most 64 KiB,
    /// cut at a line where there is one, with a mark that says how much was left out.
    package var text: String {
        let whole = Self.masked(String(decoding: bytes, as: UTF8.self).replacing("\0", with: ""))
        let length = whole.utf8.count
        guard dropped > 0 || length > Self.most else { return whole }
        var rest = Array(whole.utf8.suffix(Self.most - Self.markRoom))
        if let line = rest.firstIndex(of: UInt8(ascii: "\n")), line < rest.count - 1 {
            rest.removeFirst(line + 1)
        } else {
            // The rest of a character is none.
            rest.removeFirst(rest.prefix { $0 & 0xC0 == 0x80 }.count)
        }
        let missing = dropped + length - rest.count
        return "[\(missing) bytes left out]\n" + String(decoding: rest, as: UTF8.self)
    }

    /// The last line that says something.
    package var lastLine: String? { lastLine { _ in true } }

    /// The last line that says something, among those that are meant.
    func lastLine(where isMeant: (String) -> Bool) -> String? {
        for line in Self.lines(bytes).reversed() {
            guard line.contains(where: { $0 != 32 && $0 != 9 && $0 != 13 && $0 != 0 }) else {
                continue
            }
            let text = String(decoding: line.suffix(4000), as: UTF8.self)
                .replacing("\0", with: "").trimmed(.all)
            if isMeant(text) { return line.count > 4000 ? "…" + text : text }
        }
        return nil
    }

    private static func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        bytes.suffix(1 << 14).split(separator: UInt8(ascii: "\n"))
    }

    /// Line by line, since few of them may hold a password, and looking for it takes a while.
    private static func masked(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            redacted(String(line))
        }.joined(separator: "\n")
    }
}
