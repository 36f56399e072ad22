import FoundationEssentials
import Tranche

/// Reads an id or a batch's number: any whole number of 64 bits.
func parseID(_ text: String) throws -> Int64 {
    guard let id = Int64(text) else {
        throw ValueError("this is not a whole number from \(Int64.min) to \(Int64.max)")
    }
    return id
}

/// Reads a whole number of at least `least`.
func parseCount(_ text: String, from least: Int = 1) throws -> Int {
    guard let count = Int(text), count >= least else {
        throw ValueError("give a whole number, \(least) or more")
    }
    return count
}

/// Reads a whole number, below 0 or not.
func parseInteger(_ text: String) throws -> Int {
    guard let number = Int(text) else { throw ValueError("give a whole number") }
    return number
}

/// Reads a number above 0, such as `3` or `0.5`.
func parseShare(_ text: String) throws -> Double {
    guard let number = Double(text), number > 0, number.isFinite else {
        throw ValueError("give a number above 0, such as 3 or 0.5")
    }
    return number
}

/// Reads bounds such as `20..80`, `20...80`, `20..` or `..80`.
func parseBounds(_ text: String) throws -> IDBounds {
    let example = "bounds look like 20..80, 20.. or ..80"
    guard let dots = text.firstRange(of: "..") else { throw ValueError(example) }
    let first = text[..<dots.lowerBound]
    let last = text[dots.upperBound...].drop { $0 == "." }
    guard !first.isEmpty || !last.isEmpty, !first.contains(".") else { throw ValueError(example) }
    let bounds = IDBounds(
        lower: first.isEmpty ? nil : try parseID(String(first)),
        upper: last.isEmpty ? nil : try parseID(String(last))
    )
    if let lower = bounds.lower, let upper = bounds.upper, lower > upper {
        throw ValueError("the lower end is above the upper; write \(upper)..\(lower)")
    }
    return bounds
}

/// Reads ids and ranges of them, such as `5,9..12`.
///
/// - Parameter text: The text.
/// - Returns: The ids, each once; at least one.
/// - Throws: ``ValueError``.
func parseIDs(_ text: String) throws -> IDRuns {
    var ids = IDRuns()
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
        let word = part.trimmed()
        guard !word.isEmpty else { throw ValueError("ids look like 5,9..12") }
        if let range = hyphenated(word) {
            throw ValueError("'\(word)' is no id; a range is written \(range)")
        }
        let bounds =
            word.contains("..")
            ? try parseBounds(word) : IDBounds(lower: try parseID(word), upper: try parseID(word))
        guard let lower = bounds.lower, let upper = bounds.upper else {
            throw ValueError("'\(word)' has one end; ids look like 5,9..12")
        }
        let (span, overflow) = upper.subtractingReportingOverflow(lower)
        guard !overflow, span < 1_000_000_000_000 else {
            throw ValueError(
                "'\(word)' are too many ids; give at most 1,000,000,000,000 in a range"
            )
        }
        ids = ids.union(IDRuns(lower...upper))
    }
    return ids
}

/// The range that two whole numbers with a hyphen between them stand for, as it is written here;
/// `nil` where a text is something else.
private func hyphenated(_ text: String) -> String? {
    let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty,
        parts[0].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
        let first = Int64(parts[0]), let last = Int64(parts[1])
    else { return nil }
    return "\(min(first, last))..\(max(first, last))"
}
