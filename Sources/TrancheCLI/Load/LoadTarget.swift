import FoundationEssentials
import Tranche
import TrancheChains
import TrancheConnectors

extension SinkTarget {
    /// Adds what is made of records on their way: it is part of what a run is, since records that
    /// went to one target are not done for another.
    ///
    /// - Parameters:
    ///   - isCleaned: Whether texts are cleaned.
    ///   - map: The file of the mapping.
    ///   - schema: The file of the schema.
    /// - Throws: ``UsageError`` when a file cannot be read.
    mutating func add(isCleaned: Bool, map: String?, schema: String?) throws {
        if isCleaned { manners.append("cleaned") }
        if let map {
            let wanted = "a JSON file with \"rename\", \"group\" or \"constant\""
            manners.append("mapping \(try Self.sum(ofFile: map, "--map", wanted))")
        }
        if let schema {
            manners.append("schema \(try Self.sum(ofFile: schema, "--schema", "a JSON Schema"))")
        }
    }

    private static func sum(
        ofFile path: String,
        _ option: String,
        _ wanted: String
    ) throws -> String {
        do {
            return ContentSum.text(of: Array(try Data(contentsOf: URL(filePath: path))))
        } catch {
            throw UsageError(
                "\(option) '\(path)': the file cannot be read: \(FileFault(error)); give \(wanted)"
            )
        }
    }
}
