import CByteScan
import Tranche

/// Reads JSON objects into blocks of records with the same fields.
///
/// It sees the same records as the scanner of its layout.
struct JSONParser: RecordParser {
    private let format: JSONFormat
    private let layout: JSONLayout
    private var shapes = JSONShapes()
    private var shape = JSONShape([], fields: .none)
    /// How many cells the last bytes had for each byte, to reserve as many.
    private var density = 0.05

    init(format: JSONFormat = JSONFormat(), layout: JSONLayout = .lines) {
        self.format = format
        self.layout = layout
    }

    mutating func parse(
        _ bytes: consuming [UInt8],
        at offset: Int64,
        isLast: Bool,
        onFault: (RecordFault) throws -> Void
    ) throws -> (blocks: [RecordBlock], used: Int) {
        let size = bytes.count
        let end = close(&bytes, isLast: isLast)
        guard end > 0 else { return ([], 0) }
        let isText = bytes.withUnsafeBufferPointer { UTF8Check.isValid($0, upTo: end) }
        var text: RepairedText?
        if !isText, format.invalidText == .replace {
            let repaired = RepairedText(bytes[..<end])
            bytes = repaired.bytes
            text = repaired
        }
        let cells = Int(Double(bytes.count) * density) + 64
        var walk = try bytes.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return JSONWalk.Found(shape: shape) }
            var walk = JSONWalk(
                base,
                count: text.map { $0.bytes.count } ?? end,
                offset: offset,
                layout: layout,
                format: format,
                isLast: isLast,
                isText: isText || text != nil,
                text: text,
                shape: shape,
                cells: cells
            )
            try walk.run(&shapes, onFault)
            return walk.found()
        }
        shape = walk.shape
        density = Double(walk.cells.count + 64) / Double(max(size, 1))
        walk.respell(&bytes, format.nonFiniteNumbers)
        return (walk.blocks(bytes), min(text?.place(walk.used) ?? walk.used, size))
    }

    /// Sees to it that a byte stands behind the last record that no value goes on behind.
    ///
    /// - Returns: How many bytes there are up to it, itself included; 0 when no record has ended.
    private func close(_ bytes: inout [UInt8], isLast: Bool) -> Int {
        guard let terminator = layout.terminator else {
            bytes.append(0)
            return bytes.count
        }
        if isLast {
            if bytes.last != terminator { bytes.append(terminator) }
            return bytes.count
        }
        return (bytes.lastIndex(of: terminator) ?? -1) + 1
    }
}

extension UTF8Check {
    /// Whether some first bytes are UTF-8.
    static func isValid(_ bytes: UnsafeBufferPointer<UInt8>, upTo end: Int) -> Bool {
        isValid(UnsafeBufferPointer(rebasing: bytes[..<end]))
    }
}
