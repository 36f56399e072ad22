import Foundation
import Tranche
import TrancheChains
import TrancheMongo
import TrancheSQL

/// Where `tranche load` writes to, as `--to` and `--table` name it.
enum LoadSink: Sendable {
    /// A table; in the inventory's own database when `database` is `nil`.
    case table(String, database: DatabaseLocation?)
    case mongo(MongoLocation)
    case csv(String)
    case jsonLines(String)
    case nothing

    static let help =
        "table:NAME beside the inventory, sqlite:PATH or postgresql://… with --table, "
        + "mongodb://host/database.collection, csv:PATH, jsonl:PATH, or none to write nothing"

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
            do {
                self = .mongo(try MongoLocation(text, environment: environment))
            } catch let error as TrancheError {
                throw ValueError(error.message)
            }
        case _ where text.hasPrefix("table:"): self = .table(try path("table:"), database: nil)
        case _ where text.hasPrefix("csv:"): self = .csv(try path("csv:"))
        case _ where text.hasPrefix("jsonl:"): self = .jsonLines(try path("jsonl:"))
        default: throw ValueError("this is no place to write to; give \(Self.help)")
        }
    }

    /// The sink.
    ///
    /// - Parameters:
    ///   - key: The fields that name a record.
    ///   - isFilePerBatch: Whether files are kept apart, one for each batch.
    ///   - createsIndex: Whether a missing index of the key is made.
    /// - Returns: The sink.
    /// - Throws: ``UsageError`` for a key where there can be none.
    func sink(key: [String], isFilePerBatch: Bool, createsIndex: Bool) throws -> any RecordSink {
        switch self {
        case .table, .mongo: break
        case .csv, .jsonLines, .nothing:
            guard key.isEmpty else {
                throw UsageError("--key goes with a table or collection, whose rows it names")
            }
        }
        let layout: FileSink.Layout = isFilePerBatch ? .filePerBatch : .oneFile
        switch self {
        case .table(let table, let database):
            return SQLTableSink(table, key: key, in: database?.source)
        case .mongo(let location):
            var configuration = MongoSink.Configuration()
            configuration.createsIndex = createsIndex
            return MongoSink(location, key: key, configuration: configuration)
        case .csv(let path): return FileSink.csv(path, layout: layout)
        case .jsonLines(let path): return FileSink.jsonLines(path, layout: layout)
        case .nothing: return NoOpSink()
        }
    }
}
