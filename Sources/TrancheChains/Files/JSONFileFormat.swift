import Tranche

/// The format of a file of JSON objects.
struct JSONFileFormat: FileFormat {
    /// The longest beginning that is looked at to see how content is laid out.
    private static let longestLook: Int64 = 16 << 20

    let format: JSONFormat
    /// Where records end, once that was seen.
    private(set) var kind = JSONLayout.lines
    private var dataStart: Int64 = 0

    let prefix = "jsonl:"

    init(_ format: JSONFormat) {
        self.format = format
    }

    var description: String {
        var parts = [kind.description]
        switch format.nonFiniteNumbers {
        case .refuse: break
        case .accept: parts.append("NaN and infinity are numbers")
        case .null: parts.append("NaN and infinity are null")
        }
        if format.invalidText == .replace { parts.append("invalid text replaced") }
        return parts.joined(separator: ", ")
    }

    func reading(_ encoding: TextEncoding?) -> FileReading {
        FileReading(json: format, encoding: encoding)
    }

    func recognized(
        in bytes: any ByteReader,
        size: Int64,
        grows: Bool
    ) async throws -> any FileFormat {
        var recognized = self
        guard size > 0 else { return recognized }
        var length = min(size, 1 << 16)
        while true {
            let start = try await bytes.read(0..<length)
            // A size that is unknown shows by the end.
            let isWhole = Int64(start.count) >= size || Int64(start.count) < length
            let guess = JSONGuess(
                start,
                isWhole: isWhole,
                mayEnd: isWhole || length >= Self.longestLook,
                format: format,
                name: bytes.name,
                grows: grows
            )
            guard let (layout, dataStart) = try guess.layout() else {
                length = min(size, length * 4)
                continue
            }
            recognized.kind = layout
            recognized.dataStart = dataStart
            break
        }
        if grows { try requireFollowable(recognized.kind, bytes.name) }
        return recognized
    }

    private func requireFollowable(_ layout: JSONLayout, _ name: String) throws {
        let what: String
        switch layout {
        case .lines, .sequence: return
        case .array: what = "is a JSON array, which ends"
        case .objects: what = "holds JSON objects that span lines"
        }
        throw TrancheError(
            .invalidSource,
            "'\(name)' \(what): it cannot be followed while it grows. Follow a file of JSON Lines, an object a "
                + "line, or load this one as it is"
        )
    }

    func head(of bytes: any ByteReader, size: Int64) async throws -> FileHead {
        FileHead(dataStart: dataStart)
    }

    func scanner(at offset: Int64) -> any RecordScanning {
        switch kind {
        case .lines, .sequence: JSONLineScanner(at: offset, layout: kind)
        case .objects: JSONValueScanner(at: offset, arrayStart: nil)
        case .array(let start): JSONValueScanner(at: offset, arrayStart: start)
        }
    }

    func parser(fields: RecordFields?) -> any RecordParser {
        JSONParser(format: format, layout: kind)
    }
}
