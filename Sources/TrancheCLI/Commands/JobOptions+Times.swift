import FoundationEssentials
import Tranche
import TrancheConnectors

/// Runs that go by a column of times.
extension JobOptions {
    /// Whether the run is bounded by times.
    var isBoundedByTime: Bool {
        source.spec?.fields["time_from"] != nil || source.spec?.fields["time_to"] != nil
    }

    /// The options with the ids of the run's times, and batches as large as their step where
    /// nothing is said about their size.
    ///
    /// - Parameters:
    ///   - context: Is told which ids they are, once, and what is to be known of the times.
    ///   - source: The open source.
    ///   - description: What it was opened from.
    ///   - inventory: The inventory.
    /// - Returns: The options; `nil` where no item lies within the times, which is said.
    /// - Throws: What the inventory and the source throw.
    func timed(
        _ context: Context,
        _ source: any MetaSource,
        from description: any MetaSourceDescription,
        in inventory: Inventory
    ) async throws -> JobOptions? {
        try await noteNumbers(context, source, inventory)
        guard let time = source.definition.time else { return self }
        var options = self
        // The step bounds them.
        if time.step != nil, hasUsualCount {
            options.request.limit.count = nil
            options.hasUsualCount = false
        }
        let key = RunKey(metaTable: source.definition.table, job: request.job, run: request.run)
        let isNew = try await inventory.runs(RunSelection(key)).isEmpty
        if isNew, time.reading == .utc, time.zone != "UTC" || time.isBounded {
            try context.note("times in '\(time.column)' without a zone are read as UTC")
        }
        guard time.isBounded else { return options }
        let found = try await inventory.timed(options.request, from: description) {
            try context.note(
                "waits for the transactions that write to '\(key.metaTable)': what they commit may "
                    + "lie within the times, and the ids are fixed once"
            )
        }
        guard let found else {
            try context.note(
                "'\(key.metaTable)' has no item from \(time.bounds ?? ""); nothing was recorded"
            )
            try await noteLeftOut(source, time, key, context, inventory)
            return nil
        }
        options.request = found.request
        if isNew {
            try note(found, time, key, context, now: inventory.now)
            try await noteLeftOut(source, time, key, context, inventory)
        }
        return options
    }

    /// Says that the ids that bound a new run are not uids where these are not integers.
    private func noteNumbers(
        _ context: Context,
        _ source: any MetaSource,
        _ inventory: Inventory
    ) async throws {
        guard source.numbered != nil, !request.ids.isOpen else { return }
        let key = RunKey(metaTable: source.definition.table, job: request.job, run: request.run)
        guard try await inventory.runs(RunSelection(key)).isEmpty else { return }
        try context.note(
            "the uids of '\(key.metaTable)' are not integers: --from and --to are the numbers that "
                + "they have beside the inventory, which 'tranche batches' shows, and not uids",
            .warning
        )
    }

    /// Says which rows no bounds of time have.
    private func noteLeftOut(
        _ source: any MetaSource,
        _ time: SourceTime,
        _ key: RunKey,
        _ context: Context,
        _ inventory: Inventory
    ) async throws {
        guard let id = try await inventory.idWithoutTime(in: source) else { return }
        let condition = RunKey.quoted("\(time.column) IS NOT NULL")
        try context.note(
            "id \(id) of '\(key.metaTable)' has NULL in the time column '\(time.column)': a run "
                + "that is bounded by times leaves it and others like it out. Mend them; or say "
                + "--where \(condition), if that is meant",
            .warning
        )
    }

    private func note(
        _ found: Inventory.TimedRequest,
        _ time: SourceTime,
        _ key: RunKey,
        _ context: Context,
        now: Date
    ) throws {
        let ids = HumanText.ids(found.request.ids.lower ?? 0, found.request.ids.upper ?? 0)
        try context.note("\(key) has the ids \(ids), from \(time.bounds ?? "")")
        if found.hasIndex == false {
            let remedy = found.missingIndex.map { ". \($0) avoids that" } ?? ""
            try context.note(
                "no index begins with '\(time.column)', so that all of '\(key.metaTable)' was read "
                    + "to find them\(remedy)",
                .warning
            )
        }
        if let to = time.to, to > now {
            try context.note(
                "\(time.text(to) ?? "") has not come yet, and the ids are fixed now: what is added "
                    + "later is left to the run without a name",
                .warning
            )
        }
    }
}
