/// A format as an object of what differs from the default.
extension CSVFormat: Codable {
    private enum CodingKeys: String, CodingKey {
        case delimiter, quote, escapes, nulls, header, headerLines, skippedLines, comment
        case raggedRecords, invalidText, guesses
    }

    /// Reads what ``encode(to:)`` wrote; what is absent is the default.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func value<Value: Decodable>(_ key: CodingKeys) throws -> Value? {
            try values.decodeIfPresent(Value.self, forKey: key)
        }
        self.init()
        delimiter = try value(.delimiter) ?? delimiter
        if let text: String = try value(.quote) {
            guard text.count <= 1 else {
                throw DecodingError.dataCorruptedError(
                    forKey: .quote,
                    in: values,
                    debugDescription: "'\(text)' is more than one character"
                )
            }
            quote = text.first
        }
        escapes = try value(.escapes) ?? escapes
        nulls = try value(.nulls) ?? nulls
        header = try value(.header)
        headerLines = try value(.headerLines)
        skippedLines = try value(.skippedLines) ?? skippedLines
        comment = try value(.comment)
        raggedRecords = try value(.raggedRecords) ?? raggedRecords
        invalidText = try value(.invalidText) ?? invalidText
        guesses = Guesses(rawValue: try value(.guesses) ?? 0)
    }

    /// Writes what differs from the default; no quote is an empty text.
    public func encode(to encoder: any Encoder) throws {
        let plain = CSVFormat()
        var values = encoder.container(keyedBy: CodingKeys.self)
        func write<Value: Encodable & Equatable>(
            _ value: Value?,
            unless usual: Value?,
            _ key: CodingKeys
        ) throws {
            if value != usual { try values.encodeIfPresent(value, forKey: key) }
        }
        try write(delimiter, unless: plain.delimiter, .delimiter)
        try write(quote.map(String.init) ?? "", unless: plain.quote.map(String.init), .quote)
        try write(escapes, unless: plain.escapes, .escapes)
        try write(nulls, unless: plain.nulls, .nulls)
        try write(header, unless: plain.header, .header)
        try write(headerLines, unless: plain.headerLines, .headerLines)
        try write(skippedLines, unless: plain.skippedLines, .skippedLines)
        try write(comment, unless: plain.comment, .comment)
        try write(raggedRecords, unless: plain.raggedRecords, .raggedRecords)
        try write(invalidText, unless: plain.invalidText, .invalidText)
        try write(guesses.rawValue, unless: plain.guesses.rawValue, .guesses)
    }
}

/// Escapes as a text: `postgresql`, `mariadb`, `tsv`, the character itself, or an empty one for
/// none.
extension CSVFormat.Escapes: Codable {
    /// Reads what ``encode(to:)`` wrote.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        switch text {
        case "": self = .none
        case "postgresql": self = .postgreSQL
        case "mariadb": self = .mariaDB
        case "tsv": self = .tsv
        default:
            guard text.count == 1, let character = text.first else {
                throw DecodingError.dataCorruptedError(
                    in: container,
                    debugDescription:
                        "'\(text)' names no escapes; give one character, postgresql, mariadb or tsv"
                )
            }
            self = .character(character)
        }
    }

    /// Writes the text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .none: try container.encode("")
        case .postgreSQL: try container.encode("postgresql")
        case .mariaDB: try container.encode("mariadb")
        case .tsv: try container.encode("tsv")
        case .character(let character): try container.encode(String(character))
        }
    }
}
