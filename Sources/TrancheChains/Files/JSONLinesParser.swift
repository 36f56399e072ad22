import CByteScan
import Tranche

/// Reads lines that each hold a JSON object, into blocks of records with the same fields.
struct JSONLinesParser: RecordParser {
    private var fields: [[String]: RecordFields] = [:]

    mutating func parse(
        _ bytes: consuming [UInt8],
        at offset: Int64,
        isLast: Bool,
        onFault: (RecordFault) throws -> Void
    ) throws -> (blocks: [RecordBlock], used: Int) {
        var blocks: [RecordBlock] = []
        var open: (names: [String], cells: [RecordCell], ids: [Int64])?
        let bytes = bytes
        // Texts with escapes are written behind the bytes that were read.
        var texts = bytes
        var start = 0
        var used = 0
        while start < bytes.count {
            var end = start
            while end < bytes.count, bytes[end] != RecordScanner.newline { end += 1 }
            if end == bytes.count, !isLast { break }
            var line = bytes[start..<end]
            if line.last == RecordScanner.carriageReturn { line.removeLast() }
            let id = offset + Int64(start)
            start = end + 1
            used = min(start, bytes.count)
            if line.isEmpty { continue }
            var reader = JSONObjectReader(line)
            do {
                let members = try reader.object(&texts)
                if open?.names != members.names {
                    if let done = open { blocks.append(try block(done, texts)) }
                    open = (members.names, [], [])
                }
                open?.cells += members.cells
                open?.ids.append(id)
            } catch let error as JSONObjectReader.Failure {
                let input = String(decoding: line, as: UTF8.self)
                let message = "\(error.message), at its byte \(error.place)"
                try onFault(
                    RecordFault(id: id, errors: [FieldError(message: message)], input: input)
                )
            }
        }
        if let done = open { blocks.append(try block(done, texts)) }
        return (blocks, used)
    }

    private mutating func block(
        _ open: (names: [String], cells: [RecordCell], ids: [Int64]),
        _ bytes: [UInt8]
    ) throws -> RecordBlock {
        let known: RecordFields
        if let found = fields[open.names] {
            known = found
        } else {
            known = try RecordFields(open.names)
            // Files whose objects all differ are not remembered for ever.
            if fields.count > 100 { fields = [:] }
            fields[open.names] = known
        }
        return RecordBlock(fields: known, bytes: bytes, cells: open.cells, ids: open.ids)
    }
}
