import Tranche

/// The text of an option, or `-` for standard input: Linux takes no argument above 128 KiB.
struct GivenText: Sendable {
    /// Most bytes of standard input, which are those of a program's last line, too.
    private static let most = LineCollector.longestLine

    private let text: String
    private let option: String

    /// Keeps the text of an option.
    init(_ text: String, of option: String) {
        self.text = text
        self.option = option
    }

    /// The text; `nil` where it is on standard input.
    var known: String? { text == "-" ? nil : text }

    /// The text, read where it is on standard input.
    ///
    /// - Returns: The text, without a line break at its end where it was read.
    /// - Throws: ``UsageError`` where it is too long, or not UTF-8; ``SystemError``.
    func read() async throws -> String {
        if let known { return known }
        let tooLong = UsageError("\(option) has more than 1 MiB on standard input")
        let file = try LineFile(text, longest: Self.most, fault: tooLong)
        var lines: [[UInt8]] = []
        var size = 0
        while let more = try await file.next() {
            lines += more
            size += more.reduce(0) { $0 + $1.count + 1 }
            guard size <= Self.most + 1 else { throw tooLong }
        }
        let bytes = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw UsageError("\(option) on standard input is not UTF-8")
        }
        return text
    }
}
