import Tranche
import TrancheChains
import TrancheSQL

extension LoadCommand {
    /// How many of a file's first records are shown.
    private static let shownRecords = 5
    /// How many of its records that would be refused.
    private static let shownRejects = 10

    /// Says what would be done with files; what is wrong with one of several does not hide the
    /// others.
    func forecast(
        _ files: [LoadFile],
        _ table: MadeTable?,
        _ inventory: Inventory,
        _ context: Context
    ) async throws -> ProgramStatus {
        var status = ProgramStatus.done
        for file in files {
            var command = self
            command.options = file.options
            do {
                _ = try await hinting(file, inventory) {
                    try await command.forecast(file, table, inventory, context)
                }
            } catch let error as TrancheError
                where operands.areSeveral && error.code.concernsOneFile
            {
                try context.note("\(file.path): \(error.message)")
                status = .failed
            }
        }
        return status
    }

    private func forecast(
        _ loaded: LoadFile,
        _ table: MadeTable?,
        _ inventory: Inventory,
        _ context: Context
    ) async throws -> ProgramStatus {
        let (chain, source) = (loaded.chain, loaded.source)
        let (forecast, fault) = try await planned(source, inventory)
        let isMade = table.map { !$0.isThere } ?? false
        let sink = try await chain.check(beside: inventory, source, hasSink: !isMade)
        let trial = try await trial(of: chain, source, forecast, inventory)
        // Behind the batches that are planned only the records tell of one.
        if let fault = fault ?? trial?.end {
            // The table of a sink, and what the file is read as, are of no use for a file that ends
            // badly; what was checked is.
            if !context.isJSON, let trial {
                try context.output.write("up to the fault, " + Self.words(of: trial))
            }
            throw fault
        }
        let content = try await inventory.source(source)
        let opened = content as? any FileForecasting
        let file = try await opened?.forecast(Self.shownRecords)
        let notes = (opened?.notes ?? []) + sink.notes
        let records = try await loaded.shape.shown(file?.records ?? [], of: content)
        let shown = records.map(Self.text)
        let document = LoadForecastDocument(
            file: options.file.path,
            readAs: .init(file?.layout ?? []),
            notes: notes,
            fields: sink.fields,
            records: forecast?.items ?? 0,
            batches: forecast?.batches ?? 0,
            reachedEnd: forecast?.reachedEnd ?? false,
            sink: sink.name,
            promise: sink.promise.rawValue,
            firstRecords: shown.map(RawJSON.init),
            firstFaults: (file?.faults ?? []).map(\.description),
            checked: trial?.read,
            rejected: trial?.rejected,
            firstRejects: (trial?.faults ?? []).map(LoadForecastDocument.Reject.init),
            createTable: isMade ? table?.statement : nil
        )
        try context.write(document) { Self.text(document, file, sink.notes, trial) }
        return .done
    }

    /// What would be handed out; or what is wrong with the file behind records that would be.
    private func planned(
        _ source: any MetaSourceDescription,
        _ inventory: Inventory
    ) async throws -> (Inventory.Forecast?, fault: TrancheError?) {
        do {
            return (try await inventory.plan(options.request, from: source, batches: 10_000), nil)
        } catch let error as TrancheError where error.code == .invalidItem {
            return (nil, error)
        }
    }

    private static func text(_ record: Record) -> String {
        var bytes: [UInt8] = []
        record.appendJSON(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func text(
        _ document: LoadForecastDocument,
        _ file: FileForecast?,
        _ notes: [String],
        _ trial: ChainTrial?
    ) -> String {
        let fields = document.fields.joined(separator: ", ")
        let rules =
            document.sink.hasPrefix("table ")
            ? "the table's own rules, such as CHECK and UNIQUE, are looked at by the load alone\n"
            : ""
        let table = document.createTable.map { "would make the table:\n\($0)\n" } ?? ""
        return """
            would load \(HumanText.count(document.records, "record")) of \(document.file) in \
            \(HumanText.count(document.batches, "batch", "batches"))\
            \(document.reachedEnd ? "" : " and more behind them, which are not counted")
            into \(document.sink), which promises \(document.promise)
            fields: \(fields.isEmpty ? "each record's own" : fields)
            \(notes.map { $0 + "\n" }.joined())\(text(file, document, trial == nil))\
            \(trial.map { words(of: $0) + rules } ?? "")\(table)
            """
    }

    /// Checks all records that would be loaded anew.
    private func trial(
        of chain: SinkChain,
        _ source: any MetaSourceDescription,
        _ forecast: Inventory.Forecast?,
        _ inventory: Inventory
    ) async throws -> ChainTrial? {
        let first = forecast?.ranges.first?.ids.first
        // Of a file that ends badly all before its fault is looked at, from the beginning.
        if forecast != nil, first == nil { return nil }
        return try await chain.trial(
            beside: inventory,
            source,
            from: first,
            through: options.request.ids.upper,
            mostFaults: Self.shownRejects
        )
    }

    private static func words(of trial: ChainTrial) -> String {
        let counts =
            "checked: \(HumanText.count(trial.read, "record")), of which "
            + "\(HumanText.number(trial.rejected)) would be refused\n"
        guard !trial.faults.isEmpty else { return counts }
        return trial.faults.reduce(into: counts) { text, fault in
            text += "  \(words(of: fault))\n"
        }
    }

    /// Where a record stands, and what is wrong with it.
    static func words(of fault: ChainTrial.Fault) -> String {
        let line = fault.line.map { "\($0.words), " } ?? ""
        return "\(line)offset \(fault.id): \(HumanText.oneLine(fault.message))"
    }

    private static func text(
        _ file: FileForecast?,
        _ document: LoadForecastDocument,
        _ tellsFaults: Bool
    ) -> String {
        guard let file else { return "" }
        var text = ""
        if !file.layout.isEmpty {
            let parts = file.layout.map { part in
                let isQuoted = ["delimiter", "quote", "comment"].contains(part.name)
                let isText = isQuoted && !["none", "unknown"].contains(part.words)
                let words = isText ? part.words.debugDescription : part.words
                return "\(part.name.replacing("_", with: " ")) \(words)"
            }
            text += "read as: \(parts.joined(separator: ", "))\n"
        }
        if !document.firstRecords.isEmpty { text += "first records:\n" }
        for record in document.firstRecords { text += "  \(record.text)\n" }
        for fault in file.faults where tellsFaults { text += "no record: \(fault)\n" }
        return text
    }
}
