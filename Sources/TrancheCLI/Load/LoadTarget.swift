import Foundation
import Tranche
import TrancheChains
import TrancheHTTP
import TrancheMongo

/// Where the records of a load go and what is made of them on the way, in words without credentials.
///
/// It is part of what a run is: records that went to one target are not done for another.
struct LoadTarget: Sendable, Hashable {
    /// The words.
    let text: String

    /// Puts the words together.
    ///
    /// - Parameters:
    ///   - sink: Where records go.
    ///   - writing: How they are written.
    ///   - isCleaned: Whether texts are cleaned.
    ///   - map: The file of the mapping.
    ///   - schema: The file of the schema.
    /// - Throws: ``UsageError`` when a file cannot be read.
    init(
        _ sink: LoadSink,
        _ writing: LoadSink.Writing,
        isCleaned: Bool,
        map: String?,
        schema: String?
    ) throws {
        var parts: [String] = []
        if !writing.key.isEmpty { parts.append("key \(writing.key.joined(separator: ","))") }
        if writing.isFilePerBatch { parts.append("a file for each batch") }
        if writing.isRecordEach { parts.append("each record apart") }
        if let statement = writing.statement {
            parts.append("statement \(Self.sum(Array(statement.utf8)))")
        }
        if isCleaned { parts.append("cleaned") }
        if let map { parts.append("mapping \(try Self.sum(ofFile: map, "--map"))") }
        if let schema { parts.append("schema \(try Self.sum(ofFile: schema, "--schema"))") }
        text = sink.words + (parts.isEmpty ? "" : " (\(parts.joined(separator: "; ")))")
    }

    private static func sum(ofFile path: String, _ option: String) throws -> String {
        do {
            return sum(Array(try Data(contentsOf: URL(filePath: path))))
        } catch {
            throw UsageError("\(option) '\(path)': the file cannot be read")
        }
    }

    private static func sum(_ bytes: [UInt8]) -> String {
        ContentSum.text(of: bytes)
    }
}

extension LoadSink {
    /// What it is, without credentials and however it was spelt.
    var words: String {
        switch self {
        case .table(let table, nil): "table '\(table)'"
        case .table(let table, .sqlite(let path)?):
            "table '\(table)' in sqlite:\(ResolvedPath(path).text)"
        case .table(let table, .postgresql(let url)?): "table '\(table)' in \(Self.bare(url))"
        case .mongo(let location): location.name
        case .csv(let path): "csv '\(ResolvedPath(path).text)'"
        case .jsonLines(let path): "json lines '\(ResolvedPath(path).text)'"
        case .webhook(let url): "webhook \(Self.bare(url))"
        case .graph(let location): "graph \(location.name)"
        case .nothing: "none"
        }
    }

    /// A URL without who asks and without its query, either of which may be secret and may change.
    private static func bare(_ url: String) -> String {
        guard var parts = URLComponents(string: url) else { return redacted(url) }
        parts.user = nil
        parts.password = nil
        parts.query = nil
        parts.fragment = nil
        return parts.string ?? redacted(url)
    }
}
