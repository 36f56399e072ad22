import FoundationEssentials
import Tranche
package import TrancheConnectors

/// A file on disk or in an object store, whose records are items, or that records are written to.
package struct NamedFile: Sendable, Hashable {
    /// How a file is written.
    package enum Format: String, Sendable, Hashable, CaseIterable {
        case csv, jsonl

        /// The format that a name's ending tells, those of compression left out; `nil` when it
        /// tells none.
        package init?(ending name: String) {
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

    /// How it is written.
    package let format: Format
    /// The file's path, or the object's URL.
    package let path: String

    /// Names a file.
    package init(_ format: Format, _ path: String) {
        self.format = format
        self.path = path
    }

    /// The file that a source or sink means; `nil` for what is none.
    package init?<Role: SpecRole>(_ spec: Spec<Role>) {
        guard let format = Format(rawValue: spec.scheme) else { return nil }
        self.init(format, spec.place)
    }

    /// The file that an inventory knows under a name; `nil` for what is none.
    package init?(recorded name: String) {
        guard let colon = name.firstIndex(of: ":"),
            let format = Format(rawValue: String(name[..<colon]))
        else { return nil }
        self.init(format, String(name[name.index(after: colon)...]))
    }

    /// Whether a path is the URL of an object.
    package static func isObject(_ path: String) -> Bool {
        guard let end = path.firstRange(of: "://"), end.lowerBound > path.startIndex else {
            return false
        }
        return path[..<end.lowerBound].allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
    }

    /// The name as it was spelt, as earlier versions kept it.
    package var spelt: String { "\(format.rawValue):\(path)" }

    /// The name under which the inventory keeps the file: the same however it is spelt.
    package var recorded: String {
        Self.isObject(path) ? spelt : "\(format.rawValue):\(ResolvedPath(path).text)"
    }

    /// What files beside this one are named after: the path without its endings; for an object,
    /// without its bucket and folders.
    package var stem: String {
        var url = URL(filePath: path)
        var stem = Self.isObject(path) ? url.lastPathComponent : path
        while !url.pathExtension.isEmpty, stem.count > url.pathExtension.count + 1 {
            stem = String(stem.dropLast(url.pathExtension.count + 1))
            url = url.deletingPathExtension()
        }
        return stem
    }
}
