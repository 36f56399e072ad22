import Foundation
import Tranche

/// What records must be: a part of JSON Schema.
///
/// ```json
/// {
///   "properties": {
///     "id": {"type": "integer", "minimum": 1},
///     "name": {"type": "string", "maxLength": 200},
///     "created_at": {"type": "string", "format": "date-time"}
///   },
///   "required": ["id"]
/// }
/// ```
///
/// Known are `type` (one or several of string, integer, number, boolean, null), `enum`, `const`, `pattern`,
/// `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`, `minLength`, `maxLength` and `format` (date,
/// date-time, email, uuid, uri); of the whole, `properties`, `required` and `additionalProperties`. Another
/// keyword that would restrict is refused. Source: JSON Schema, draft 2020-12, Validation.
///
/// Fields read from text are converted: a field that is empty is null, and a required field must not be null
/// unless its type says so. Other fields than those of the schema stay as they are.
public struct RecordSchema: Sendable, Hashable {
    /// The rules, by field.
    var rules: [String: FieldRule] = [:]
    /// The fields that every record must have.
    var required: Set<String> = []
    /// Whether records may have fields of which the schema says nothing.
    var allowsOthers = true

    private static let remarks: Set = [
        "$schema", "$id", "$comment", "title", "description", "examples", "default", "deprecated",
        "readOnly", "writeOnly",
    ]

    /// Reads a schema.
    ///
    /// - Parameter json: The schema's text.
    /// - Throws: `TrancheError` `.invalidArgument` for what is no JSON, or no schema of this kind.
    public init(json: String) throws {
        let value: Any
        do {
            value = try JSONSerialization.jsonObject(with: Data(json.utf8))
        } catch {
            throw Self.refused("it is no JSON: \(error.localizedDescription)")
        }
        guard let object = value as? [String: Any] else {
            throw Self.refused("it is no JSON object")
        }
        for (keyword, value) in object where !Self.remarks.contains(keyword) {
            switch keyword {
            case "type":
                guard value as? String == "object" else {
                    throw Self.refused("its type must be \"object\": a record")
                }
            case "properties":
                guard let properties = value as? [String: [String: Any]] else {
                    throw Self.refused("\"properties\" must be an object of schemas")
                }
                rules = try Dictionary(
                    uniqueKeysWithValues: properties.map { ($0, try FieldRule($1, of: $0)) }
                )
            case "required":
                guard let names = value as? [String] else {
                    throw Self.refused("\"required\" must be an array of field names")
                }
                required = Set(names)
            case "additionalProperties":
                guard let allows = value as? Bool else {
                    throw Self.refused("\"additionalProperties\" must be true or false")
                }
                allowsOthers = allows
            default:
                throw Self.refused("the keyword \"\(keyword)\" is not known here; leave it out")
            }
        }
    }

    /// Reads a schema from a file.
    ///
    /// - Parameter path: The file's path.
    /// - Throws: As ``init(json:)``, naming the file.
    public init(contentsOf path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TrancheError(.invalidArgument, "cannot read the schema '\(path)'")
        }
        do {
            try self.init(json: String(decoding: data, as: UTF8.self))
        } catch let error as TrancheError {
            throw TrancheError(.invalidArgument, "'\(path)': \(error.message)", underlying: error)
        }
    }

    static func refused(_ reason: String) -> TrancheError {
        TrancheError(.invalidArgument, "the schema cannot be used: \(reason)")
    }

    /// Checks that records of some fields can meet the schema at all.
    ///
    /// - Throws: `TrancheError` `.invalidSource`, naming the field.
    func check(_ fields: RecordFields) throws {
        let known = fields.names.joined(separator: ", ")
        if let missing = required.subtracting(fields.names).min() {
            throw TrancheError(
                .invalidSource,
                "the schema requires the field '\(missing)', which the records do not have; "
                    + "they have \(known)"
            )
        }
        if let typo = Set(rules.keys).subtracting(fields.names).min() {
            throw TrancheError(
                .invalidSource,
                "the schema has the field '\(typo)', which the records do not have; they have \(known)"
            )
        }
        if !allowsOthers, let other = fields.names.first(where: { rules[$0] == nil }) {
            throw TrancheError(
                .invalidSource,
                "the records have the field '\(other)', which the schema does not allow"
            )
        }
    }
}
