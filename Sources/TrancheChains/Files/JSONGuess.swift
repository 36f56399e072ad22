import FoundationEssentials
import Tranche

/// Tells from the beginning of some JSON how it is laid out.
struct JSONGuess {
    private let bytes: [UInt8]
    /// Whether the bytes are all there are.
    private let isWhole: Bool
    /// Whether no more bytes are looked at.
    private let mayEnd: Bool
    private let format: JSONFormat
    private let name: String
    /// Whether more may be written behind the bytes.
    private let grows: Bool

    /// Makes a guess.
    ///
    /// - Parameters:
    ///   - bytes: The beginning.
    ///   - isWhole: Whether the bytes are all there are.
    ///   - mayEnd: Whether no more bytes can be looked at.
    ///   - format: What was told.
    ///   - name: What the content is.
    ///   - grows: Whether more may be written behind the bytes.
    init(
        _ bytes: [UInt8],
        isWhole: Bool,
        mayEnd: Bool,
        format: JSONFormat,
        name: String,
        grows: Bool = false
    ) {
        self.bytes = bytes
        self.isWhole = isWhole
        self.mayEnd = mayEnd
        self.format = format
        self.name = name
        self.grows = grows
    }

    /// The layout, and where the first record begins; `nil` when that shows only further on.
    ///
    /// - Throws: `TrancheError` `.invalidSource` for objects that no layout has.
    func layout() throws -> (JSONLayout, Int64)? {
        let start = bytes.starts(with: byteOrderMark) ? byteOrderMark.count : 0
        if format.layout == .lines { return (.lines, Int64(start)) }
        let first = skipBlanks(from: start)
        guard first < bytes.count else { return mayEnd ? (.lines, Int64(start)) : nil }
        switch bytes[first] {
        case UInt8(ascii: "["):
            let element = skipBlanks(from: first + 1)
            guard element < bytes.count || mayEnd else { return nil }
            return (.array(start: Int64(element)), Int64(element))
        case JSONLayout.recordSeparator where format.layout == .recognized:
            return (.sequence, Int64(first))
        case _ where format.layout == .values: return (.objects, Int64(first))
        case UInt8(ascii: "{"):
            return try objects(from: first).map { layout in
                (layout, Int64(layout == .lines ? start : first))
            }
        default: return (.lines, Int64(start))
        }
    }

    // MARK: - Objects

    private func objects(from start: Int) throws -> JSONLayout? {
        switch object(at: start) {
        case .open where !mayEnd: return nil
        case .open, .broken:
            // No line of JSON Lines is a brace alone; all else may be a bad line among good ones.
            return isBraceAlone(start) ? .objects : .lines
        case .ended(let end, let wrapped):
            let spansLines = bytes[start..<end].contains(RecordScanner.newline)
            let next = skipBlanks(from: end)
            if next == bytes.count {
                guard mayEnd else { return nil }
                let mayWrap = isWhole && !grows && (spansLines || !isNamedLines)
                if mayWrap, let wrapped { throw wraps(wrapped) }
                return spansLines ? .objects : .lines
            }
            if bytes[next] == UInt8(ascii: ",") {
                guard let isList = isList(from: next) else { return nil }
                if isList { throw lacksBrackets() }
            }
            if spansLines { return .objects }
            let isSameLine = !bytes[end..<next].contains(RecordScanner.newline)
            return isSameLine && bytes[next] == UInt8(ascii: "{") ? .objects : .lines
        }
    }

    /// Whether another object follows a comma, and behind it a comma or nothing; `nil` when that
    /// shows only further on.
    private func isList(from comma: Int) -> Bool? {
        let second = skipBlanks(from: comma + 1)
        guard second < bytes.count else { return mayEnd ? false : nil }
        switch object(at: second) {
        case .open: return mayEnd ? false : nil
        case .broken: return false
        case .ended(let end, _):
            let next = skipBlanks(from: end)
            guard next < bytes.count else { return mayEnd ? true : nil }
            return bytes[next] == UInt8(ascii: ",")
        }
    }

    private enum Look {
        case ended(Int, wrapped: String?)
        /// It goes on behind the bytes; it is not an object.
        case open, broken
    }

    private func object(at start: Int) -> Look {
        var copy = bytes[start...] + [0]
        return copy.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return .broken }
            var reader = JSONObjectReader(
                base,
                count: buffer.count,
                format: JSONFormat(nonFiniteNumbers: .accept, invalidText: .replace),
                terminator: nil,
                shape: JSONShape([], fields: .none)
            )
            var shapes = JSONShapes()
            do throws(JSONObjectReader.Failure) {
                _ = try reader.object(&shapes)
            } catch {
                return reader.place + 1 >= buffer.count ? .open : .broken
            }
            let end = start + reader.place
            return .ended(
                end,
                wrapped: wrapped(reader.cells, reader.shape.fields, UnsafePointer(base))
            )
        }
    }

    private func isBraceAlone(_ start: Int) -> Bool {
        var place = start + 1
        while place < bytes.count, bytes[place] != RecordScanner.newline {
            guard bytes[place] <= 0x20 else { return false }
            place += 1
        }
        return place < bytes.count
    }

    private func skipBlanks(from start: Int) -> Int {
        bytes[min(start, bytes.count)...].firstIndex {
            $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D
        } ?? bytes.count
    }

    // MARK: - What no layout has

    /// Whether the name says that each line is a record, and so is the only one.
    private var isNamedLines: Bool {
        let stem = CompressionEnding.removed(from: name.lowercased())
        return [".jsonl", ".ndjson", ".jsonlines"].contains(where: stem.hasSuffix)
    }

    /// The only field that holds an array of several objects, when that is the most of the object.
    private func wrapped(
        _ cells: [RecordCell],
        _ fields: RecordFields,
        _ base: UnsafePointer<UInt8>
    ) -> String? {
        let arrays = cells.indices.filter { index in
            cells[index].kind == .json && holdsObjects(base, cells[index])
        }
        guard arrays.count == 1, let index = arrays.first else { return nil }
        let length = cells.reduce(0) { $0 + Int($1.length) }
        return 2 * Int(cells[index].length) > length ? fields.names[index] : nil
    }

    private func holdsObjects(_ base: UnsafePointer<UInt8>, _ cell: RecordCell) -> Bool {
        let text = UnsafeBufferPointer(start: base + Int(cell.start), count: Int(cell.length))
        guard text.first == UInt8(ascii: "[") else { return false }
        guard text.dropFirst().first(where: { $0 > 0x20 }) == UInt8(ascii: "{") else {
            return false
        }
        var scanner = JSONValueScanner(at: 1, arrayStart: 1)
        _ = scanner.scan(UnsafeBufferPointer(rebasing: text[1...]), limit: .max, most: 2)
        scanner.finish(limit: .max, most: 2)
        return scanner.count == 2
    }

    private func wraps(_ field: String) -> TrancheError {
        let isPlain =
            field.allSatisfy { $0.isASCII && ($0.isLetter || $0 == "_") } && !field.isEmpty
        let path = isPlain ? ".\(field)[]" : ".[\"\(field)\"][]"
        return TrancheError(
            .invalidSource,
            "'\(name)' is one JSON object that holds an array of objects in its field '\(field)'. Make records "
                + "of them with jq -c '\(path)', or say that the object is the record with --json-layout "
                + "values"
        )
    }

    private func lacksBrackets() -> TrancheError {
        TrancheError(
            .invalidSource,
            "'\(name)' holds JSON objects with commas between them, and no array around them: put [ before and "
                + "] behind them, or take the commas out; --json-layout lines refuses such lines one by one"
        )
    }
}
