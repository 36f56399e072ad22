import Foundation
import Tranche
import TrancheChains
import TrancheHTTP

/// A file on disk or in an object store, whose records are items.
struct FileName: Sendable, Hashable {
    /// How the file is written.
    enum Format: String, Sendable, Hashable, CaseIterable {
        case csv, jsonl

        /// The format that a text says before a path, as in `csv:PATH`; `nil` when it says none.
        init?(prefixOf text: String) {
            guard let format = Self.allCases.first(where: { text.hasPrefix("\($0.rawValue):") })
            else { return nil }
            self = format
        }

        /// The format that a name's ending tells, those of compression left out; `nil` when it tells none.
        init?(ending name: String) {
            let stem = CompressionEnding.removed(from: name.lowercased())
            let json = [".jsonl", ".ndjson", ".jsonlines", ".json", ".geojson", ".json-seq"]
            if json.contains(where: stem.hasSuffix) {
                self = .jsonl
            } else if [".csv", ".tsv", ".txt"].contains(where: stem.hasSuffix) {
                self = .csv
            } else {
                return nil
            }
        }
    }

    let format: Format
    /// The file's path, or the object's URL.
    let path: String

    /// Reads `csv:PATH`, `jsonl:PATH`, or the URL of an object; `nil` for other texts.
    ///
    /// - Throws: ``UsageError`` when there is no path, or no telling how an object is written.
    init?(_ text: String) throws {
        if let format = Format(prefixOf: text) {
            let path = String(text.dropFirst(format.rawValue.count + 1))
            guard !path.isEmpty else {
                throw UsageError("'\(text)' names no file; give \(format.rawValue):PATH")
            }
            self.init(format: format, path: path)
            return
        }
        guard Self.isObject(text) else { return nil }
        guard !text.hasSuffix("/") else {
            throw UsageError(
                "'\(text)' names no object; to process the files under it, register them with 'tranche "
                    + "register \(text) --table TABLE', and give --meta TABLE"
            )
        }
        guard let format = Format(ending: text) else {
            throw UsageError(
                "'\(redacted(text))' does not say how it is written; give csv:\(text) or jsonl:\(text)"
            )
        }
        self.init(format: format, path: text)
    }

    init(format: Format, path: String) {
        self.format = format
        self.path = path
    }

    static func isObject(_ text: String) -> Bool {
        text.hasPrefix("gs://") || text.hasPrefix("s3://")
    }

    /// The name as it was spelt, as earlier versions kept it.
    var spelt: String { "\(format.rawValue):\(path)" }

    /// The name under which the inventory keeps the file: the same however it is spelt.
    var recorded: String {
        Self.isObject(path) ? spelt : "\(format.rawValue):\(ResolvedPath(path).text)"
    }

    /// What files beside this one are named after: the path without its endings; for an object, without its
    /// bucket and folders.
    var stem: String {
        var url = URL(filePath: path)
        var stem = Self.isObject(path) ? url.lastPathComponent : path
        while !url.pathExtension.isEmpty, stem.count > url.pathExtension.count + 1 {
            stem = String(stem.dropLast(url.pathExtension.count + 1))
            url = url.deletingPathExtension()
        }
        return stem
    }

    /// Where the file is.
    ///
    /// - Throws: As ``source(_:grows:replaces:_:)``.
    func location(
        _ settings: Settings,
        encoding: TextEncoding? = nil
    ) throws -> ByteLocation {
        Self.isObject(path)
            ? try .object(path, settings.objectStores, encoding: encoding)
            : .file(path, encoding: encoding)
    }

    /// The file's records as a source.
    ///
    /// - Parameters:
    ///   - reading: How the file is written; what it does not say, the file's name and content
    ///     tell.
    ///   - grows: Whether the file may grow.
    ///   - replaces: Whether what was not read of the file that stood there before is given up.
    ///   - settings: How object stores are reached.
    /// - Returns: The source.
    /// - Throws: `TrancheError` `.invalidArgument` for a URL that names no object, or credentials that do not
    ///   fit together.
    func source(
        _ reading: FileReading = FileReading(),
        grows: Bool,
        replaces: Bool = false,
        _ settings: Settings
    ) throws -> any MetaSourceDescription {
        var location = try location(settings, encoding: reading.encoding)
        if replaces { location = location.replaced() }
        return switch format {
        case .csv:
            CSVSource(location, format: reading.csv ?? DialectOptions.guessed(path), grows: grows)
        case .jsonl:
            JSONLinesSource(location, format: reading.json ?? JSONFormat(), grows: grows)
        }
    }
}
