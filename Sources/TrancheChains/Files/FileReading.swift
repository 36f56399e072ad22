package import Tranche

/// How a file is to be read, as it was asked for: what opens it anew needs nothing else.
package struct FileReading: Sendable, Hashable, Codable {
    /// How a CSV file is written; `nil` where none is asked for.
    package var csv: CSVFormat?
    /// How a file of JSON is written; `nil` where none is asked for.
    package var json: JSONFormat?
    /// The encoding of the text; `nil` when the file is to say.
    package var encoding: TextEncoding?

    /// Makes a reading.
    package init(
        csv: CSVFormat? = nil,
        json: JSONFormat? = nil,
        encoding: TextEncoding? = nil
    ) {
        self.csv = csv
        self.json = json
        self.encoding = encoding
    }

    /// Reads what a definition keeps; `nil` where it keeps nothing, as those of earlier versions.
    ///
    /// - Parameter definition: The definition of a file's records.
    /// - Throws: `DecodingError` for what something else wrote.
    package init?(_ definition: SourceDefinition) throws {
        guard let text = definition.reading else { return nil }
        self = try JSONText.decode(Self.self, from: text)
    }

    /// As definitions keep it: equal text means equal reading.
    var text: String {
        get throws { try JSONText.encode(self) }
    }
}
