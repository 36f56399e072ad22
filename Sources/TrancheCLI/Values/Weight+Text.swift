import Foundation

/// Reads a weight such as `64MiB`, `1.5GB`, `10k` or `250`.
///
/// - Parameter text: The text.
/// - Returns: The weight; above 0 and finite.
/// - Throws: ``ValueError``.
func parseWeight(_ text: String) throws -> Double {
    let (number, unit) = try splitNumber(text, as: "weight")
    guard let factor = weightUnits[unit.count > 1 ? unit.lowercased() : unit] else {
        throw ValueError(
            "'\(unit)' is no unit of weight; use B, KB, MB, GB, TB, KiB, MiB, GiB, TiB, k, M or G"
        )
    }
    let weight = number * factor
    guard weight > 0, weight.isFinite else {
        throw ValueError("a weight is above 0 and finite")
    }
    return weight
}

private let weightUnits: [String: Double] = [
    "": 1, "B": 1, "b": 1, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
    "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
    "kib": 1024, "mib": 1_048_576, "gib": 1_073_741_824, "tib": 1_099_511_627_776,
]

/// Splits text into a decimal number and what follows it.
func splitNumber(_ text: String, as what: String) throws -> (number: Double, unit: String) {
    var unit = Substring(text)
    var digits = ""
    if let sign = unit.first, sign == "-" || sign == "+" { digits.append(unit.removeFirst()) }
    while let character = unit.first, character.isASCII, character.isNumber || character == "." {
        digits.append(unit.removeFirst())
    }
    if unit.first == "e" || unit.first == "E", let exponent = Int(unit.dropFirst()) {
        digits += "e\(exponent)"
        unit = ""
    }
    guard let number = Double(digits), digits.contains(where: \.isNumber) else {
        throw ValueError("this is no \(what); give a number, with or without a unit")
    }
    return (number, String(unit).trimmingCharacters(in: .whitespaces))
}
