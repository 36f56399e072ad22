import FoundationEssentials
import Tranche

/// What the server answered.
///
/// Source: Neo4j Query API, version 2.
struct CypherReply {
    private let response: HTTPResponse
    private let content: Content?

    private struct Content: Decodable {
        struct Failure: Decodable {
            var code: String
            var message: String
        }

        struct Counts: Decodable {
            var nodesCreated: Int?
            var nodesDeleted: Int?
            var relationshipsCreated: Int?
            var relationshipsDeleted: Int?
            var propertiesSet: Int?
            var labelsAdded: Int?
            var labelsRemoved: Int?
            var indexesAdded: Int?
            var indexesRemoved: Int?
            var constraintsAdded: Int?
            var constraintsRemoved: Int?
        }

        var counters: Counts?
        var errors: [Failure]?
    }

    init(_ response: HTTPResponse) {
        self.response = response
        // An answer that is no JSON is told by its status.
        content = try? JSONDecoder().decode(Content.self, from: Data(response.body))
    }

    /// Whether the server says that trying again may succeed, as after a deadlock.
    var isPassing: Bool {
        content?.errors?.contains { $0.code.hasPrefix("Neo.TransientError.") } ?? false
    }

    /// What was counted.
    func counters(of location: CypherLocation) throws -> Counters {
        if let failure = content?.errors?.first {
            throw TrancheError(
                isPassing ? .sinkUnavailable : .sinkFailed,
                "\(location.name): \(failure.message) (\(failure.code))",
                underlying: CypherFailure(code: failure.code)
            )
        }
        guard response.isSuccess, let counts = content?.counters else {
            let isPassing = HTTPError.category(status: response.status) == .transient
            throw TrancheError(
                isPassing ? .sinkUnavailable : .sinkFailed,
                "\(location.name) answered \(response.status), which is not an answer of "
                    + "Neo4j's Query API: "
                    + response.excerpt
            )
        }
        return Counters([
            "nodes_created": counts.nodesCreated ?? 0,
            "nodes_deleted": counts.nodesDeleted ?? 0,
            "relationships_created": counts.relationshipsCreated ?? 0,
            "relationships_deleted": counts.relationshipsDeleted ?? 0,
            "properties_set": counts.propertiesSet ?? 0,
            "labels_added": counts.labelsAdded ?? 0,
            "labels_removed": counts.labelsRemoved ?? 0,
            "indexes_added": counts.indexesAdded ?? 0,
            "indexes_removed": counts.indexesRemoved ?? 0,
            "constraints_added": counts.constraintsAdded ?? 0,
            "constraints_removed": counts.constraintsRemoved ?? 0,
        ])
    }
}

/// What a graph server has against a statement or its records.
struct CypherFailure: Error {
    /// Neo4j's name for it.
    let code: String

    /// Whether other records might be taken: all but what is wrong with the statement, the request
    /// or who asks.
    var mayBlameRecord: Bool {
        code.hasPrefix("Neo.ClientError.") && !Self.ofRequest.contains { code.contains($0) }
    }

    private static let ofRequest = [
        ".Security.", ".Request.", ".Database.", ".Cluster.", ".Fabric.", ".General.",
        ".Transaction.",
        "SyntaxError", "SemanticError", "ParameterMissing", "AccessMode", "NotSystemDatabaseError",
    ]
}
