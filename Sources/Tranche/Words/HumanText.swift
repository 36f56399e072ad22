package import FoundationEssentials

/// Numbers and times as people read them.
package enum HumanText {
    /// A whole number with separators, such as `1,234,567`.
    package static func number(_ value: some BinaryInteger) -> String {
        let digits = String(value)
        let sign = digits.hasPrefix("-") ? "-" : ""
        var result = ""
        for (index, digit) in digits.dropFirst(sign.count).reversed().enumerated() {
            if index > 0, index.isMultiple(of: 3) { result.append(",") }
            result.append(digit)
        }
        return sign + String(result.reversed())
    }

    /// A weight: `64.0 MiB` when it is bytes, else a number with separators.
    package static func weight(_ value: Double, isBytes: Bool) -> String {
        let value = value.clamped
        if isBytes { return bytes(value) }
        guard value.magnitude < 9e18 else { return String(value) }
        let whole = value.rounded(.towardZero)
        let number = number(Int64(whole))
        if whole == value { return number }
        let decimals = fixed((value - whole).magnitude, 2)
        return decimals.hasPrefix("1")
            ? Self.number(value.nearestInteger) : number + decimals.dropFirst()
    }

    private static func bytes(_ value: Double) -> String {
        guard value >= 1024 else { return "\(value.isNaN ? "NaN" : "\(value.nearestInteger)") B" }
        var value = value / 1024
        for unit in ["KiB", "MiB", "GiB", "TiB"] {
            if value < 1023.95 { return "\(fixed(value, 1)) \(unit)" }
            value /= 1024
        }
        return "\(fixed(value, 1)) PiB"
    }

    /// A number with a fixed number of decimals.
    package static func fixed(_ value: Double, _ decimals: Int) -> String {
        value.fixed(decimals)
    }

    /// A time seen from another: `3 min ago`, `in 20 s`, `now`.
    package static func relative(_ time: Date, to now: Date) -> String {
        let seconds = time.timeIntervalSince(now)
        let words = largestUnit(of: seconds.magnitude)
        guard let words else { return "now" }
        return seconds < 0 ? "\(words) ago" : "in \(words)"
    }

    private static func largestUnit(of seconds: Double) -> String? {
        switch seconds {
        case ..<0.5: nil
        case ..<59.5: "\(seconds.nearestInteger) s"
        case ..<3570: "\((seconds / 60).nearestInteger) min"
        case ..<84_600: "\((seconds / 3600).nearestInteger) h"
        default: "\((seconds / 86_400).nearestInteger) d"
        }
    }

    /// The ids of a range, such as `1...100`.
    package static func ids(_ first: Int64, _ last: Int64) -> String {
        "\(first)...\(last)"
    }

    /// The ids of a range that may be as wide as the id space.
    package static func ids(_ range: ClosedRange<Int64>) -> String {
        "\(range.lowerBound == .min ? "" : "\(range.lowerBound)")..."
            + (range.upperBound == .max ? "" : "\(range.upperBound)")
    }

    /// How many ids there are and which, as far as they fit: `3 ids: 1-2,7`.
    package static func ids(_ ids: IDRuns) -> String {
        let packed = ids.packed
        let shown = packed.count <= 200 ? packed : packed.prefix(200) + "… (all with --json)"
        return "\(count(ids.count, "id")): \(shown)"
    }

    /// A number of things, such as `1 batch` and `2 batches`.
    package static func count(_ count: Int, _ one: String, _ many: String? = nil) -> String {
        "\(number(count)) \(count == 1 ? one : many ?? one + "s")"
    }

    /// A text with its line breaks and other control characters escaped, such as `a\nb`.
    package static func oneLine(_ text: String) -> String {
        let isPlain = text.unicodeScalars.allSatisfy { !isControl($0) }
        if isPlain { return text }
        return text.unicodeScalars.map { isControl($0) ? $0.escaped(asASCII: true) : String($0) }
            .joined()
    }

    /// The first line of a text as far as it fits, with a mark where something was left out.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - count: Most characters.
    /// - Returns: The line, without control characters.
    package static func excerpt(_ text: String, _ count: Int = 80) -> String {
        let lines = text.split(maxSplits: 1, whereSeparator: \.isNewline)
        let first = String(lines.first ?? "")
        return oneLine((lines.count > 1 ? first + " …" : first).cut(to: count))
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    /// What no proof covers in a source, a line each.
    package static func risks(_ risks: [SourceRisk]) -> String {
        risks.map { "risk: \($0.explanation)\n" }.joined()
    }
}
