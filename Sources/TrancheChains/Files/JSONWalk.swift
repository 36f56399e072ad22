import Tranche

/// Goes from record to record while some bytes are read.
struct JSONWalk {
    private var reader: JSONObjectReader
    private let base: UnsafeMutablePointer<UInt8>
    /// The place of the byte that ends all.
    private let last: Int
    private let offset: Int64
    private let layout: JSONLayout
    private let isLast: Bool
    /// Whether all bytes are UTF-8.
    private let isText: Bool
    private let text: RepairedText?
    private var ids: [Int64] = []
    private var runs: [Run] = []
    private var used = 0

    /// Records with the same fields, one after the other.
    struct Run {
        let shape: JSONShape
        /// Behind the last of its records.
        let ids: Int
        let cells: Int
    }

    init(
        _ base: UnsafeMutablePointer<UInt8>,
        count: Int,
        offset: Int64,
        layout: JSONLayout,
        format: JSONFormat,
        isLast: Bool,
        isText: Bool,
        text: RepairedText?,
        shape: JSONShape,
        cells: Int
    ) {
        self.base = base
        last = count - 1
        self.offset = offset
        self.layout = layout
        self.isLast = isLast
        self.isText = isText
        self.text = text
        reader = JSONObjectReader(
            base,
            count: count,
            format: format,
            terminator: layout.terminator,
            shape: shape
        )
        reader.cells.reserveCapacity(cells)
        ids.reserveCapacity(cells / 4 + 16)
    }

    /// Reads all records.
    mutating func run(
        _ shapes: inout JSONShapes,
        _ onFault: (RecordFault) throws -> Void
    ) throws {
        switch layout {
        case .lines: try runLines(&shapes, onFault)
        case .sequence: try runSequence(&shapes, onFault)
        case .array, .objects: try runValues(&shapes, onFault)
        }
    }

    /// What was found.
    consuming func found() -> Found {
        endRun(reader.shape, reader.cells.count)
        return Found(
            shape: reader.shape,
            cells: reader.cells,
            respelt: reader.respelt,
            ids: ids,
            runs: runs,
            used: used
        )
    }

    // MARK: - Layouts

    private mutating func runLines(
        _ shapes: inout JSONShapes,
        _ onFault: (RecordFault) throws -> Void
    ) throws {
        while reader.place <= last {
            let start = reader.place
            reader.skipBlanks()
            if base[reader.place] != RecordScanner.newline {
                try readRecord(from: start, &shapes, onFault)
            }
            reader.place += 1
            used = reader.place
        }
    }

    private mutating func runSequence(
        _ shapes: inout JSONShapes,
        _ onFault: (RecordFault) throws -> Void
    ) throws {
        while reader.place < last {
            let start = reader.place
            if base[start] == JSONLayout.recordSeparator { reader.place += 1 }
            reader.skipBlanks()
            if base[reader.place] != JSONLayout.recordSeparator {
                try readRecord(from: start, &shapes, onFault)
            }
            used = reader.place
        }
    }

    private mutating func runValues(
        _ shapes: inout JSONShapes,
        _ onFault: (RecordFault) throws -> Void
    ) throws {
        while true {
            while reader.isBlank(base[reader.place]) || base[reader.place] == UInt8(ascii: ",") {
                reader.place += 1
            }
            used = reader.place
            // Behind the array nothing follows: the scanner saw to it.
            if reader.place >= last || base[reader.place] == UInt8(ascii: "]") {
                used = last
                return
            }
            guard try readValue(&shapes, onFault) else { return }
        }
    }

    // MARK: - Records

    /// Reads a record that a byte ends, and goes on to that byte.
    @inline(__always)
    private mutating func readRecord(
        from start: Int,
        _ shapes: inout JSONShapes,
        _ onFault: (RecordFault) throws -> Void
    ) throws {
        if !isText {
            let end = terminator(from: start)
            if let bad = invalid(start..<end) {
                try tell("is not UTF-8", at: bad, of: start..<end, onFault)
                reader.place = end
                return
            }
        }
        do throws(JSONObjectReader.Failure) {
            try readObject(from: start, &shapes)
        } catch {
            let end = terminator(from: start)
            try tell(error.message, at: error.place, of: start..<end, onFault)
            reader.place = end
        }
    }

    /// Reads a value that ends by itself.
    ///
    /// - Returns: Whether it ended.
    private mutating func readValue(
        _ shapes: inout JSONShapes,
        _ onFault: (RecordFault) throws -> Void
    ) throws -> Bool {
        let start = reader.place
        if !isText {
            guard let end = extent(from: start) else { return false }
            if let bad = invalid(start..<end) {
                try tell("is not UTF-8", at: bad, of: start..<end, onFault)
                reader.place = end
                return true
            }
        }
        do throws(JSONObjectReader.Failure) {
            try readObject(from: start, &shapes)
        } catch {
            guard let end = extent(from: start) else { return false }
            try tell(error.message, at: error.place, of: start..<end, onFault)
            reader.place = end
        }
        return true
    }

    @inline(__always)
    private mutating func readObject(
        from start: Int,
        _ shapes: inout JSONShapes
    ) throws(JSONObjectReader.Failure) {
        let cells = reader.cells.count
        let before = reader.shape
        if try !reader.object(&shapes) { endRun(before, cells) }
        ids.append(id(start))
    }

    private mutating func endRun(_ shape: JSONShape, _ cells: Int) {
        guard ids.count > runs.last?.ids ?? 0 else { return }
        runs.append(Run(shape: shape, ids: ids.count, cells: cells))
    }

    @inline(__always)
    private func id(_ place: Int) -> Int64 {
        guard let text else { return offset + Int64(place) }
        return offset + Int64(text.place(place))
    }

    private func tell(
        _ message: String,
        at place: Int,
        of range: Range<Int>,
        _ onFault: (RecordFault) throws -> Void
    ) throws {
        let bytes = UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)
        let input = String(decoding: bytes, as: UTF8.self).trimmingSuffix { $0.isNewline }
        let at = id(place) - id(range.lowerBound)
        let error = FieldError(message: "\(message), at its byte \(at)")
        try onFault(RecordFault(id: id(range.lowerBound), errors: [error], input: input))
    }

    private func invalid(_ range: Range<Int>) -> Int? {
        let bytes = UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)
        return UTF8Check.firstInvalid(bytes).map { range.lowerBound + $0 }
    }

    /// The place of the next byte that ends a record.
    private func terminator(from start: Int) -> Int {
        guard let terminator = layout.terminator else { return last }
        var place = start
        if layout == .sequence, base[place] == terminator { place += 1 }
        while place < last, base[place] != terminator { place += 1 }
        return place
    }

    /// Where the value that begins at a place ends; `nil` when that does not show yet.
    private func extent(from start: Int) -> Int? {
        var scanner = JSONValueScanner(at: Int64(start), arrayStart: nil)
        let bytes = UnsafeBufferPointer(start: base + start, count: last - start)
        _ = scanner.scan(bytes, limit: .max, most: 1)
        if scanner.count == 0, isLast { scanner.finish(limit: .max, most: 1) }
        if scanner.count > 0 { return Int(scanner.textEnd) }
        return isLast ? last : nil
    }
}

extension JSONWalk {
    /// What a walk found.
    struct Found {
        let shape: JSONShape
        private(set) var cells: [RecordCell] = []
        private var respelt: [Int] = []
        private let ids: [Int64]
        private let runs: [Run]
        let used: Int

        init(
            shape: JSONShape,
            cells: [RecordCell] = [],
            respelt: [Int] = [],
            ids: [Int64] = [],
            runs: [Run] = [],
            used: Int = 0
        ) {
            self.shape = shape
            self.cells = cells
            self.respelt = respelt
            self.ids = ids
            self.runs = runs
            self.used = used
        }

        /// Spells numbers that JSON does not know, within arrays and objects, as JSON.
        mutating func respell(_ bytes: inout [UInt8], _ way: JSONFormat.NonFiniteNumbers) {
            for index in respelt {
                let text = Self.respelled(bytes[cells[index].textRange], way)
                cells[index].start = UInt32(truncatingIfNeeded: bytes.count)
                cells[index].length = UInt32(truncatingIfNeeded: text.count)
                bytes += text
            }
        }

        private static func respelled(
            _ text: ArraySlice<UInt8>,
            _ way: JSONFormat.NonFiniteNumbers
        ) -> [UInt8] {
            var output: [UInt8] = []
            var isInText = false
            var place = text.startIndex
            while place < text.endIndex {
                let byte = text[place]
                let words = ["NaN", "Infinity", "-Infinity"]
                if !isInText,
                    let word = words.first(where: { text[place...].starts(with: $0.utf8) })
                {
                    output += (way == .null ? "null" : "\"\(word)\"").utf8
                    place += word.utf8.count
                    continue
                }
                if byte == UInt8(ascii: "\"") { isInText.toggle() }
                if byte == UInt8(ascii: "\\"), place + 1 < text.endIndex {
                    output.append(byte)
                    place += 1
                }
                output.append(text[place])
                place += 1
            }
            return output
        }

        /// The records, in blocks that have the same fields.
        func blocks(_ bytes: [UInt8]) -> [RecordBlock] {
            if runs.count == 1 {
                return [
                    RecordBlock(fields: runs[0].shape.fields, bytes: bytes, cells: cells, ids: ids)
                ]
            }
            var blocks: [RecordBlock] = []
            var (firstID, firstCell) = (0, 0)
            for run in runs {
                let block = RecordBlock(
                    fields: run.shape.fields,
                    bytes: bytes,
                    cells: Array(cells[firstCell..<run.cells]),
                    ids: Array(ids[firstID..<run.ids])
                )
                blocks.append(block)
                (firstID, firstCell) = (run.ids, run.cells)
            }
            return blocks
        }
    }
}
