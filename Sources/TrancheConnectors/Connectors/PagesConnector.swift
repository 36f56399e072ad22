public import Tranche

/// Pages that are found one from another, as sources: `pages:NAME`.
///
/// Fields: `first`, the first page's cursor, needed until the inventory knows it; `repeated`, what
/// a cursor means that another page has already: `fails` or `ends`.
public struct PagesConnector: SourceConnector {
    /// Makes the connector.
    public init() {}

    /// `pages:NAME`.
    public var schemes: [ConnectorScheme] {
        [ConnectorScheme(.source, "pages", form: "pages:NAME", fields: ["first", "repeated"])]
    }

    private struct Fields: Decodable {
        var first: String?
        var repeated: String?
    }

    /// The pages of the name.
    public func source(
        _ spec: SourceSpec,
        _ context: ConnectorContext
    ) throws -> any MetaSourceDescription {
        guard !spec.place.isEmpty else {
            throw SpecError(.invalidValue, value: spec.location, "names no pages; give pages:NAME")
        }
        let fields = try spec.fields(as: Fields.self)
        let repeated = try fields.repeated.map { text in
            guard let repeated = RepeatedCursor(rawValue: text) else {
                throw SpecError(
                    .invalidValue,
                    field: ["repeated"],
                    value: text,
                    "is neither 'fails' nor 'ends'"
                )
            }
            return repeated
        }
        return PagedSource(spec.place, first: fields.first, repeated: repeated)
    }

    /// The pages that a definition means.
    public func specs(
        recordedAs definition: SourceDefinition,
        rootIDs: IDBounds
    ) throws -> [SourceSpec] {
        guard let source = PagedSource(definition) else { return [] }
        return [try SourceSpec(scheme: "pages", place: source.name)]
    }
}
