import Foundation
import Tranche

/// What one field must be.
struct FieldRule: Sendable, Hashable {
    /// The types that a value may have; all when empty.
    var types: Set<ValueType> = []
    var format: Format?
    /// The texts of the values that are allowed; `nil` for any.
    var allowed: [String]?
    var pattern: String?
    var minimum: Bound?
    var maximum: Bound?
    var minLength = 0
    var maxLength = Int.max

    /// A type of JSON Schema.
    enum ValueType: String, Sendable, Hashable {
        case string, integer, number, boolean, null
    }

    /// A format of JSON Schema.
    enum Format: String, Sendable, Hashable, CaseIterable {
        case date
        case dateTime = "date-time"
        case email, uuid, uri
    }

    /// A number that a value must not pass.
    struct Bound: Sendable, Hashable {
        var value: Double
        /// Whether the number itself is not allowed.
        var isExclusive: Bool
    }

    init(_ schema: [String: Any], of field: String) throws {
        func refused(_ reason: String) -> TrancheError {
            RecordSchema.refused("field '\(field)': \(reason)")
        }
        func number(_ value: Any, _ keyword: String) throws -> Double {
            guard let number = value as? NSNumber else {
                throw refused("\"\(keyword)\" must be a number")
            }
            return number.doubleValue
        }
        func length(_ value: Any, _ keyword: String) throws -> Int {
            guard let length = Int(exactly: try number(value, keyword)), length >= 0 else {
                throw refused("\"\(keyword)\" must be a whole number from 0 on")
            }
            return length
        }
        for (keyword, value) in schema {
            switch keyword {
            case "type":
                let names = value as? [String] ?? (value as? String).map { [$0] } ?? []
                types = Set(names.compactMap(ValueType.init))
                guard !names.isEmpty, types.count == names.count else {
                    throw refused(
                        "\"type\" must be string, integer, number, boolean or null, or several of them"
                    )
                }
            case "format":
                format = (value as? String).flatMap(Format.init)
                guard format != nil else {
                    let known = Format.allCases.map(\.rawValue).joined(separator: ", ")
                    throw refused("the format must be one of \(known)")
                }
            case "enum":
                guard let values = value as? [Any], !values.isEmpty else {
                    throw refused("\"enum\" must be an array of values")
                }
                allowed = try values.map {
                    try Self.text(of: $0) ?? { throw refused("only scalars in \"enum\"") }()
                }
                if values.contains(where: { $0 is NSNull }) { types.insert(.null) }
            case "const":
                allowed = [
                    try Self.text(of: value) ?? { throw refused("\"const\" must be a scalar") }()
                ]
            case "pattern":
                guard let text = value as? String,
                    (try? NSRegularExpression(pattern: text)) != nil
                else { throw refused("\"pattern\" must be a regular expression") }
                pattern = text
            case "minimum": minimum = Bound(value: try number(value, keyword), isExclusive: false)
            case "maximum": maximum = Bound(value: try number(value, keyword), isExclusive: false)
            case "exclusiveMinimum":
                minimum = Bound(value: try number(value, keyword), isExclusive: true)
            case "exclusiveMaximum":
                maximum = Bound(value: try number(value, keyword), isExclusive: true)
            case "minLength": minLength = try length(value, keyword)
            case "maxLength": maxLength = try length(value, keyword)
            case "title", "description", "$comment", "examples", "default", "deprecated": break
            default: throw refused("the keyword \"\(keyword)\" is not known here; leave it out")
            }
        }
        if types.isEmpty, minimum != nil || maximum != nil { types = [.number] }
    }

    private static func text(of value: Any) throws -> String? {
        switch value {
        case let text as String: text
        case is NSNull: ""
        case let number as NSNumber:
            // Foundation's booleans are numbers, too.
            String(cString: number.objCType) == "c"
                ? (number.boolValue ? "true" : "false") : number.stringValue
        default: nil
        }
    }
}
