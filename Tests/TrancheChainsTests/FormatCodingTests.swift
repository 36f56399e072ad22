import Foundation
import Testing

@testable import TrancheChains

@Suite("Formats as JSON")
struct FormatCodingTests {
    static let readings = [
        FileReading(),
        FileReading(csv: CSVFormat()),
        FileReading(csv: .tsv),
        FileReading(csv: .postgreSQLCopy),
        FileReading(csv: .mariaDBOutfile),
        FileReading(
            csv: CSVFormat(
                delimiter: "||",
                quote: "'",
                escapes: .character("\\"),
                nulls: ["", "NULL"],
                header: ["a", "b,c"],
                headerLines: 2,
                skippedLines: 3,
                comment: "#",
                raggedRecords: .fit,
                invalidText: .replace,
                guesses: [.delimiter, .header]
            )
        ),
        FileReading(
            json: JSONFormat(layout: .values, nonFiniteNumbers: .null, invalidText: .replace)
        ),
    ]

    @Test("What was written is read as it was", arguments: readings)
    func roundTrip(reading: FileReading) throws {
        let data = try JSONEncoder().encode(reading)
        #expect(try JSONDecoder().decode(FileReading.self, from: data) == reading)
    }

    @Test("An encoding is its name, and one that nobody knows is refused")
    func encoding() throws {
        let reading = FileReading(encoding: try TextEncoding("latin1"))
        #expect(try reading.text == #"{"encoding":"ISO-8859-1"}"#)
        #expect(throws: (any Error).self) {
            try JSONDecoder().decode(FileReading.self, from: Data(#"{"encoding":"no/such"}"#.utf8))
        }
        #expect(throws: (any Error).self) {
            try JSONDecoder().decode(CSVFormat.self, from: Data(#"{"quote":"ab"}"#.utf8))
        }
    }
}
