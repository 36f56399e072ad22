import Tranche

/// Whether another collection has come to stand under the name.
///
/// The server gives each collection a number when it is made: one that was dropped and made again,
/// or was renamed to the name, has another.
extension MongoMetaSource: IdentifiedSource {
    func mark() async throws -> String? {
        try await connections.lend { try await $0.collectionID() }.map { "uuid=\($0)" }
    }

    func compare(
        mark: String,
        with known: SourceIdentity,
        passed cursor: Int64?
    ) async throws -> SourceComparison {
        if cursor == nil || mark == known.mark { return .same }
        return .another("is another collection than it was: \(known.mark) then, \(mark) now")
    }
}
