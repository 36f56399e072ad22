/// Where the schemas of OpenLineage's events and facets are, and who makes them.
///
/// Source: <https://github.com/OpenLineage/OpenLineage/tree/main/spec>, the versions of each `$id`.
enum LineageFacet {
    /// The schema of an event of a run.
    static let event = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"

    /// Facets by the names of their schemas, with the versions that are written.
    enum Schema: String {
        case parent = "1-2-0/ParentRunFacet.json#/$defs/ParentRunFacet"
        case error = "1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet"
        case engine = "1-1-1/ProcessingEngineRunFacet.json#/$defs/ProcessingEngineRunFacet"
        case parameters =
            "1-0-0/ExecutionParametersRunFacet.json#/$defs/ExecutionParametersRunFacet"
        case jobType = "2-0-4/JobTypeJobFacet.json#/$defs/JobTypeJobFacet"
        case subset = "1-0-0/BaseSubsetDatasetFacet.json#/$defs/InputSubsetInputDatasetFacet"
        case input =
            "1-0-0/InputStatisticsInputDatasetFacet.json#/$defs/InputStatisticsInputDatasetFacet"
        case output =
            "1-0-2/OutputStatisticsOutputDatasetFacet.json#/$defs/OutputStatisticsOutputDatasetFacet"
    }

    /// A facet as JSON.
    ///
    /// - Parameters:
    ///   - schema: What it is.
    ///   - producer: Who makes it, as JSON.
    ///   - members: What it says; the values are JSON.
    /// - Returns: The facet.
    static func json(
        _ schema: Schema,
        by producer: String,
        _ members: [(name: String, json: String)]
    ) -> String {
        let own = members.map { ",\"\($0.name)\":\($0.json)" }.joined()
        return head(schema, by: producer) + own + "}"
    }

    /// How the JSON of a facet begins, without its own members.
    static func head(_ schema: Schema, by producer: String) -> String {
        let url = "https://openlineage.io/spec/facets/\(schema.rawValue)"
        return "{\"_producer\":\(producer),\"_schemaURL\":\"\(url)\""
    }
}
