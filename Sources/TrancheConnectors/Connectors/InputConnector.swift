public import Tranche

/// The logs of inputs as sources: `input:NAME`.
///
/// Fields: `delay_seconds`, how old an event must be to be handed out, 0 by default; `after`, the
/// number of the event behind which the source begins. The log must be there when the source is
/// opened.
public struct InputConnector: SourceConnector {
    /// Makes the connector.
    public init() {}

    /// `input:NAME`.
    public var schemes: [ConnectorScheme] {
        [ConnectorScheme(.source, "input", form: "input:NAME", fields: ["delay_seconds", "after"])]
    }

    private struct Fields: Decodable {
        var delaySeconds: Double?
        var after: Int64?
    }

    /// The events of the input of the name.
    public func source(
        _ spec: SourceSpec,
        _ context: ConnectorContext
    ) throws -> any MetaSourceDescription {
        guard !spec.place.isEmpty else {
            throw SpecError(.invalidValue, value: spec.location, "names no input; give input:NAME")
        }
        let fields = try spec.fields(as: Fields.self)
        let delay = fields.delaySeconds ?? 0
        guard (0...86_400).contains(delay) else {
            throw SpecError(
                .invalidValue,
                field: ["delay_seconds"],
                value: "\(delay)",
                "is not from 0 to 86400"
            )
        }
        var source = InputLogSource(spec.place, delay: .seconds(delay), after: fields.after)
        source.makesLog = false
        return source
    }

    /// The input that a definition means.
    public func specs(
        recordedAs definition: SourceDefinition,
        rootIDs: IDBounds
    ) throws -> [SourceSpec] {
        guard let source = InputLogSource(definition) else { return [] }
        var fields: [String: SpecValue] = [:]
        fields["after"] = try source.after.map { try SpecValue(encoding: $0) }
        return [try SourceSpec(scheme: "input", place: source.name, fields: fields)]
    }
}
