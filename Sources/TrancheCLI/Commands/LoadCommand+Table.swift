import Tranche
import TrancheChains
import TrancheSQL

extension LoadCommand {
    /// How many records of a file tell the columns of a table that is made.
    static let sampledRecords = 10_000
    /// How many files are looked at for it.
    private static let sampledFiles = 100

    /// Makes the table that records go to, where that is asked for.
    ///
    /// - Parameters:
    ///   - files: The files to load.
    ///   - inventory: The inventory.
    ///   - context: Shows what was made.
    /// - Returns: The table; `nil` where none is asked for.
    /// - Throws: ``UsageError`` for another sink; as
    ///   `SinkChain.makeTable(for:kinds:beside:isTrial:)`.
    func makeTable(
        for files: [LoadFile],
        _ inventory: Inventory,
        _ context: Context
    ) async throws -> MadeTable? {
        guard options.createsTable, let first = files.first else { return nil }
        guard first.chain.makesTables else {
            throw UsageError(
                "--create-table goes with a table: --to table:NAME, or sqlite:PATH or "
                    + "postgresql://… with --table"
            )
        }
        var columns = SampledColumns()
        for file in files.prefix(Self.sampledFiles) {
            if let found = try await sample(file, inventory) { columns.add(found) }
        }
        let rules = try options.rules
        let made = try await first.chain.makeTable(
            for: columns,
            kinds: { rules?.columnKind(of: $0) },
            beside: inventory,
            isTrial: options.isDryRun
        )
        if let made, !made.isThere, !options.isDryRun {
            let statement = made.statement.split(whereSeparator: \.isWhitespace)
            try context.note("made \(made.name): \(statement.joined(separator: " "))")
        }
        return made
    }

    /// What the first records of a file hold; `nil` where it is told later what is wrong with it.
    private func sample(_ file: LoadFile, _ inventory: Inventory) async throws -> SampledColumns? {
        do {
            let trial = try await file.chain.trial(
                beside: inventory,
                file.source,
                most: Self.sampledRecords,
                mostFaults: 0,
                samples: true,
                // What a schema leaves as text is text; so is a text of JSON.
                readingTexts: file.options.file.format == .csv && !file.options.hasSchema
            )
            return trial?.columns
        } catch let error as TrancheError where operands.areSeveral && error.code.concernsOneFile {
            return nil
        }
    }
}
