import Tranche

/// A source, a sink or a database, said as a text or as a Codable value: both mean the same.
///
/// A text has a scheme, a colon, and what the scheme's connector takes as the place. Fields say
/// more; they stand behind the place as a JSON object:
///
/// ```
/// csv:data/x.csv
/// csv:data/x.csv {"delimiter":";","header":["id","name"]}
/// raw.files {"uid":"id"}
/// ```
///
/// As JSON it is that text, or an object with the place under `at` and the fields beside it:
///
/// ```
/// "csv:data/x.csv"
/// {"at": "csv:data/x.csv", "delimiter": ";", "header": ["id", "name"]}
/// ```
///
/// A password is never part of it: neither ``text`` nor JSON, description or error shows one, and
/// two that differ in nothing else are equal.
public struct Spec<Role: SpecRole>: Sendable, Hashable {
    /// The scheme, before the first colon; empty if there is none.
    public let scheme: String
    /// The text behind the scheme, without a password.
    public let place: String
    /// The fields by name; a name is a lower-case word such as `skip_lines`.
    public var fields: [String: SpecValue]
    private let hidden: HiddenText

    /// Reads a text.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - fields: More fields; one that the text has as well is replaced.
    ///   - passwords: Whether the text may hold a password.
    /// - Throws: ``SpecError`` `.holdsPassword`, or `.invalidValue` for a field's name that is no
    ///   word.
    public init(
        _ text: String,
        fields: [String: SpecValue] = [:],
        passwords: PasswordPolicy = .refused
    ) throws(SpecError) {
        let (location, own) = Self.split(text)
        try self.init(
            location: location,
            fields: own.merging(fields) { _, given in given },
            passwords: passwords
        )
    }

    /// Names a place verbatim, whatever it holds.
    ///
    /// - Parameters:
    ///   - scheme: The scheme; empty for none.
    ///   - place: What stands behind it.
    ///   - fields: The fields.
    ///   - passwords: Whether the place may hold a password.
    /// - Throws: As ``init(_:fields:passwords:)``.
    public init(
        scheme: String,
        place: String,
        fields: [String: SpecValue] = [:],
        passwords: PasswordPolicy = .refused
    ) throws(SpecError) {
        if let name = fields.keys.sorted().first(where: { !Self.isFieldName($0) }) {
            let words = "is not a field's name: give a lower-case word"
            throw SpecError(.invalidValue, field: [name], words)
        }
        self.scheme = scheme
        self.fields = fields
        // Elsewhere a colon and an at sign belong to a path or a table's name.
        let isURL = place.hasPrefix("//") || place.contains("://")
        let whole = "\(scheme):\(place)"
        let bare = isURL ? withoutPasswords(whole) : whole
        guard bare == whole || passwords == .hidden else {
            throw SpecError(
                .holdsPassword,
                "holds a password; give credentials by the environment or a file"
            )
        }
        if let name = fields.keys.sorted().first(where: { fields[$0]?.isURLWithPassword ?? false })
        {
            let words = "holds a password; give credentials by the environment or a file"
            throw SpecError(.holdsPassword, field: [name], words)
        }
        self.place = String(bare.dropFirst(scheme.count + 1))
        hidden = HiddenText(text: place)
    }

    private init(
        location: String,
        fields: [String: SpecValue],
        passwords: PasswordPolicy
    ) throws(SpecError) {
        let colon = Self.schemeEnd(of: location)
        try self.init(
            scheme: colon.map { String(location[..<$0]) } ?? "",
            place: colon.map { String(location[location.index(after: $0)...]) } ?? location,
            fields: fields,
            passwords: passwords
        )
    }

    /// Scheme and place, without fields.
    public var location: String { scheme.isEmpty ? place : "\(scheme):\(place)" }

    /// The text that means this value.
    public var text: String {
        let location = location
        if fields.isEmpty, Self.split(location).fields.isEmpty, !location.hasSuffix(" {}") {
            return location
        }
        return "\(location) \(SpecValue.object(fields))"
    }

    /// The place with its password, to connect with; it must be neither shown nor kept.
    public var unmaskedPlace: String { hidden.text }

    /// Scheme and place with the password, to connect with; it must be neither shown nor kept.
    public var unmaskedLocation: String {
        scheme.isEmpty ? hidden.text : "\(scheme):\(hidden.text)"
    }

    /// The same place in another role, with other fields.
    ///
    /// - Parameters:
    ///   - role: The other role.
    ///   - fields: Its fields.
    /// - Returns: The value; it has the password that this one has.
    public func named<Other: SpecRole>(
        as role: Other.Type,
        fields: [String: SpecValue] = [:]
    ) -> Spec<Other> {
        Spec<Other>(scheme: scheme, place: place, fields: fields, hidden: hidden)
    }

    fileprivate init(
        scheme: String,
        place: String,
        fields: [String: SpecValue],
        hidden: HiddenText
    ) {
        self.scheme = scheme
        self.place = place
        self.fields = fields
        self.hidden = hidden
    }
}

extension SpecValue {
    /// Whether it is, or holds, a URL with a password.
    fileprivate var isURLWithPassword: Bool {
        switch self {
        case .text(let text): text.contains(#/^[a-z0-9+.-]+:/#) && withoutPasswords(text) != text
        case .list(let list): list.contains(where: \.isURLWithPassword)
        case .object(let members): members.values.contains(where: \.isURLWithPassword)
        case .flag, .whole, .fraction: false
        }
    }
}

/// The action on a password in a text.
public enum PasswordPolicy: Sendable, Hashable {
    /// The text is refused: for texts that others can see, such as command lines and files.
    case refused
    /// It is kept beside the text, for connecting: for texts of the environment.
    case hidden
}

/// A text that is shown to nobody.
private struct HiddenText: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    let text: String

    var description: String { "…" }
    var customMirror: Mirror { Mirror(self, children: []) }

    static func == (lhs: Self, rhs: Self) -> Bool { true }
    func hash(into hasher: inout Hasher) {}
}

// MARK: - Texts

extension Spec {
    /// The colon behind a scheme, as RFC 3986 has schemes.
    private static func schemeEnd(of text: String) -> String.Index? {
        guard let colon = text.firstIndex(of: ":"), let first = text.first, first.isASCII,
            first.isLetter
        else { return nil }
        let isScheme = text[..<colon].allSatisfy { character in
            character.isASCII && (character.isLetter || character.isNumber)
                || "+.-".contains(character)
        }
        return isScheme ? colon : nil
    }

    /// Parts a text from the fields behind it.
    ///
    /// The fields begin at the first blank with an object behind it that ends with the text. Since
    /// a field's name is a word, no place can be mistaken for the beginning of what stands behind
    /// it.
    private static func split(_ text: String) -> (location: String, fields: [String: SpecValue]) {
        guard text.hasSuffix("}") else { return (text, [:]) }
        var rest = text[...]
        while let start = rest.firstRange(of: " {") {
            let json = text[text.index(after: start.lowerBound)...]
            if let fields = fields(String(json)) {
                return (String(text[..<start.lowerBound]), fields)
            }
            rest = rest[start.upperBound...]
        }
        return (text, [:])
    }

    private static func fields(_ json: String) -> [String: SpecValue]? {
        guard JSONText.isValid(json),
            case .object(let fields)? = try? JSONText.decode(SpecValue.self, from: json),
            fields.keys.allSatisfy(isFieldName)
        else { return nil }
        return fields
    }

    private static func isFieldName(_ name: String) -> Bool {
        guard let first = name.utf8.first, (0x61...0x7A).contains(first), name != Self.placeKey
        else { return false }
        return name.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F
        }
    }

    /// Under which an object has the location.
    private static var placeKey: String { "at" }
}

extension Spec: CustomStringConvertible, CustomDebugStringConvertible {
    /// The text, without a password.
    public var description: String { text }

    /// The kind and the text, without a password.
    public var debugDescription: String { "\(Role.kind) \(text)" }
}

// MARK: - JSON

extension Spec: Codable {
    /// Reads a text, or an object with the place under `at` and the fields beside it.
    ///
    /// - Throws: ``SpecError`` whose field begins with the path of the value within the document.
    public init(from decoder: any Decoder) throws {
        let path = decoder.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
        let container = try decoder.singleValueContainer()
        do {
            if let text = try? container.decode(String.self) {
                try self.init(text)
                return
            }
            var fields = try container.decode([String: SpecValue?].self).compactMapValues { $0 }
            guard case .text(let location)? = fields.removeValue(forKey: Self.placeKey) else {
                throw SpecError(
                    .missing,
                    field: [Self.placeKey],
                    "names no \(Role.kind): say where it is with"
                )
            }
            try self.init(location: location, fields: fields, passwords: .refused)
        } catch let error as SpecError {
            throw error.within(path)
        }
    }

    /// Writes the text where there are no fields, else the object.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if fields.isEmpty { return try container.encode(text) }
        try container.encode(fields.merging([Self.placeKey: .text(location)]) { field, _ in field })
    }
}
