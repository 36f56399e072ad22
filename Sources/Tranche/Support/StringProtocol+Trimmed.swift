/// What is taken off the two ends of a text.
package enum TextMargin: Sendable, Hashable {
    /// Spaces of every kind and tabs.
    case blanks
    /// Line breaks of every kind.
    case lineBreaks
    /// Blanks and line breaks.
    case all

    fileprivate func contains(_ scalar: Unicode.Scalar) -> Bool {
        switch self {
        case .blanks: Self.isBlank(scalar)
        case .lineBreaks: Self.isLineBreak(scalar)
        case .all: Self.isBlank(scalar) || Self.isLineBreak(scalar)
        }
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\t" || scalar.properties.generalCategory == .spaceSeparator
    }

    // Source: Unicode Standard Annex 14, the classes BK, CR, LF and NL.
    private static func isLineBreak(_ scalar: Unicode.Scalar) -> Bool {
        (0x0A...0x0D).contains(scalar.value) || [0x85, 0x2028, 0x2029].contains(scalar.value)
    }
}

extension StringProtocol {
    /// The text without what stands around it.
    ///
    /// - Parameter margin: What is taken off.
    /// - Returns: The rest; empty where nothing else is in the text.
    package func trimmed(_ margin: TextMargin = .blanks) -> String {
        guard let first = unicodeScalars.firstIndex(where: { !margin.contains($0) }),
            let last = unicodeScalars.lastIndex(where: { !margin.contains($0) })
        else { return "" }
        return String(self[first..<unicodeScalars.index(after: last)])
    }
}
