extension Inventory {
    /// Takes what stands under a source's name now for what stood there before.
    ///
    /// For content that was moved or restored: the run goes on behind its cursor.
    ///
    /// - Parameters:
    ///   - key: The run.
    ///   - source: Its source.
    /// - Throws: ``TrancheError`` `.unknownRun`, `.redefined` for a source that is defined
    ///   otherwise; the source's failure.
    public func acceptSource(
        of key: RunKey,
        _ source: some MetaSourceDescription
    ) async throws {
        let (run, source) = try await known(key, source)
        let standing = try await standing(of: source)
        try await retrying { _ in
            try await store.note(standing, insteadOf: run.standing.identity?.mark, of: key)
        }
        forgetSource(key)
    }

    /// Begins a run anew, at the first id: for a source whose content is another now.
    ///
    /// What was handed out is kept as a run of its own, which is paused; see
    /// ``GenerationStore/restart(_:standing:)``.
    ///
    /// - Parameters:
    ///   - key: The run.
    ///   - source: Its source, whose content is what the run goes on with; with `nil` (the default)
    ///     that is what the next acquire finds.
    /// - Returns: What names the run as it was.
    /// - Throws: As ``acceptSource(of:_:)``.
    public func restart(
        _ key: RunKey,
        from source: (any MetaSourceDescription)? = nil
    ) async throws -> RunKey {
        var standing = SourceStanding()
        if let source { standing = try await self.standing(of: known(key, source).1) }
        // Not repeated by itself: done twice, the new run would be put away as well.
        let former = try await store.restart(key, standing: standing)
        forgetSource(key)
        return former
    }

    /// Gives jobs other definitions, of all their runs, all or none: for a database that has moved.
    ///
    /// - Parameter definitions: The definitions.
    /// - Throws: ``TrancheError`` `.unknownRun` for a job that there is not; nothing was changed
    ///   then.
    public func redefine(_ definitions: [JobKey: SourceDefinition]) async throws {
        try await retrying { _ in try await store.redefine(definitions) }
        forgetSources()
    }

    /// A run and its source, which is the one that it was begun with.
    func known(
        _ key: RunKey,
        _ description: some MetaSourceDescription
    ) async throws -> (run: RunRecord, source: any MetaSource) {
        let source = try await source(description)
        let run = try await run(RunSelection(key))
        try run.requireSame(
            definition: source.definition,
            bounds: run.bounds,
            rootIDs: run.rootIDs
        )
        return (run, source)
    }

    /// What stands under a source's name now.
    private func standing(of source: any MetaSource) async throws -> SourceStanding {
        guard let source = source as? any IdentifiedSource, let mark = try await source.mark()
        else {
            return SourceStanding()
        }
        return SourceStanding(
            identity: SourceIdentity(mark: mark, witness: try await source.witness())
        )
    }
}
