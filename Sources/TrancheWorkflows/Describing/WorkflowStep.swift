import FoundationEssentials
package import Tranche
public import TrancheChains
import TrancheConnectors

/// A step of a workflow that is said as data.
public enum WorkflowStep: Sendable, Hashable {
    /// Names and texts lose all characters except letters, digits and the like.
    case clean
    /// Fields get other names, are put together, and added.
    case map(FieldMapping)
    /// Records must meet a schema.
    case validate(WorkflowValidation)
    /// Records that cannot be read, or that the sink does not take, go to a file of JSON Lines.
    case rejects(String)

    /// The step with the content of files that it names in the place of their names.
    package func readingFiles() throws -> WorkflowStep {
        guard case .validate(var validation) = self, case .file(let path) = validation.schema else {
            return self
        }
        guard let data = FileManager.default.contents(atPath: path),
            let text = String(validating: data, as: UTF8.self)
        else {
            let field = ["validate", "schema"]
            throw SpecError(.invalidValue, field: field, value: path, "cannot be read as a text")
        }
        do {
            validation.schema = .text(
                try JSONText.encode(JSONText.decode(RawJSON.self, from: text))
            )
        } catch {
            throw SpecError(
                .invalidValue,
                field: ["validate", "schema"],
                value: path,
                "is not JSON"
            )
        }
        return .validate(validation)
    }

    /// The step with absolute paths, links followed, in place of those that begin in this process's
    /// working folder.
    package var anchored: WorkflowStep {
        func whole(_ path: String) -> String {
            NamedFile.isObject(path) ? path : ResolvedPath(path).text
        }
        switch self {
        case .clean, .map: return self
        case .rejects(let path): return .rejects(whole(path))
        case .validate(var validation):
            validation.rejects = validation.rejects.map(whole)
            return .validate(validation)
        }
    }

    /// The settings of the step, by field; a mapping and a schema as JSON.
    var texts: [([String], String)] {
        get throws {
            switch self {
            case .clean: return []
            case .map(let mapping): return [(["map"], try JSONText.encode(mapping))]
            case .rejects(let path): return [(["rejects"], path)]
            case .validate(let validation):
                let schema =
                    switch validation.schema {
                    case .text(let text), .file(let text): text
                    }
                return [
                    (["validate", "schema"], schema),
                    (["validate", "rejects"], validation.rejects ?? ""),
                ]
            }
        }
    }

    /// The records with the step behind them.
    ///
    /// - Parameters:
    ///   - records: What comes before the step.
    ///   - rejects: Makes a file of rejects, or a folder, of its path.
    /// - Returns: The longer chain.
    /// - Throws: `SpecError` or `TrancheError` for a schema or mapping that cannot be.
    package func applied(
        to records: Chain<Record>,
        rejects: (String) -> RejectFile = { .jsonLines($0) }
    ) throws -> Chain<Record> {
        switch self {
        case .clean: return records.cleaning()
        case .map(let mapping): return records.mapping(mapping)
        case .rejects(let path): return records.rejecting(to: rejects(path))
        case .validate(let validation):
            var schema = try validation.schema.read
            schema.convertsTexts = !validation.isStrict
            return records.validate(schema, rejectsTo: validation.rejects.map(rejects))
        }
    }
}

/// The schema of the records.
public struct WorkflowValidation: Sendable, Hashable {
    /// The JSON Schema.
    public var schema: Schema
    /// Whether texts stay texts; false by default.
    public var isStrict: Bool
    /// The file of JSON Lines for those that do not meet it; quarantined with `nil`, the default.
    public var rejects: String?

    /// Makes a validation.
    public init(_ schema: Schema, isStrict: Bool = false, rejects: String? = nil) {
        self.schema = schema
        self.isStrict = isStrict
        self.rejects = rejects
    }

    /// A schema, or where it is.
    public enum Schema: Sendable, Hashable {
        /// The schema's own JSON.
        case text(String)
        /// A file, which is read when the workflow begins.
        case file(String)

        /// The schema.
        fileprivate var read: RecordSchema {
            get throws {
                switch self {
                case .text(let json): try RecordSchema(json: json)
                case .file(let path): try RecordSchema(contentsOf: path)
                }
            }
        }
    }
}
