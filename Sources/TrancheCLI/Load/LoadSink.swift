import Foundation
import Tranche
import TrancheChains
import TrancheHTTP
import TrancheMongo
import TrancheSQL

/// Where `tranche load` writes to, as `--to` and `--table` name it.
enum LoadSink: Sendable {
    /// A table; in the inventory's own database when `database` is `nil`.
    case table(String, database: DatabaseLocation?)
    case mongo(MongoLocation)
    case csv(String)
    case jsonLines(String)
    case webhook(String)
    case graph(CypherLocation)
    case nothing

    /// How records are written there.
    struct Writing: Sendable {
        /// The fields that name a record.
        var key: [String]
        /// Whether files are kept apart, one for each batch.
        var isFilePerBatch: Bool
        /// Whether files that others left are replaced.
        var overwrites: Bool
        /// Whether a missing index of the key is made.
        var createsIndex: Bool
        /// Whether a webhook gets each record apart.
        var isRecordEach: Bool
        /// What a graph runs.
        var statement: String?
        /// Whether a batch is to be written in a transaction of MongoDB.
        var isTransactional: Bool
        /// What becomes of fields that a table has no column for.
        var unknownFields: SQLTableSink.UnknownFields
    }

    static let help =
        "table:NAME beside the inventory, sqlite:PATH or postgresql://… with --table, "
        + "mongodb://host/database.collection, csv:PATH, jsonl:PATH, webhook:https://…, "
        + "cypher:http://host:7474/database with --cypher, or none to write nothing"

    /// Reads where to write to.
    ///
    /// - Parameters:
    ///   - text: As given.
    ///   - table: What `--table` names.
    ///   - environment: Who connects to MongoDB, where the URL does not say.
    /// - Throws: ``ValueError``.
    init(_ text: String, table: String?, environment: [String: String]) throws {
        func path(_ prefix: String) throws -> String {
            let path = String(text.dropFirst(prefix.count))
            guard !path.isEmpty else { throw ValueError("give \(prefix)PATH") }
            return path
        }
        if text.hasPrefix("sqlite:") || text.hasPrefix("postgres") {
            guard let table else { throw ValueError("name the table with --table") }
            self = .table(table, database: try DatabaseLocation(text))
            return
        }
        guard table == nil else {
            throw ValueError("--table goes with sqlite:PATH or postgresql://…")
        }
        switch text {
        case "none": self = .nothing
        case _ where text.hasPrefix("mongodb"):
            self = .mongo(try Self.checked { try MongoLocation(text, environment: environment) })
        case _ where text.hasPrefix("cypher:"):
            let url = try path("cypher:")
            self = .graph(try Self.checked { try CypherLocation(url, environment: environment) })
        case _ where text.hasPrefix("webhook:"):
            let url = try path("webhook:")
            _ = try Self.checked { try WebhookSink(url) }
            self = .webhook(url)
        case _ where text.hasPrefix("table:"): self = .table(try path("table:"), database: nil)
        case _ where text.hasPrefix("csv:"): self = .csv(try path("csv:"))
        case _ where text.hasPrefix("jsonl:"): self = .jsonLines(try path("jsonl:"))
        default: throw ValueError("this is no place to write to; give \(Self.help)")
        }
    }

    private static func checked<Place>(_ body: () throws -> Place) throws -> Place {
        do {
            return try body()
        } catch let error as TrancheError {
            throw ValueError(error.message)
        }
    }

    /// The sink.
    ///
    /// - Parameters:
    ///   - writing: How records are written.
    ///   - settings: How a webhook knows who asks.
    ///   - note: Told in words what the sink leaves out or changes.
    /// - Returns: The sink.
    /// - Throws: ``UsageError`` for options that do not go with it.
    func sink(
        _ writing: Writing,
        _ settings: Settings,
        note: @escaping @Sendable (String) -> Void
    ) throws -> any RecordSink {
        try requireFitting(writing)
        let layout: FileSink.Layout = writing.isFilePerBatch ? .filePerBatch : .oneFile
        switch self {
        case .table(let table, let database):
            return SQLTableSink(
                table,
                key: writing.key,
                in: database?.source,
                unknownFields: writing.unknownFields,
                note: note
            )
        case .mongo(let location):
            var configuration = MongoSink.Configuration()
            configuration.createsIndex = writing.createsIndex
            configuration.isTransactional = writing.isTransactional
            return MongoSink(location, key: writing.key, configuration: configuration)
        case .csv(let path):
            return FileSink.csv(path, layout: layout, overwrites: writing.overwrites)
        case .jsonLines(let path):
            return FileSink.jsonLines(path, layout: layout, overwrites: writing.overwrites)
        case .webhook(let url):
            var configuration = WebhookSink.Configuration()
            configuration.unit = writing.isRecordEach ? .record : .batch
            configuration.secret = settings.webhook.secret
            configuration.headers["Authorization"] = settings.webhook.authorization
            return try WebhookSink(url, configuration)
        case .graph(let location):
            guard let statement = writing.statement else {
                throw UsageError(
                    "a graph runs a statement; put it into a file, and give --cypher FILE"
                )
            }
            return CypherSink(statement, in: location)
        case .nothing: return NoOpSink()
        }
    }

    private func requireFitting(_ writing: Writing) throws {
        switch self {
        case .table, .mongo: break
        default:
            guard writing.key.isEmpty else {
                throw UsageError("--key goes with a table or collection, whose rows it names")
            }
        }
        if case .table = self {
        } else if writing.unknownFields != .refuse {
            throw UsageError("--drop-unknown and --add-columns go with a table")
        }
        if case .webhook = self {
        } else if writing.isRecordEach {
            throw UsageError("--each goes with webhook:https://…")
        }
        if case .graph = self {
        } else if writing.statement != nil {
            throw UsageError("--cypher goes with cypher:http://host:7474/database")
        }
    }
}
