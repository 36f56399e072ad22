import CLibMongoC
import FoundationEssentials

/// A value of a server's answer, in extended JSON.
///
/// A list may hold nulls, unlike one of a `SpecValue`: what a server says of a refused document has
/// parts of it.
enum MongoValue: Sendable, Equatable, Decodable {
    case null
    case flag(Bool)
    case number(Double)
    case whole(Int)
    case text(String)
    case list([MongoValue])
    case object([String: MongoValue])

    /// Reads a document; `nil` for a text that is none.
    init?(json: [UInt8]) {
        // Nobody is told why: libmongoc wrote the text, and an answer without it has no counters.
        guard let value = try? JSONDecoder().decode(MongoValue.self, from: Data(json)) else {
            return nil
        }
        self = value
    }

    /// Reads a document of the library's; `nil` where that has no spelling for it.
    init?(copying document: OpaquePointer) {
        guard let json = bson_as_relaxed_extended_json(document, nil) else { return nil }
        defer { bson_free(json) }
        self.init(json: Array(String(cString: json).utf8))
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let number = try? container.decode(Int.self) {
            self = .whole(number)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let list = try? container.decode([MongoValue].self) {
            self = .list(list)
        } else {
            self = .object(try container.decode([String: MongoValue].self))
        }
    }

    /// A member of an object; `nil` where there is none, or it is not an object.
    subscript(name: String) -> MongoValue? { members[name] }

    var members: [String: MongoValue] {
        if case .object(let members) = self { members } else { [:] }
    }

    /// Whether an object has all members of this one, and maybe others.
    func isPart(of other: MongoValue) -> Bool {
        members.allSatisfy { other[$0.key] == $0.value }
    }

    var list: [MongoValue] { if case .list(let list) = self { list } else { [] } }

    var text: String? { if case .text(let text) = self { text } else { nil } }

    var flag: Bool? { if case .flag(let flag) = self { flag } else { nil } }

    /// The number, where it is a whole one.
    var whole: Int? {
        switch self {
        case .whole(let number): number
        case .number(let number): Int(exactly: number)
        default: nil
        }
    }
}
