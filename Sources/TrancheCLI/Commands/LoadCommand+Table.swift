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
    /// What refuses the load as a whole does so before.
    ///
    /// - Parameters:
    ///   - files: The files to load.
    ///   - inventory: The inventory.
    ///   - context: Shows what was made.
    /// - Returns: The files that have anything to load, and the table; `nil` where none is asked
    ///   for.
    /// - Throws: ``UsageError`` for another sink; as
    ///   `SinkChain.makeTable(for:fault:kinds:beside:isTrial:)`.
    func makeTable(
        for files: [LoadFile],
        _ inventory: Inventory,
        _ context: Context
    ) async throws -> (left: [LoadFile], made: MadeTable?) {
        guard options.createsTable, let first = files.first else { return (files, nil) }
        guard first.chain.makesTables else {
            throw UsageError(
                "--create-table goes with a table: --to table:NAME, or sqlite:PATH or "
                    + "postgresql://… with --table"
            )
        }
        // A sink that is away is waited for as where no table is made.
        if !options.isDryRun {
            try await inventory.retrying(passing: [.sinkUnavailable]) { _ in
                try await requireFree(files, inventory)
            }
        }
        var columns = SampledColumns()
        var fault: String?
        var empty: Set<String> = []
        for file in files.prefix(Self.sampledFiles) {
            guard let trial = try await sample(file, inventory) else { continue }
            columns.add(trial.columns)
            fault = fault ?? trial.faults.first.map { Self.words(of: $0) }
            guard trial.read == 0, trial.columns.columns.isEmpty else { continue }
            empty.insert(file.path)
            try context.note("\(file.path) has no records: nothing to load")
        }
        let left = files.filter { !empty.contains($0.path) }
        if left.isEmpty { return ([], nil) }
        let rules = try options.rules
        let (sampled, found) = (columns, fault)
        let wait: Duration? = options.isDryRun ? .zero : nil
        let made = try await inventory.retrying(within: wait, passing: [.sinkUnavailable]) { _ in
            try await first.chain.makeTable(
                for: sampled,
                fault: found,
                kinds: { rules?.columnKind(of: $0) },
                beside: inventory,
                isTrial: options.isDryRun
            )
        }
        if let made, !made.isThere, !options.isDryRun {
            let statement = made.statement.split(whereSeparator: \.isWhitespace)
            try context.note("made \(made.name): \(statement.joined(separator: " "))")
        }
        return (left, made)
    }

    /// Refuses, before a table is made, what would be refused after that.
    private func requireFree(_ files: [LoadFile], _ inventory: Inventory) async throws {
        for file in files {
            let source: any MetaSource
            do {
                source = try await inventory.source(file.source)
            } catch let error as TrancheError
                where operands.areSeveral && error.code.concernsOneFile
            {
                continue
            }
            // What holds for one of several files holds for all: they write to the same places.
            return try await file.chain.requireFree(
                for: file.options.request,
                of: source,
                beside: inventory,
                promise: options.promise,
                spansJob: operands.areSeveral
            )
        }
    }

    /// Refuses to make a table of the single column that a wrong delimiter leaves.
    ///
    /// A delimiter that was given is believed unless another one parts all first records alike.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - doubt: What tells that its fields are parted by something else.
    /// - Throws: ``UsageError``.
    func requireParted(_ file: LoadFile, _ doubt: DelimiterDoubt) throws {
        guard options.createsTable, doubt.isClear || !file.options.saysDelimiter else { return }
        let origin = file.options.saysDelimiter ? "as asked for" : "as guessed"
        throw UsageError(
            "--create-table: with the delimiter '\(doubt.delimiter)', \(origin), the table would "
                + "have a single column: of '\(file.path)' \(doubt.hint). Where it is one field "
                + "indeed, name it: --header NAME, and --skip-lines 1 where a header is there"
        )
    }

    /// What the first records of a file hold; `nil` where it is told later what is wrong with it.
    private func sample(_ file: LoadFile, _ inventory: Inventory) async throws -> ChainTrial? {
        do {
            return try await file.chain.trial(
                beside: inventory,
                file.source,
                most: Self.sampledRecords,
                mostFaults: 1,
                samples: true,
                // What a schema leaves as text is text; so is a text of JSON.
                readingTexts: file.options.file.format == .csv && !file.options.hasSchema
            )
        } catch let error as TrancheError where operands.areSeveral && error.code.concernsOneFile {
            return nil
        }
    }
}
