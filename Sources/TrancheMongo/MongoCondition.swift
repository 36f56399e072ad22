/// A condition as JSON, as libbson reads it.
///
/// libbson 1.23 takes a `$type` with which an object begins for that of a binary value in the older
/// extended JSON. It refuses `{"$type": "date"}`, each other name that begins with a hexadecimal
/// digit, numbers and lists, and takes `{"$type": "string"}`
/// (`findings/libbson-reads-type-names-as-hex.sh`).
enum MongoCondition {
    private static let type = Array("\"$type\"".utf8)
    private static let binary = Array("\"$binary\"".utf8)
    /// What is true of each field that has a type.
    private static let exists = Array("\"$exists\": true, ".utf8)

    /// A condition that says the same, with another operator before each such `$type`.
    ///
    /// - Parameter json: The condition; anything else than JSON comes back as it is.
    /// - Returns: The condition.
    static func readable(_ json: String) -> String {
        let bytes = Array(json.utf8)
        var output: [UInt8] = []
        var place = 0
        while place < bytes.count {
            let end = bytes[place] == UInt8(ascii: "\"") ? endOfText(bytes, place) : place + 1
            output += bytes[place..<end]
            if bytes[place] == UInt8(ascii: "{"), beginsWithType(bytes, end) { output += exists }
            place = end
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// Whether the members of an object begin with a `$type` that is not a binary value's.
    private static func beginsWithType(_ bytes: [UInt8], _ start: Int) -> Bool {
        var place = afterSpace(bytes, start)
        guard bytes[place...].starts(with: type) else { return false }
        place = afterSpace(bytes, place + type.count)
        guard place < bytes.count, bytes[place] == UInt8(ascii: ":") else { return false }
        place = afterSpace(bytes, place + 1)
        if isExpression(bytes, place) { return false }
        guard place < bytes.count, bytes[place] == UInt8(ascii: "\"") else { return true }
        place = afterSpace(bytes, endOfText(bytes, place))
        guard place < bytes.count, bytes[place] == UInt8(ascii: ",") else { return true }
        return !bytes[afterSpace(bytes, place + 1)...].starts(with: binary)
    }

    /// Whether what stands at a place is an expression, such as `"$at"`, of which `$type` in
    /// `$expr` gives the type; it may stand in a list.
    private static func isExpression(_ bytes: [UInt8], _ start: Int) -> Bool {
        var place = start
        if place < bytes.count, bytes[place] == UInt8(ascii: "[") {
            place = afterSpace(bytes, place + 1)
        }
        return bytes[place...].starts(with: "{".utf8) || bytes[place...].starts(with: "\"$".utf8)
    }

    private static func afterSpace(_ bytes: [UInt8], _ start: Int) -> Int {
        var place = start
        while place < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[place]) { place += 1 }
        return place
    }

    /// The place behind a text in quotes, or behind all where that does not end.
    private static func endOfText(_ bytes: [UInt8], _ start: Int) -> Int {
        var place = start + 1
        while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
            place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(place + 1, bytes.count)
    }
}
