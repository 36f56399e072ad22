package import Tranche

/// What is known of a file before its records are handed out.
package struct FileForecast: Sendable {
    /// How it is written, as names and words.
    package var layout: [(name: String, words: String)]
    /// Its first records.
    package var records: [Record]
    /// What stands among them and is not a record.
    package var faults: [RecordFault]
}

/// A source that finds out how its content is written.
package protocol FileForecasting: Sendable {
    /// The properties guessed from the content, in words.
    var notes: [String] { get }
    /// What tells that the fields have another delimiter; `nil` where nothing does.
    var delimiterDoubt: DelimiterDoubt? { get }

    /// Looks at the first records.
    ///
    /// - Parameter count: The most records.
    /// - Returns: How the content is written, and the records.
    /// - Throws: As reading does.
    func forecast(_ count: Int) async throws -> FileForecast
}

extension FileMetaSource: FileForecasting {
    var notes: [String] { format.notes.map { "'\(bytes.name)': \($0)" } }

    var delimiterDoubt: DelimiterDoubt? {
        guard let csv = format as? CSVFileFormat, let fields else { return nil }
        return DelimiterDoubt(fields.names, csv.dialect, rival: csv.rival)
    }

    func forecast(_ count: Int) async throws -> FileForecast {
        var forecast = FileForecast(layout: format.layout, records: [], faults: [])
        var size = try await bytes.state().size
        var parser = format.parser(fields: fields)
        var place = dataStart
        var step = Self.chunk
        while place < size, forecast.records.count < count {
            let end = min(size, place + step)
            let read = try await read(place..<end, goingOnTo: end, size: &size)
            let isLast = place + Int64(read.count) == size
            let (blocks, used) = try parser.parse(
                read,
                at: place,
                isLast: isLast
            ) { if forecast.faults.count < count { forecast.faults.append($0) } }
            forecast.records += blocks.flatMap(\.records)
            let isTooLong = Int64(read.count) > Self.longestRecord
            if used == 0, isLast || read.isEmpty || isTooLong { break }
            step = used == 0 ? step * 4 : Self.chunk
            place += Int64(used)
        }
        forecast.records = Array(forecast.records.prefix(count))
        return forecast
    }
}
