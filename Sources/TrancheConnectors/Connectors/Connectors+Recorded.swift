public import Tranche

extension Connectors {
    /// The name under which an inventory knows a source.
    ///
    /// - Parameters:
    ///   - spec: The source.
    ///   - inventory: The inventory.
    /// - Returns: The name; today's where the inventory knows none.
    /// - Throws: ``SpecError``, or `TrancheError` of the store.
    public func knownName(
        of spec: SourceSpec,
        in inventory: Inventory
    ) async throws -> String {
        let names = try recordedNames(of: spec)
        guard names.count > 1 else { return names[0] }
        for name in names {
            let selection = RunSelection(metaTable: name)
            if try await !inventory.runs(selection, after: nil, limit: 1).isEmpty { return name }
        }
        return names[0]
    }

    /// The sources that a run may have been begun with, by what the inventory keeps of it.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - named: Which of them is meant, where one of several is; the likeliest comes first by
    ///     default.
    /// - Returns: The sources, the likeliest first; none where the inventory keeps nothing of it.
    /// - Throws: ``SpecError``.
    public func specs(of run: RunRecord, named: SourceSpec? = nil) throws -> [SourceSpec] {
        guard let definition = run.source else { return [] }
        let all = try specs(recordedAs: definition, rootIDs: run.rootIDs)
        guard let named else { return all }
        let meant = all.filter { spec in
            spec.location == named.location
                && named.fields.allSatisfy { spec.fields[$0.key] == $0.value }
        }
        if !meant.isEmpty { return meant }
        return try spelt(as: named, definition, all) ?? all
    }

    /// Recorded sources as a text spells them that names their database or store; `nil` where it
    /// does not, or names another source.
    private func spelt(
        as named: SourceSpec,
        _ definition: SourceDefinition,
        _ recorded: [SourceSpec]
    ) throws -> [SourceSpec]? {
        guard !named.scheme.isEmpty, !recorded.contains(where: { $0.scheme == named.scheme }),
            try recordedNames(of: named).contains(definition.table)
        else { return nil }
        let known = try scheme(of: named).fields
        return recorded.map { spec in
            var spelt = named
            spelt.fields.merge(spec.fields.filter { known.contains($0.key) }) { own, _ in own }
            return spelt
        }
    }

    /// Describes the sources that a run may have been begun with, by what the inventory keeps of
    /// it.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - named: Which of them is meant, where one of several is.
    ///   - context: What else belongs to the source.
    /// - Returns: The sources, the likeliest first.
    /// - Throws: `TrancheError` `.unknownRun` for an adopted run whose source is not known yet,
    ///   `.invalidSource` for a source of a connector that is not there; ``SpecError``.
    public func candidates(
        for run: RunRecord,
        named: SourceSpec? = nil,
        _ context: ConnectorContext
    ) throws -> [any MetaSourceDescription] {
        guard run.source != nil else {
            throw TrancheError(
                .unknownRun,
                "the columns of \(run.key) are not known yet, as nothing was acquired since it was "
                    + "taken over; acquire a batch of it first"
            )
        }
        let found = try specs(of: run, named: named)
        guard !found.isEmpty else {
            throw TrancheError(
                .invalidSource,
                "no connector of this program takes the source of \(run.key)"
            )
        }
        return try found.map { try source($0, context) }
    }

    /// Finds the source that a run was begun with.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - named: Which source is meant, where one of several is.
    ///   - inventory: Its inventory.
    ///   - context: What else belongs to the source.
    /// - Returns: Its description; the source is open in the inventory.
    /// - Throws: `TrancheError` `.redefined` when what is there now is another source,
    ///   `.unknownRun` for an adopted run whose source is not known yet; the source's failure.
    public func source(
        of run: RunRecord,
        named: SourceSpec? = nil,
        in inventory: Inventory,
        _ context: ConnectorContext
    ) async throws -> any MetaSourceDescription {
        var firstError: (any Error)?
        for candidate in try candidates(for: run, named: named, context) {
            do {
                let found = try await inventory.source(candidate).definition
                if found.shared == run.source?.shared { return candidate }
                throw mismatch(of: run, found)
            } catch let error as TrancheError where error.category == .permanent {
                firstError = firstError ?? error
            }
        }
        throw firstError ?? mismatch(of: run, run.source)
    }

    private func mismatch(of run: RunRecord, _ found: SourceDefinition?) -> TrancheError {
        let mismatch = SourceMismatch(run: run, found: found)
        return TrancheError(.redefined, "\(mismatch)", underlying: mismatch)
    }
}

/// The source of a run is not what stands there now.
package struct SourceMismatch: Error, CustomStringConvertible {
    /// The run.
    package let run: RunRecord
    /// What stands there; `nil` where it could not be opened.
    package let found: SourceDefinition?

    /// Whether the source is a file.
    package var isOfFile: Bool { run.source?.isOfFile ?? false }

    package var description: String {
        let words = run.source.flatMap { found?.shared.difference(to: $0.shared) }
        return isOfFile
            ? "\(run.key) has another file or reads it otherwise (\(words ?? "another source")); "
                + "put back what was there"
            : "\(run.key) has its items elsewhere than is configured now "
                + "(\(words ?? "another source"))"
    }
}
