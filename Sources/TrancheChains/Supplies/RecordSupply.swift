package import Tranche

/// The records of one batch, where they are not those of the batch's own source: such as what the
/// events of a batch bring along, or what is in the files that they name.
package protocol RecordSupply: Sendable {
    /// The fields of all records; `nil` where each says its own.
    var fields: RecordFields? { get }

    /// Reads the records; again for each pass.
    ///
    /// - Parameter onFault: Told of what is not a record, which is then left out; may throw to end
    ///   the reading.
    /// - Returns: The records. An id is one record's alone, over all batches of the run.
    /// - Throws: What keeps them from being read; what `onFault` throws.
    func records(onFault: @escaping (RecordFault) throws -> Void) async throws
        -> ChunkReader<Record>

    /// Says where a record is from.
    ///
    /// - Parameter id: The record's id.
    /// - Returns: The place.
    func place(of id: Int64) -> RecordPlace

    /// Finds out on which lines of their files records begin; none by default.
    ///
    /// - Parameter ids: The records.
    /// - Returns: The lines, as far as they are known.
    func lines(of ids: some Sequence<Int64>) async -> [Int64: RecordLine]
}

extension RecordSupply {
    package func lines(of ids: some Sequence<Int64>) async -> [Int64: RecordLine] { [:] }
}

/// Where a record is from.
package struct RecordPlace: Sendable, Hashable {
    /// The batch's item, which is quarantined with the record.
    package var item: Int64
    /// The file; `nil` where there is none.
    package var file: String?
    /// The offset of its first byte in the file.
    package var offset: Int64?

    /// Makes a place.
    package init(item: Int64, file: String? = nil, offset: Int64? = nil) {
        self.item = item
        self.file = file
        self.offset = offset
    }

    /// In words, in front of what is wrong with it; empty where the item says all.
    var words: String {
        guard let file, let offset else { return "" }
        return "'\(file)' at offset \(offset): "
    }
}

/// Texts of JSON objects as records, each with an id.
package struct TextSupply: RecordSupply {
    private let texts: [(id: Int64, json: String)]

    /// Takes texts, ascending by id.
    package init(_ texts: [(id: Int64, json: String)]) {
        self.texts = texts
    }

    /// Each says its own.
    package var fields: RecordFields? { nil }

    package func place(of id: Int64) -> RecordPlace { RecordPlace(item: id) }

    package func records(
        onFault: @escaping (RecordFault) throws -> Void
    ) async throws -> ChunkReader<Record> {
        var bytes: [UInt8] = []
        // Where each begins, ascending.
        var starts: [Int64] = []
        for text in texts {
            starts.append(Int64(bytes.count))
            // Between the tokens of JSON a line's end is a space like any other.
            bytes += text.json.utf8.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
            bytes.append(0x0A)
        }
        var parser = JSONParser()
        let ids = texts.map(\.id)
        let (blocks, _) = try parser.parse(bytes, at: 0, isLast: true) { fault in
            var fault = fault
            fault.id = Self.id(at: fault.id, starts, ids)
            try onFault(fault)
        }
        var left = blocks[...]
        return ChunkReader {
            guard let block = left.popFirst() else { return nil }
            return block.numbered { Self.id(at: $0, starts, ids) }.records
        }
    }

    private static func id(at offset: Int64, _ starts: [Int64], _ ids: [Int64]) -> Int64 {
        var (low, high) = (0, starts.count)
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] <= offset { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? ids[low - 1] : 0
    }
}

extension RecordBlock {
    /// The same records with other ids.
    func numbered(_ number: (Int64) -> Int64) -> RecordBlock {
        RecordBlock(
            fields: fields,
            bytes: bytes,
            cells: cells,
            ids: ids.map(number),
            surplus: surplus
        )
    }
}
