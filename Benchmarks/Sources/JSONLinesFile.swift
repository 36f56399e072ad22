import Foundation

/// The file of JSON Lines that chains are measured on.
///
/// Six fields: a whole number, a short text, a number with decimals, a boolean, a time, and a
/// longer text, of which one in ten has escapes and one in fifty letters that are not ASCII. The
/// same records each time.
struct JSONLinesFile {
    let path: String
    let rows: Int

    static let schema = """
        {
          "type": "object",
          "properties": {
            "id": {"type": "integer", "exclusiveMinimum": 0},
            "name": {"type": "string", "minLength": 1, "maxLength": 200},
            "amount": {"type": "number", "minimum": 0},
            "active": {"type": "boolean"},
            "created_at": {"type": "string", "format": "date-time"},
            "note": {"type": "string"}
          },
          "required": ["id", "name", "amount", "active", "created_at", "note"]
        }
        """

    /// Makes the file, unless it is there.
    ///
    /// - Parameter rows: How many records.
    /// - Throws: What writing throws.
    init(rows: Int) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tranche-bench")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.appending(path: "rows-\(rows).jsonl").path
        self.rows = rows
        if FileManager.default.fileExists(atPath: path) { return }
        var text = ""
        var state: UInt64 = 88_172_645_463_325_252
        for number in 1...rows {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            text += Self.line(number, state)
        }
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    private static func line(_ number: Int, _ state: UInt64) -> String {
        let words = [
            "river", "ledger", "orbit", "copper", "meadow", "signal", "harbor", "violet", "anchor",
            "summit",
        ]
        func word(_ shift: UInt64) -> String { words[Int((state >> shift) % 10)] }
        func two(_ value: UInt64) -> String { value < 10 ? "0\(value)" : String(value) }
        let day = "2024-\(two(1 + (state >> 33) % 12))-\(two(1 + (state >> 37) % 28))"
        let second = (state >> 13) % 86_400
        let time = [second / 3600, second / 60 % 60, second % 60].map(two).joined(separator: ":")
        var note =
            "\(word(0)) \(word(8)) \(word(16)) no \(state % 1_000_003) of lot \((state >> 20) % 9973)"
        switch state % 100 {
        case 0..<5: note += ", \\\"\(word(24))\\\""
        case 5..<7: note = "Größe \(note) né"
        case 7..<12: note += "\\nsecond line"
        default: break
        }
        let cents = (state >> 11) % 10_000_000
        return "{\"id\":\(number),\"name\":\"\(word(3))\((state >> 9) % 1000)\","
            + "\"amount\":\(cents / 100).\(two(cents % 100)),\"active\":\((state >> 41) & 1 == 1),"
            + "\"created_at\":\"\(day)T\(time)Z\",\"note\":\"\(note)\"}\n"
    }
}
