import Tranche

/// A value of a file, in a form in which what means the same is the same: keys in order, numbers as
/// JSON writes them, nothing for what is empty, and no password.
indirect enum CanonicalValue: Sendable, Hashable {
    /// A text, a number, true or false, as JSON.
    case scalar(String)
    case list([CanonicalValue])
    case object([String: CanonicalValue])

    /// The value of a node; `nil` for one that is empty.
    init?(_ node: YAMLNode) {
        switch node.value {
        case .scalar(let scalar):
            if scalar.meaning == .null { return nil }
            let bare = Self.bare(scalar.text)
            let isText = scalar.meaning == .text || bare != scalar.text
            self = .scalar((isText ? nil : scalar.json) ?? Self.quoted(bare))
        case .sequence(let items): self = .list(Self.words(items))
        case .mapping(let entries): self = .object(Self.members(entries))
        }
    }

    /// The items of a list; a word behind an option that names a secret is hidden.
    private static func words(_ items: [YAMLNode]) -> [CanonicalValue] {
        var isHidden = false
        return items.compactMap { item in
            defer {
                if case .scalar(let scalar) = item.value {
                    isHidden = isSecretOption(scalar.text)
                }
            }
            guard case .scalar(let scalar) = item.value else { return CanonicalValue(item) }
            if isHidden, !scalar.text.hasPrefix("-") { return .scalar(Self.quoted("***")) }
            if let name = secretWord(scalar.text) {
                return .scalar(Self.quoted("\(name)=***"))
            }
            return CanonicalValue(item)
        }
    }

    /// Whether a word is an option that names a secret, which is the next word.
    private static func isSecretOption(_ text: String) -> Bool {
        text.hasPrefix("-") && !text.contains("=") && SecretNames.hasParameter(text)
    }

    /// The name in a word such as `token=abc`, where it sounds secret.
    private static func secretWord(_ text: String) -> String? {
        guard let place = text.firstIndex(of: "="), text.index(after: place) < text.endIndex else {
            return nil
        }
        let name = text[..<place]
        guard !name.contains(where: { $0.isWhitespace || ":/?".contains($0) }) else { return nil }
        return SecretNames.hasParameter(name) ? String(name) : nil
    }

    /// A text without what is recognized as a password, or as a token.
    private static func bare(_ text: String) -> String {
        redacted(text)
            .replacing(option) { match -> String in
                let name = match.output.1
                return SecretNames.hasParameter(name) ? "\(name)=***" : String(match.output.0)
            }
            .replacing(bearerToken) { "\($0.output.1)***" }
    }

    private static var option: Regex<(Substring, Substring)> { #/(-{1,2}[\w-]+)=\S+/# }

    private static var bearerToken: Regex<(Substring, Substring)> {
        #/(\bBearer\s+)[^\s'"]+/#.ignoresCase()
    }

    /// A text in quotes, as JSON and YAML read it alike: YAML takes some characters in escapes
    /// alone, and folds what it knows as the end of a line.
    private static func quoted(_ text: String) -> String {
        let json = JSONBytes.quoted(text)
        guard json.unicodeScalars.contains(where: isEscaped) else { return json }
        var escaped = String.UnicodeScalarView()
        for scalar in json.unicodeScalars {
            guard isEscaped(scalar) else {
                escaped.append(scalar)
                continue
            }
            let digits = String(scalar.value, radix: 16)
            let zeros = String(repeating: "0", count: 4 - digits.count)
            escaped.append(contentsOf: "\\u\(zeros)\(digits)".unicodeScalars)
        }
        return String(escaped)
    }

    /// Whether a character of a JSON text is written as an escape.
    private static func isEscaped(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x7F...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: true
        default: false
        }
    }

    /// The members of a mapping, without some.
    static func members(
        _ entries: [YAMLEntry],
        without names: Set<String> = []
    ) -> [String: CanonicalValue] {
        var members: [String: CanonicalValue] = [:]
        for entry in entries where !names.contains(entry.key) {
            members[entry.key] = CanonicalValue(entry.value)
        }
        return members
    }

    /// The value as JSON, with its keys in order.
    var json: String {
        switch self {
        case .scalar(let json): return json
        case .list(let items): return "[" + items.map(\.json).joined(separator: ",") + "]"
        case .object(let members):
            let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            let texts = sorted.map { Self.quoted($0.key) + ":" + $0.value.json }
            return "{" + texts.joined(separator: ",") + "}"
        }
    }

    /// The members, if this is an object.
    var members: [String: CanonicalValue] {
        if case .object(let members) = self { members } else { [:] }
    }
}
