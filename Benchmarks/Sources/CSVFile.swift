import Foundation

/// The CSV file that chains are measured on.
///
/// Six columns, 5 % of the names quoted, 2 % not ASCII, one row in a thousand not valid; the same
/// rows each time.
struct CSVFile {
    let path: String
    let rows: Int

    static let schema = """
        {
          "type": "object",
          "properties": {
            "id": {"type": "integer", "exclusiveMinimum": 0},
            "name": {"type": "string", "minLength": 1, "maxLength": 200},
            "category": {"enum": ["alpha", "beta", "gamma", "delta"]},
            "amount": {"type": "number", "minimum": 0},
            "created_at": {"type": "string", "format": "date-time"},
            "active": {"type": "boolean"}
          },
          "required": ["id", "name", "category", "amount", "created_at", "active"]
        }
        """

    /// Makes the file, unless it is there.
    ///
    /// - Parameters:
    ///   - rows: How many rows.
    ///   - quotes: Whether some names stand in quotes.
    ///   - isValid: Whether all rows are valid, as loaders into typed columns want them.
    /// - Throws: What writing throws.
    init(rows: Int, quotes: Bool = true, isValid: Bool = false) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tranche-bench")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path =
            folder.appending(
                path: "rows-\(rows)\(quotes ? "" : "-plain")\(isValid ? "-valid" : "").csv"
            ).path
        self.rows = rows
        if FileManager.default.fileExists(atPath: path) { return }
        var text = "id,name,category,amount,created_at,active\n"
        var row = Row()
        for number in 1...rows {
            text += row.next(number, quotes: quotes, isValid: isValid)
        }
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    var size: Int64 {
        get throws {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            return (attributes[.size] as? NSNumber)?.int64Value ?? 0
        }
    }
}

/// Makes one row after the other.
private struct Row {
    private static let words = [
        "river", "ledger", "orbit", "copper", "meadow", "signal", "harbor", "violet", "anchor",
        "summit",
    ]
    private static let categories = ["alpha", "beta", "gamma", "delta"]
    private var state: UInt64 = 88_172_645_463_325_252

    mutating func next(_ number: Int, quotes: Bool, isValid: Bool) -> String {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        let name = name(quotes: quotes)
        let category = Self.categories[Int((state >> 30) & 3)]
        var cents = String((state >> 11) % 10_000_000)
        cents = String(repeating: "0", count: max(0, 3 - cents.count)) + cents
        var amount = cents.dropLast(2) + "." + cents.suffix(2)
        if !isValid, (state >> 5) % 1000 == 0 { amount = (state >> 40) & 1 == 1 ? "-1.00" : "n/a" }
        let second = (state >> 13) % 86_400
        let time = [second / 3600, second / 60 % 60, second % 60].map(two).joined(separator: ":")
        let day = "2024-\(two(1 + (state >> 33) % 12))-\(two(1 + (state >> 37) % 28))"
        let active = (state >> 41) & 1 == 1
        return "\(number),\(name),\(category),\(amount),\(day)T\(time),\(active)\n"
    }

    private func name(quotes: Bool) -> String {
        func word(_ shift: UInt64) -> String { Self.words[Int((state >> shift) % 10)] }
        let lot = (state >> 20) % 9973
        let name = "\(word(0)) \(word(8)) \(word(16)) no \(state % 1_000_003) of lot \(lot)"
        switch state % 100 {
        case 0..<5 where quotes: return "\"\(name), \"\"\(word(24))\"\"\""
        case 5..<7: return "Größe \(name) né"
        default: return name
        }
    }

    private func two(_ value: UInt64) -> String {
        value < 10 ? "0\(value)" : String(value)
    }
}
