import FoundationEssentials
import Tranche

/// The schema of records, as JSON Schema.
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
/// Known are all keywords of draft 2020-12 that restrict, and those of earlier drafts; `$ref`
/// refers to what is in the same file. Formats are checked. Another keyword is refused, unless it
/// begins with `x-`: nothing is ignored. Source: JSON Schema, draft 2020-12, Core and Validation.
///
/// Fields read from text are converted: a field that is empty is null, and a required field must
/// not be null unless its type says so. Other fields than those of the schema stay as they are.
public struct RecordSchema: Sendable {
    let document: SchemaDocument

    /// Whether texts become what the schema's types say, and null in a field that is not required
    /// stands for no value; true by default.
    ///
    /// Otherwise values are judged as they are: a text is not a number, and null is not text.
    public var convertsTexts = true

    /// Reads a schema.
    ///
    /// - Parameter json: The schema's text.
    /// - Throws: `TrancheError` `.invalidArgument` for what is not JSON, or no schema of this kind.
    public init(json: String) throws {
        document = try SchemaDocument(json: json)
        let root = document.nodes[document.target(of: document.root)].node
        guard root.types?.contains(.object) != false else {
            throw Self.refused(
                "its type must be \"object\": a record; put the schema of an array's items into a file "
                    + "of its own"
            )
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
            let text = data.starts(with: byteOrderMark) ? data.dropFirst(byteOrderMark.count) : data
            guard let json = String(validating: text, as: UTF8.self) else {
                throw Self.refused("it is not UTF-8")
            }
            try self.init(json: json)
        } catch let error as TrancheError {
            throw TrancheError(.invalidArgument, "'\(path)': \(error.message)", underlying: error)
        }
    }

    static func refused(_ reason: String) -> TrancheError {
        TrancheError(.invalidArgument, "the schema cannot be used: \(reason)")
    }

    /// Checks that records of a table with some fields can meet the schema at all.
    ///
    /// - Throws: `TrancheError` `.invalidSource`, naming the field.
    func check(_ fields: RecordFields) throws {
        let known = fields.names.joined(separator: ", ")
        let types = FieldTypes(document)
        let names = Set(fields.names.map { Array($0.utf8) })
        let missing = types.required(in: document.root).subtracting(names)
        if let missing = missing.map({ String(decoding: $0, as: UTF8.self) }).min() {
            throw TrancheError(
                .invalidSource,
                "the schema requires the field '\(missing)', which the records do not have; "
                    + "they have \(known)"
            )
        }
        do throws(Undecided) {
            for name in fields.names where try types.forbids(name, in: document.root) {
                throw Undecided(
                    reason: "the records have the field '\(name)', which the schema does not allow"
                )
            }
        } catch {
            throw TrancheError(.invalidSource, error.reason)
        }
    }

    /// The fields that the schema describes and records of a table do not have, in order.
    ///
    /// - Parameter fields: The table's fields.
    /// - Returns: Their names; empty when the table has all.
    func absent(from fields: RecordFields) -> [String] {
        let root = document.nodes[document.target(of: document.root)].node
        // Compared as the rules find their fields: "é" of one character is not "é" of two.
        let known = Set(fields.names.map { Array($0.utf8) })
        return root.properties
            .filter { name, schema in
                !known.contains(name) && document.nodes[schema].node.verdict != false
            }
            .keys.map { String(decoding: $0, as: UTF8.self) }.sorted()
    }
}

extension RecordSchema: Hashable {
    /// Whether the schemas are the same JSON, in any order of members, and read in the same way.
    public static func == (lhs: RecordSchema, rhs: RecordSchema) -> Bool {
        lhs.convertsTexts == rhs.convertsTexts && lhs.document.identity == rhs.document.identity
    }

    /// Hashes the JSON.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(document.identity)
        hasher.combine(convertsTexts)
    }
}
