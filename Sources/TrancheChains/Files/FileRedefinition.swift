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
        let change = LocalFile.change(at: name)
        let state = try await bytes.state()
        var definition = known
        if known.database == KnownFile.growing(name) {
            definition.identity = nil
            return definition
        }
        definition.database = KnownFile.database(name, state)
        definition.identity = try await FileIdentity(
            file: state.identity,
            content: bytes.checksum(),
            change: change
        ).text
        return definition
    }

    /// The definition of a job whose file is read otherwise from now on.
    ///
    /// - Parameters:
    ///   - known: The definition as the inventory has it.
    ///   - reading: How the file is read.
    ///   - file: Its name.
    /// - Returns: The definition with that reading, and the same content.
    /// - Throws: `TrancheError` `.redefined` where the file has changed; as opening it does.
    func relaxed(
        _ known: SourceDefinition,
        to reading: FileReading,
        _ file: NamedFile
    ) async throws -> SourceDefinition {
        let bytes = try await open()
        let grows = known.database == KnownFile.growing(name)
        let state = try await bytes.state()
        // What the content tells of the format is a part of the definition.
        guard grows || known.database == KnownFile.database(name, state) else {
            throw TrancheError(
                .redefined,
                "'\(name)' is not as it was when the job began with it; give --same as well if "
                    + "the records up to the cursor are what they were"
            )
        }
        let format: any FileFormat =
            switch file.format {
            case .csv: try CSVFileFormat(reading.csv ?? FileFields.guessed(file.path))
            case .jsonl: JSONFileFormat(reading.json ?? JSONFormat())
            }
        let source = try await FileMetaSource(bytes, format: format, name: name, grows: grows)
        var definition = known
        definition.item = source.definition.item
        definition.reading = try format.reading(encoding).text
        return definition
    }
}
