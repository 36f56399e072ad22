import Tranche
import TrancheChains

extension LoadCommand {
    /// How many of a file's first records are shown.
    private static let shownRecords = 5

    /// Says what would be done with files; what is wrong with one of several does not hide the
    /// others.
    func forecast(
        _ files: [LoadFile],
        _ inventory: Inventory,
        _ context: Context
    ) async throws -> ProgramStatus {
        var status = ProgramStatus.done
        for file in files {
            var command = self
            command.options = file.options
            do {
                _ = try await command.forecast(file.chain, file.source, inventory, context)
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
        _ chain: SinkChain,
        _ source: any MetaSourceDescription,
        _ inventory: Inventory,
        _ context: Context
    ) async throws -> ProgramStatus {
        let forecast = try await inventory.plan(
            options.request,
            from: source,
            batches: 10_000
        )
        let sink = try await chain.check(beside: inventory, source)
        let opened = try await inventory.source(source) as? any FileForecasting
        let file = try await opened?.forecast(Self.shownRecords)
        let notes = (opened?.notes ?? []) + sink.notes
        let shown = (file?.records ?? []).map(Self.text)
        let document = LoadForecastDocument(
            file: options.file.path,
            readAs: .init(file?.layout ?? []),
            notes: notes,
            fields: sink.fields,
            records: forecast.items,
            batches: forecast.batches,
            reachedEnd: forecast.reachedEnd,
            sink: sink.name,
            promise: sink.promise.rawValue,
            firstRecords: shown.map(RawJSON.init),
            firstFaults: (file?.faults ?? []).map(\.description)
        )
        try context.write(document) {
            """
            would load \(HumanText.count(forecast.items, "record")) of \(options.file.path) in \
            \(HumanText.count(forecast.batches, "batch", "batches"))
            into \(sink.name), which promises \(sink.promise.rawValue)
            fields: \(sink.fields.isEmpty ? "each record's own" : sink.fields.joined(separator: ", "))
            \(sink.notes.map { $0 + "\n" }.joined())\(Self.text(file, shown))
            """
        }
        return .done
    }

    private static func text(_ record: Record) -> String {
        var bytes: [UInt8] = []
        record.appendJSON(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func text(_ file: FileForecast?, _ shown: [String]) -> String {
        guard let file else { return "" }
        var text = ""
        if !file.layout.isEmpty {
            let parts = file.layout.map { part in
                "\(part.name.replacing("_", with: " ")) \(part.words)"
            }
            text += "read as: \(parts.joined(separator: ", "))\n"
        }
        if !shown.isEmpty { text += "first records:\n" }
        for record in shown { text += "  \(record)\n" }
        for fault in file.faults { text += "no record: \(fault)\n" }
        return text
    }
}
