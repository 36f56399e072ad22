/// Numbers with a unit as people write them, such as `90s` or `64MiB`.
package enum UnitText {
    /// What is wrong with a text.
    package struct Fault: Error {
        /// The rest of a sentence that begins with the text.
        package let message: String
    }

    /// Reads a duration such as `90s`, `500ms`, `5m`, `2h` or `1d`; a plain number is in seconds.
    ///
    /// - Parameter text: The text.
    /// - Returns: The duration; 0 or more, in whole milliseconds.
    /// - Throws: ``Fault``.
    package static func duration(_ text: String) throws(Fault) -> Duration {
        let (number, unit) = try split(text, as: "duration")
        guard let factor = timeUnits[unit] else {
            throw Fault(message: "'\(unit)' is not a unit of time; use ms, s, m, h or d")
        }
        let milliseconds = number * factor
        // A thousand years: what is longer is a slip, and would not fit everywhere.
        guard milliseconds >= 0, milliseconds < 3.2e13 else {
            throw Fault(message: "a duration is 0 or more, and below a thousand years")
        }
        return .milliseconds(milliseconds.nearestInteger)
    }

    /// Reads a weight such as `64MiB`, `1.5GB`, `10k` or `250`.
    ///
    /// - Parameter text: The text.
    /// - Returns: The weight; above 0 and finite.
    /// - Throws: ``Fault``.
    package static func weight(_ text: String) throws(Fault) -> Double {
        let (number, unit) = try split(text, as: "weight")
        guard let factor = weightUnits[unit.count > 1 ? unit.lowercased() : unit] else {
            throw Fault(
                message: "'\(unit)' is not a unit of weight; use B, KB, MB, GB, TB, KiB, MiB, GiB, "
                    + "TiB, k, M or G"
            )
        }
        let weight = number * factor
        guard weight > 0, weight.isFinite else {
            throw Fault(message: "a weight is above 0 and finite")
        }
        return weight
    }

    /// Reads a rate such as `1GiB/min`, `500/s` or `10k/5m`.
    ///
    /// - Parameter text: The text.
    /// - Returns: The rate, whose burst is what it gives in its time.
    /// - Throws: ``Fault``.
    package static func rate(_ text: String) throws(Fault) -> BudgetRate {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw Fault(message: "a rate is a weight and a time, such as 1GiB/min or 500/s")
        }
        let weight = try weight(String(parts[0]))
        let unit = String(parts[1])
        let time = try duration(unit.first?.isNumber ?? false ? unit : "1\(unit)")
        guard time > .zero else { throw Fault(message: "the time of a rate is above 0") }
        return BudgetRate(weight, per: time)
    }

    private static let timeUnits: [String: Double] = [
        "": 1000, "ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000,
    ]

    private static let weightUnits: [String: Double] = [
        "": 1, "B": 1, "b": 1, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
        "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
        "kib": 1024, "mib": 1_048_576, "gib": 1_073_741_824, "tib": 1_099_511_627_776,
    ]

    /// Splits text into a decimal number and what follows it.
    private static func split(
        _ text: String,
        as what: String
    ) throws(Fault) -> (number: Double, unit: String) {
        var unit = Substring(text)
        var digits = ""
        if let sign = unit.first, sign == "-" || sign == "+" { digits.append(unit.removeFirst()) }
        while let character = unit.first,
            character.isASCII, character.isNumber || character == "."
        {
            digits.append(unit.removeFirst())
        }
        if unit.first == "e" || unit.first == "E", let exponent = Int(unit.dropFirst()) {
            digits += "e\(exponent)"
            unit = ""
        }
        guard let number = Double(digits), digits.contains(where: \.isNumber) else {
            throw Fault(message: "this is not a \(what); give a number, with or without a unit")
        }
        let bare = unit.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()
        return (number, String(bare))
    }
}

extension Duration {
    /// The shortest text that ``UnitText/duration(_:)`` reads as this duration, such as `90s`.
    package var unitText: String {
        let milliseconds = milliseconds
        for (unit, factor) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)]
        where milliseconds != 0 && milliseconds % Int64(factor) == 0 {
            return "\(milliseconds / Int64(factor))\(unit)"
        }
        return "\(milliseconds)ms"
    }
}
