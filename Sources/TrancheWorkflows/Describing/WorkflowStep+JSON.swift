import Tranche
import TrancheChains
import TrancheConnectors

extension WorkflowStep: Codable {
    private static let names = ["clean", "map", "validate", "rejects"]

    /// Reads a step: an object with one member, such as `{"clean": true}`.
    ///
    /// - Throws: `SpecError` that names the field.
    public init(from decoder: any Decoder) throws {
        let members = try Members(decoder, of: "a step", Self.names)
        let path = decoder.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
        guard members.names.count == 1, let name = members.names.first else {
            let words = "is one of \(Self.names.joined(separator: ", ")) and what belongs to it"
            throw SpecError(.invalidValue, field: path, words)
        }
        switch name {
        case "clean":
            guard try members.value("clean") == true else {
                throw SpecError(.invalidValue, field: path + [name], "is true, or is left out")
            }
            self = .clean
        case "map": self = .map(try members.required("map", toSay: "how"))
        case "validate": self = .validate(try members.required("validate", toSay: "by what"))
        default: self = .rejects(try members.required("rejects", toSay: "where to"))
        }
    }

    /// Writes the step.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: DynamicKey.self)
        switch self {
        case .clean: try container.encode(true, forKey: DynamicKey("clean"))
        case .map(let mapping): try container.encode(mapping, forKey: DynamicKey("map"))
        case .validate(let rules): try container.encode(rules, forKey: DynamicKey("validate"))
        case .rejects(let path): try container.encode(path, forKey: DynamicKey("rejects"))
        }
    }
}

extension WorkflowValidation: Codable {
    /// Reads a validation; a schema that is a text is the name of a file.
    ///
    /// - Throws: `SpecError` that names the field.
    public init(from decoder: any Decoder) throws {
        let known = ["schema", "strict_types", "rejects"]
        let members = try Members(decoder, of: "a validation", known)
        let given: RawJSON = try members.required("schema", toSay: "what records must be")
        let schema: Schema =
            given.text.hasPrefix("\"")
            ? .file(try JSONText.decode(String.self, from: given.text)) : .text(given.text)
        self.init(
            schema,
            isStrict: try members.value("strict_types") ?? false,
            rejects: try members.value("rejects")
        )
    }

    /// Writes the validation.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: DynamicKey.self)
        switch schema {
        case .text(let json): try container.encode(RawJSON(json), forKey: DynamicKey("schema"))
        case .file(let path): try container.encode(path, forKey: DynamicKey("schema"))
        }
        if isStrict { try container.encode(true, forKey: DynamicKey("strict_types")) }
        try container.encodeIfPresent(rejects, forKey: DynamicKey("rejects"))
    }
}
