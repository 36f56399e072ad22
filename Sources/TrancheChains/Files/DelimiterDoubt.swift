import FoundationEssentials

/// A sign that a file whose records have a single field is read with a wrong delimiter.
package struct DelimiterDoubt: Sendable, Hashable {
    /// The delimiter that the file is read with, as the option spells it.
    package let delimiter: String
    /// The name of the only field.
    package let field: String
    /// The delimiter to try, as the option spells it.
    package let likelier: String
    /// Whether that one parts all first records alike, and not the header alone.
    package let isClear: Bool

    /// Looks for a sign; `nil` where there is none.
    ///
    /// - Parameters:
    ///   - names: The names of the fields.
    ///   - dialect: How the file is read.
    ///   - rival: What parts all first records alike; `nil` for nothing.
    init?(_ names: [String], _ dialect: CSVDialect, rival: UInt8?) {
        guard names.count == 1, let name = names.first else { return nil }
        let own = String(decoding: dialect.delimiter, as: UTF8.self)
        guard let other = rival.map({ String(UnicodeScalar($0)) }) ?? Self.likeliest(in: name, own)
        else { return nil }
        delimiter = Self.spelt(own)
        field = Self.spelt(name)
        likelier = Self.spelt(other)
        isClear = rival != nil
    }

    /// What seems to part a name, other than its own delimiter.
    private static func likeliest(in name: String, _ own: String) -> String? {
        let counts = CSVGuess.rivals.map { String(UnicodeScalar($0)) }.filter { $0 != own }
            .map { (text: $0, parts: name.components(separatedBy: $0).count) }
        guard let best = counts.max(by: { $0.parts < $1.parts }), best.parts > 1 else {
            return nil
        }
        return best.text
    }

    private static func spelt(_ text: String) -> String { text.replacing("\t", with: "\\t") }

    /// The sign and the remedy, in words.
    package var hint: String { "its only field is '\(field)'; try --delimiter '\(likelier)'" }
}
