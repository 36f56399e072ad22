import Tranche

/// A format of texts, as JSON Schema names it; what is not text meets every format.
enum TextFormat: String, Sendable, Hashable, CaseIterable {
    case date
    case dateTime = "date-time"
    case time
    case duration
    case email
    case idnEmail = "idn-email"
    case hostname, ipv4, ipv6, uri
    case uriReference = "uri-reference"
    case uriTemplate = "uri-template"
    case iri
    case iriReference = "iri-reference"
    case uuid
    case jsonPointer = "json-pointer"
    case relativeJSONPointer = "relative-json-pointer"
    case regex

    typealias Bytes = UnsafeBufferPointer<UInt8>

    /// Whether a text has the format.
    ///
    /// - Parameters:
    ///   - text: The text; UTF-8.
    ///   - isLenient: Whether a time may also be written as databases write it: with a blank for
    ///     the T, without a zone, or with a zone without minutes.
    /// - Returns: Whether it has.
    func matches(_ text: Bytes, isLenient: Bool = false) -> Bool {
        switch self {
        case .date: FieldText.days(text) != nil
        case .dateTime:
            TimeFormat.isDateTime(text) || isLenient && FieldText.microseconds(text) != nil
        case .time: TimeFormat.isTime(text)
        case .duration: TimeFormat.isDuration(text)
        case .email: AddressFormat.isEmail(text, isASCII: true)
        case .idnEmail: AddressFormat.isEmail(text, isASCII: false)
        case .hostname: AddressFormat.isHostname(text)
        case .ipv4: AddressFormat.isIPv4(text)
        case .ipv6: AddressFormat.isIPv6(text)
        case .uri: URIFormat(isASCII: true).isURI(text)
        case .uriReference: URIFormat(isASCII: true).isReference(text)
        case .iri: URIFormat(isASCII: false).isURI(text)
        case .iriReference: URIFormat(isASCII: false).isReference(text)
        case .uriTemplate: URITemplateFormat.isTemplate(text)
        case .uuid: Self.isUUID(text)
        case .jsonPointer: Self.isPointer(text)
        case .relativeJSONPointer: Self.isRelativePointer(text)
        case .regex:
            (try? PatternTranslator.translate(String(decoding: text, as: UTF8.self))) != nil
        }
    }

    /// What a text that does not have the format is not.
    var complaint: String {
        switch self {
        case .date: "is not a date such as 2026-01-31"
        case .dateTime: "is not a time such as 2026-01-31T08:00:00Z"
        default: "is not a valid \(rawValue)"
        }
    }

    /// Eight, four, four, four and twelve hexadecimal digits.
    ///
    /// Source: RFC 9562, section 4.
    private static func isUUID(_ text: Bytes) -> Bool {
        guard text.count == 36 else { return false }
        return text.indices.allSatisfy { place in
            switch place {
            case 8, 13, 18, 23: text[place] == 0x2D
            default: isHexadecimal(text[place])
            }
        }
    }

    /// Nothing, or parts that each begin with a slash; a tilde has 0 or 1 behind it.
    ///
    /// Source: RFC 6901, section 3.
    private static func isPointer(_ text: some Collection<UInt8>) -> Bool {
        guard text.isEmpty || text.first == UInt8(ascii: "/") else { return false }
        return isEscaped(text)
    }

    private static func isEscaped(_ text: some Collection<UInt8>) -> Bool {
        var previous: UInt8 = 0
        for byte in text {
            if previous == 0x7E, byte != 0x30, byte != 0x31 { return false }
            previous = byte
        }
        return previous != 0x7E
    }

    /// A whole number, and a sign or a pointer behind it.
    ///
    /// Source: draft-bhutton-relative-json-pointer-00, section 3.
    private static func isRelativePointer(_ text: Bytes) -> Bool {
        let digits = text.prefix { $0 &- 0x30 < 10 }
        guard !digits.isEmpty, digits.first != 0x30 || digits.count == 1 else { return false }
        let rest = text[digits.count...]
        return rest.elementsEqual("#".utf8) || isPointer(rest)
    }

    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26
    }

    static func isHexadecimal(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 6
    }
}
