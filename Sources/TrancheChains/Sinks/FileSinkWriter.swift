import Tranche

/// Writes a batch's records to its file.
///
/// A CSV file begins with the fields of the first record. Where a later one has others, the header
/// grows, and the file is written once more at the end, with what was written under the narrower
/// header brought under the last one.
final class FileSinkWriter: RecordWriter {
    private static let step = 1 << 18

    private let file: OutputFile
    private let format: any RecordFileFormat
    private var bytes: [UInt8] = []
    private var flushed = 0

    // MARK: Headers

    private let csv: CSVWriting?
    private var names: [String] = []
    /// Where records begin that were written under a header, and its fields.
    private var stretches: [(start: Int, names: [[UInt8]])] = []
    /// The fields of the last record, and where the header's are among them.
    private var last: Layout?
    /// What was found for other fields since the header last grew.
    private var layouts: [ObjectIdentifier: Layout] = [:]

    private struct Layout {
        let fields: RecordFields
        let places: [Int?]?
    }

    init(file: OutputFile, format: any RecordFileFormat) {
        self.file = file
        self.format = format
        csv = format as? CSVWriting
    }

    func write(_ records: [Record]) async throws {
        for record in records {
            if let csv, last?.fields !== record.fields { align(record.fields, csv) }
            format.append(record, at: last?.places, to: &bytes)
            if bytes.count >= Self.step { try await flush() }
        }
    }

    /// Finds where a record has the header's fields, which get those that they lack.
    private func align(_ fields: RecordFields, _ csv: CSVWriting) {
        if let known = layouts[ObjectIdentifier(fields)] {
            last = known
            return
        }
        // Columns are told apart by their bytes, also where parts are put together.
        let known = Set(names.map { Array($0.utf8) })
        let added = fields.names.filter { !known.contains(Array($0.utf8)) }
        // Records without a field have an empty header.
        let isFirst = stretches.isEmpty
        if isFirst || !added.isEmpty {
            names += added
            let spelt = csv.spelt(names)
            if isFirst { CSVRealigner.append(spelt, csv.delimiter, &bytes) }
            stretches.append((flushed + bytes.count, spelt))
            layouts = [:]
        }
        let isAlike = fields.areSpelt(names)
        let layout = Layout(
            fields: fields,
            places: isAlike ? nil : names.map { fields.place(spelt: $0) }
        )
        // Files whose records all differ are not remembered for ever.
        if layouts.count > 100 { layouts = [:] }
        layouts[ObjectIdentifier(fields)] = layout
        last = layout
    }

    private func flush() async throws {
        try await file.append(bytes)
        flushed += bytes.count
        bytes.removeAll(keepingCapacity: true)
    }

    func finish() async throws -> Counters {
        try await flush()
        if let csv, stretches.count > 1 { return try await finishAligned(csv) }
        try await file.finish()
        return Counters(["bytes_written": flushed])
    }

    /// Writes the file once more, under its last header.
    private func finishAligned(_ csv: CSVWriting) async throws -> Counters {
        let header = csv.spelt(names)
        // It takes the place of what was written so far.
        let aligned = OutputFile(file.temporary, mark: "aligned")
        try await aligned.open()
        var size = 0
        do {
            var line: [UInt8] = []
            CSVRealigner.append(header, csv.delimiter, &line)
            try await aligned.append(line)
            size = line.count
            for (index, stretch) in stretches.enumerated() {
                let end = index + 1 < stretches.count ? stretches[index + 1].start : flushed
                var realigner = CSVRealigner(
                    from: stretch.names,
                    to: header,
                    delimiter: csv.delimiter
                )
                try await PartFolder.eachChunk(
                    of: file.temporary,
                    from: Int64(stretch.start),
                    to: Int64(end)
                ) { chunk in
                    var records: [UInt8] = []
                    realigner.append(chunk, to: &records)
                    try await aligned.append(records)
                    size += records.count
                }
            }
            try await aligned.finish()
        } catch {
            await aligned.abandon()
            throw error
        }
        try await file.finish()
        return Counters(["bytes_written": size])
    }

    func abandon() async {
        await file.abandon()
    }
}
