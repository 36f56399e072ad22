public import Tranche
import TrancheChains
public import TrancheConnectors

/// Graph databases as sinks: `cypher:http://host:7474/database`.
///
/// Its field `statement` is the statement that is run. The connection uses the credentials
/// `NEO4J_USERNAME` and `NEO4J_PASSWORD`.
public struct CypherConnector: SinkConnector {
    /// Makes the connector.
    public init() {}

    /// `cypher:http://host:7474/database`.
    public var schemes: [ConnectorScheme] {
        [
            ConnectorScheme(
                .sink,
                "cypher",
                form: "cypher:http://host:7474/database with a statement",
                noun: "cypher:http://host:7474/database",
                fields: ["statement"]
            )
        ]
    }

    private struct Fields: Decodable {
        var statement: String?
    }

    /// The graph.
    public func sink(_ spec: SinkSpec, _ context: ConnectorContext) throws -> any RecordSink {
        let environment = try context.credentials.environment("NEO4J_USERNAME", "NEO4J_PASSWORD")
        let location = try CypherLocation(spec.unmaskedPlace, environment: environment)
        return CypherSink(try statement(spec), in: location)
    }

    /// The server and the database.
    public func target(of spec: SinkSpec) throws -> SinkTarget {
        let location = try CypherLocation(spec.unmaskedPlace)
        let statement = try statement(spec)
        return SinkTarget(
            "graph \(location.name)",
            manners: ["statement \(ContentSum.text(of: Array(statement.utf8)))"]
        )
    }

    private func statement(_ spec: SinkSpec) throws -> String {
        guard let statement = try spec.fields(as: Fields.self).statement else {
            throw SpecError(
                .missing,
                field: ["statement"],
                value: spec.location,
                "names a graph alone, which runs a statement; give"
            )
        }
        return statement
    }
}
