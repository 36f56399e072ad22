package import Tranche

extension ByteLocation {
    /// The definition of a job once the file is taken for what it was, however it has changed.
    ///
    /// How the file is read stays; so does that it grows.
    ///
    /// - Parameter known: The definition as the inventory has it.
    /// - Returns: The definition with the content that is there now.
    /// - Throws: As ``ByteReader/state()``.
    package func redefined(_ known: SourceDefinition) async throws -> SourceDefinition {
        let bytes = try await open()
        let state = try await bytes.state()
        var definition = known
        if known.database == KnownFile.growing(name) {
            definition.identity = nil
            return definition
        }
        definition.database = KnownFile.database(name, state)
        definition.identity = try await FileIdentity(
            file: state.identity,
            content: bytes.checksum()
        ).text
        return definition
    }
}
