import CByteScan
import Tranche

/// Reads JSON objects that stand among some bytes into cells.
///
/// It is strict: RFC 8259, each name once within a record. Whether the bytes are UTF-8 is looked at
/// by the caller. The last byte must be one that no value can go on behind: a line feed where
/// lines are read, else a NUL. So no step needs to ask whether there is another byte.
struct JSONObjectReader {
    /// What keeps some bytes from being an object, and at which place.
    struct Failure: Error {
        var message: String
        var place: Int
    }

    /// How many arrays and objects may stand within each other.
    static let deepest = 100_000

    let base: UnsafeMutablePointer<UInt8>
    /// How many bytes there are, the last included.
    let count: Int
    let nonFinite: JSONFormat.NonFiniteNumbers
    let replacesInvalid: Bool
    /// What must follow an object; `nil` where anything may.
    private let terminator: UInt8?
    /// The bytes that are blanks, as bits.
    private let blanks: UInt64

    var place = 0
    /// The cells of all objects read, one after the other.
    var cells: [RecordCell] = []
    /// The cells of the object under way that have escapes.
    var escaped: [Int] = []
    /// The cells in whose arrays and objects numbers must be respelt.
    var respelt: [Int] = []
    /// What the containers of the value under way are.
    var containers: [UInt8] = []
    private(set) var shape: JSONShape
    private var names: UnsafeBufferPointer<JSONShape.Name>
    /// Where the names of the object under way stand, with their quotes.
    private var spelt: [Range<Int>] = []

    /// Makes a reader.
    ///
    /// - Parameters:
    ///   - base: The bytes; escapes are decoded in place.
    ///   - count: How many bytes there are; at least one.
    ///   - format: How they are written.
    ///   - terminator: What must follow an object; `nil` where anything may.
    ///   - shape: The shape of the object before.
    init(
        _ base: UnsafeMutablePointer<UInt8>,
        count: Int,
        format: JSONFormat,
        terminator: UInt8?,
        shape: JSONShape
    ) {
        self.base = base
        self.count = count
        self.terminator = terminator
        nonFinite = format.nonFiniteNumbers
        replacesInvalid = format.invalidText == .replace
        blanks =
            1 << 0x20 | 1 << 0x09 | 1 << 0x0D
            | (terminator == RecordScanner.newline ? 0 : 1 << 0x0A)
        self.shape = shape
        names = shape.names
    }

    /// Reads the object at ``place``, and its cells.
    ///
    /// - Parameter shapes: The shapes that were met.
    /// - Returns: Whether the object has the same names as the one before.
    /// - Throws: ``Failure``; the cells are then as before.
    mutating func object(_ shapes: inout JSONShapes) throws(Failure) -> Bool {
        let first = cells.count
        do throws(Failure) {
            let isAlike = try members()
            if let terminator {
                skipBlanks()
                guard base[place] == terminator else {
                    throw failure("has something behind the object")
                }
            }
            if !isAlike { try change(&shapes) }
            if !escaped.isEmpty { decodeEscapes() }
            if terminator != RecordScanner.newline { joinLines(from: first) }
            return isAlike
        } catch {
            cells.removeLast(cells.count - first)
            escaped.removeAll(keepingCapacity: true)
            if let last = respelt.last, last >= first { respelt.removeAll { $0 >= first } }
            throw error
        }
    }

    /// Reads the members of an object.
    ///
    /// - Returns: Whether the names are those of the shape; otherwise they are in ``spelt``.
    private mutating func members() throws(Failure) -> Bool {
        spelt.removeAll(keepingCapacity: true)
        guard base[place] == UInt8(ascii: "{") else { throw failure("is not a JSON object") }
        place += 1
        skipBlanks()
        if base[place] == UInt8(ascii: "}") {
            place += 1
            return names.isEmpty
        }
        var index = 0
        var isAlike = true
        while true {
            let start = place
            if isAlike, index < names.count, skip(names[index]) {
                spelt.append(start..<place)
            } else {
                isAlike = false
                guard base[place] == UInt8(ascii: "\"") else {
                    throw failure("has no name where one must be")
                }
                _ = try skipText()
                spelt.append(start..<place)
            }
            skipBlanks()
            guard base[place] == UInt8(ascii: ":") else {
                throw failure("has no colon behind the name '\(name(start..<place))'")
            }
            place += 1
            skipBlanks()
            cells.append(try value())
            index += 1
            skipBlanks()
            if base[place] == UInt8(ascii: ",") {
                place += 1
                skipBlanks()
            } else if base[place] == UInt8(ascii: "}") {
                place += 1
                return isAlike && index == names.count
            } else {
                throw failure("has neither a comma nor an end behind a value")
            }
        }
    }

    /// Goes past a name, where it is the one that is expected.
    @inline(__always)
    private mutating func skip(_ name: JSONShape.Name) -> Bool {
        guard place + 8 <= count, place + name.length <= count else {
            // Near the end of the bytes: as any other name.
            return false
        }
        let word = UnsafeRawPointer(base + place).loadUnaligned(as: UInt64.self).littleEndian
        guard word & name.mask == name.word else { return false }
        if name.length > 8, !tranche_is_equal(base + place + 8, name.text + 8, name.length - 8) {
            return false
        }
        place += name.length
        return true
    }

    /// Takes the names of the object that was read as those to expect.
    private mutating func change(_ shapes: inout JSONShapes) throws(Failure) {
        if let known = shapes.shape(base, spelt) {
            shape = known
        } else {
            var places: Set<String> = []
            let names = spelt.map { name($0) }
            for (index, name) in names.enumerated() where !places.insert(name).inserted {
                throw failure("has the name '\(name)' twice", at: spelt[index].upperBound)
            }
            shape = shapes.add(base, spelt, RecordFields(unique: names))
        }
        names = shape.names
    }

    /// A name, decoded.
    private func name(_ range: Range<Int>) -> String {
        let text = UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)
        var bytes = Array(text.dropFirst().dropLast())
        let length = bytes.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.map { JSONEscapes.decode($0, buffer.count) } ?? 0
        }
        return String(decoding: bytes[..<length], as: UTF8.self)
    }

    func failure(_ message: String, at place: Int? = nil) -> Failure {
        Failure(message: message, place: place ?? self.place)
    }

    @inline(__always)
    func isBlank(_ byte: UInt8) -> Bool {
        byte <= 0x20 && blanks >> UInt64(byte) & 1 == 1
    }

    @inline(__always)
    mutating func skipBlanks() {
        while isBlank(base[place]) { place += 1 }
    }

    /// Takes the blanks out of arrays and objects that span lines: what becomes of them may be a
    /// line.
    private mutating func joinLines(from first: Int) {
        for index in first..<cells.count where cells[index].kind == .json {
            let text = base + Int(cells[index].start)
            let length = Int(cells[index].length)
            let isLine = !(0..<length).contains { text[$0] == 0x0A || text[$0] == 0x0D }
            if isLine { continue }
            cells[index].length = UInt32(truncatingIfNeeded: JSONEscapes.compact(text, length))
        }
    }

    /// Decodes the escapes of the texts of the object that was read.
    private mutating func decodeEscapes() {
        for index in escaped {
            let cell = cells[index]
            let length = JSONEscapes.decode(base + Int(cell.start), Int(cell.length))
            cells[index].length = UInt32(truncatingIfNeeded: length)
        }
        escaped.removeAll(keepingCapacity: true)
    }
}
