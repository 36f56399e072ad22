import FoundationEssentials
import Tranche
import TrancheConnectors

/// What a command line leaves out of a job that the inventory knows.
extension JobOptions {
    /// The options with what was left out as the job has it: the source, its columns, filter and
    /// database, the size of its batches, and the bounds of a run.
    ///
    /// - Parameters:
    ///   - context: The settings.
    ///   - inventory: The inventory.
    /// - Returns: The options; what was given stays, and is compared when a batch is acquired.
    /// - Throws: ``UsageError`` where no source is named of a job that is not known; `TrancheError`
    ///   `.ambiguousJob` where it has several.
    func completed(_ context: Context, in inventory: Inventory) async throws -> JobOptions {
        guard let record = try await known(in: inventory) else {
            try requireSource()
            return self
        }
        var options = self
        options.record = record
        options.source.spec = try await spec(of: record, context, inventory)
        try await options.takeSize(of: record, in: inventory)
        guard record.key.run == request.run else { return options }
        if record.source?.time?.isBounded == true {
            guard request.ids.isOpen else {
                throw UsageError("\(record.key) has times: give no ids, or another --run")
            }
        } else if request.ids.isOpen, request.rootIDs.isOpen {
            options.request.ids = record.bounds
            options.request.rootIDs = record.rootIDs
        }
        return options
    }

    private func requireSource() throws {
        guard source.spec == nil else { return }
        throw UsageError(
            "--meta is missing: the job '\(request.job)' has not begun yet; say where its items are "
                + "listed"
        )
    }

    /// The run, or another one of the job, with the source that is named.
    private func known(in inventory: Inventory) async throws -> RunRecord? {
        var selection = RunSelection(job: request.job)
        if let spec = source.spec {
            selection.metaTable = try await Connectors.ofProgram.knownName(of: spec, in: inventory)
        }
        let runs = try await inventory.runs(selection).filter { $0.source != nil }
        let tables = Set(runs.map(\.key.metaTable)).sorted()
        guard tables.count <= 1 else {
            throw TrancheError(
                .ambiguousJob,
                "job '\(request.job)' has several sources "
                    + "(\(tables.map { "'\($0)'" }.joined(separator: ", "))); name one with --meta"
            )
        }
        return runs.first { $0.key.run == request.run } ?? runs.first
    }

    /// The source that is named, with what the job knows of it besides.
    private func spec(
        of record: RunRecord,
        _ context: Context,
        _ inventory: Inventory
    ) async throws -> SourceSpec? {
        let candidates = try Connectors.ofProgram.specs(of: record)
        guard let known = try await likeliest(candidates, record, context, inventory) else {
            try requireSource()
            return source.spec
        }
        // What belongs to one run, or to one spelling.
        var own: Set = ["root_ids", "follow", "schema"]
        own.formUnion(ownTimes(besides: record))
        var spec = source.spec ?? known
        let fields = try Connectors.ofProgram.scheme(of: spec).fields
        for (name, value) in known.fields where fields.contains(name) {
            guard source.spec == nil ? name != "root_ids" : !own.contains(name) else { continue }
            spec.fields[name] = spec.fields[name] ?? value
        }
        if source.spec == nil { spec.fields["root_ids"] = nil }
        for name in Self.times.intersection(own) { spec.fields[name] = source.fields[name] }
        spec.fields.merge(source.fields) { $1 }
        if spec.fields["where"] != known.fields["where"], source.fields["volatile_filter"] == nil {
            // That a filter may change its answer was said of the other one.
            spec.fields["volatile_filter"] = nil
        }
        if record.key.run == request.run, request.rootIDs.isOpen, !record.rootIDs.isOpen {
            spec.fields["root_ids"] = try SpecValue(encoding: record.rootIDs)
        }
        if fields.contains("database"), spec.fields["database"] == nil,
            let database = try await context.database(of: record, in: inventory)
        {
            spec.fields["database"] = try SpecValue(encoding: database)
        }
        return spec
    }

    /// The fields of a time.
    private static let times: Set = [
        "time_column", "time_as", "by", "zone", "time_from", "time_to",
    ]

    /// Which parts of a known run's time this one does not take from it: another run has other
    /// ends, and one that says nothing of times goes by none.
    private func ownTimes(besides record: RunRecord) -> Set<String> {
        if record.key.run == request.run { return [] }
        let saysNothing = Self.times.isDisjoint(with: source.fields.keys)
        return saysNothing ? Self.times : ["time_from", "time_to"]
    }

    /// Which of the sources that a run may have been begun with is there.
    private func likeliest(
        _ candidates: [SourceSpec],
        _ record: RunRecord,
        _ context: Context,
        _ inventory: Inventory
    ) async throws -> SourceSpec? {
        guard candidates.count > 1 else { return candidates.first }
        let connecting = try context.settings.connecting(for: record)
        for candidate in candidates {
            let description = try Connectors.ofProgram.source(candidate, connecting)
            do {
                let found = try await inventory.source(description).definition
                if found.shared == record.source?.shared { return candidate }
            } catch let error as TrancheError where error.category == .permanent {
                // Another one may be there; that none is, is told when it is acquired from.
                continue
            }
        }
        return candidates.first
    }
}

extension Settings {
    /// What sources are opened with that a run was begun with.
    func connecting(for run: RunRecord) throws -> ConnectorContext {
        var context = try connecting
        context.database = try context.database ?? database(of: run)
        return context
    }

    /// The database of a run's items, where no setting names one and the inventory tells: a file
    /// that is there, and is not the inventory's own.
    func database(of run: RunRecord) throws -> DatabaseSpec? {
        guard try metaDatabase == nil, let name = run.source?.database, name.hasPrefix("sqlite:")
        else { return nil }
        let path = String(name.dropFirst("sqlite:".count))
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let own = try inventory
        if own.scheme == "sqlite" {
            let place = own.place.prefix { $0 != "?" }
            let resolved = URL(fileURLWithPath: String(place)).resolvingSymlinksInPath().path
            if resolved == path { return nil }
        }
        return try DatabaseSpec(scheme: "sqlite", place: path)
    }
}
