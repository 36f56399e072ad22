import Tranche
import TrancheChains
import TrancheConnectors

/// Where snapshots are kept.
enum SnapshotPlace: Sendable {
    /// Files of a folder.
    case folder(String)
    /// Objects, whose URLs begin with this, and who keeps them.
    case objects(String, any DocumentConnector)
    /// Rows of a table, or records of another sink.
    case rows(SinkSpec)

    /// Reads a place: the URL of a prefix of objects, a sink, or else a folder's path.
    ///
    /// - Throws: `SpecError`.
    init(_ text: String, _ connectors: Connectors) throws {
        let spec = try SinkSpec(text)
        let isURL = spec.place.hasPrefix("//")
        let keepers = connectors.all((any DocumentConnector).self)
        if isURL,
            let keeper = keepers.first(where: { $0.documentSchemes.contains(spec.scheme) })
        {
            self = .objects(text.hasSuffix("/") ? String(text.dropLast()) : text, keeper)
            return
        }
        let sinks = connectors.schemes(of: .sink).map(\.name).filter { !$0.isEmpty }
        guard sinks.contains(spec.scheme) else {
            guard !isURL else {
                let known = keepers.flatMap(\.documentSchemes).map { "\($0)://" }
                let words =
                    "is not a place of snapshots; give a folder, "
                    + (known + sinks.filter { !Self.files.contains($0) }.map { "\($0):" })
                    .joined(separator: ", ")
                throw SpecError(.unknownScheme, value: spec.location, words)
            }
            self = .folder(text)
            return
        }
        guard !Self.files.contains(spec.scheme) else {
            let words = "is a file of the records of a run; give a folder, objects or a table"
            throw SpecError(.unusable, value: spec.location, words)
        }
        self = .rows(spec)
    }

    private static let files = NamedFile.Format.allCases.map(\.rawValue)

    /// The place, whichever process reads it.
    func anchored(by connectors: Connectors) throws -> String {
        switch self {
        case .folder(let path): ResolvedPath(path).text
        case .objects(let url, _): url
        case .rows(let spec): try connectors.anchored(spec).text
        }
    }
}
