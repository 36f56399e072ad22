import Tranche
import TrancheChains

extension LoadCommand {
    /// Refuses a run whose name no new one is given; and one without bounds of files that were
    /// loaded before and have no run of this name: it would load all records again, which `--again`
    /// says.
    ///
    /// - Parameters:
    ///   - files: The files.
    ///   - inventory: The inventory.
    /// - Throws: ``UsageError`` with what may have been meant; `TrancheError` `.invalidArgument`
    ///   for the name, and of the store.
    func requireMeantRun(of files: [LoadFile], in inventory: Inventory) async throws {
        let request = options.request
        // Nothing is made for what cannot begin.
        let asked = RunKey(
            metaTable: options.file.recorded,
            job: options.job,
            run: request.run
        )
        try await inventory.requireName(of: asked)
        guard !request.run.isEmpty, request.ids.isOpen, !options.isAgain else { return }
        let tables = Set(files.flatMap { [$0.options.file.recorded, $0.options.file.spelt] })
        let runs = try await inventory.runs(RunSelection(job: options.job))
            .filter { tables.contains($0.key.metaTable) }
        guard let known = runs.first else { return }
        let key = RunKey(metaTable: known.key.metaTable, job: options.job, run: request.run)
        try key.requireMeant(
            among: runs,
            forNew: "give --from, --to-offset or both; --again \(RunKey.quoted(key.run)) loads all "
                + "records again"
        )
    }
}
