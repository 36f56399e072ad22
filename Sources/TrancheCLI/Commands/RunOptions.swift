import Tranche
import TrancheConnectors

/// The options that name a run which exists.
struct RunOptions: Sendable {
    /// What is known of the run, without a look at what the inventory knows.
    let selection: RunSelection
    /// The source as it is named, where it is.
    let source: SourceSpec?

    static func group(jobIsRequired: Bool) -> CommandDescription.OptionGroup {
        .init(
            title: "The run",
            options: [
                .init("job", "JOB", "name of the job", isRequired: jobIsRequired, isUsual: true),
                .init("meta", "TABLE", "table or inventory:JOB of the job, if it has several"),
                .init("schema", "SCHEMA", "schema of the table, with --meta table:NAME"),
                .init("run", "RUN", "name of a bounded run", isUsual: true),
            ]
        )
    }

    init(_ arguments: Arguments) throws {
        source = try SourceOptions.named(arguments)
        selection = RunSelection(
            metaTable: try source.map { try Connectors.ofProgram.recordedNames(of: $0)[0] },
            job: arguments.text("job"),
            run: arguments.text("run")
        )
    }

    /// The selection of the run; a file may be known under an earlier spelling.
    ///
    /// - Parameter inventory: The inventory.
    /// - Returns: The selection.
    /// - Throws: `TrancheError` of the store.
    func find(in inventory: Inventory) async throws -> RunSelection {
        var found = selection
        if let source {
            found.metaTable = try await Connectors.ofProgram.knownName(of: source, in: inventory)
        }
        return found
    }

    /// The selection of runs, of which at least one exists if a job, a source or a run is named.
    ///
    /// - Parameter inventory: The inventory.
    /// - Returns: The selection.
    /// - Throws: `TrancheError` `.unknownRun`, with what may have been meant.
    func known(in inventory: Inventory) async throws -> RunSelection {
        let found = try await find(in: inventory)
        if found != RunSelection() { try await Self.require(found, in: inventory) }
        return found
    }

    /// Checks that there is a run of a selection.
    ///
    /// - Parameters:
    ///   - selection: The selection.
    ///   - inventory: The inventory.
    /// - Throws: `TrancheError` `.unknownRun`, with what may have been meant.
    static func require(_ selection: RunSelection, in inventory: Inventory) async throws {
        guard try await inventory.runs(selection, after: nil, limit: 1).isEmpty else { return }
        let all = try await inventory.runs().map(\.key)
        throw TrancheError(.unknownRun, words(for: selection, among: all, inventory.name))
    }

    /// What there is not, and what may have been meant.
    private static func words(
        for asked: RunSelection,
        among all: [RunKey],
        _ name: String
    ) -> String {
        func hint(_ text: String, _ known: some Sequence<String>, _ option: String) -> String {
            let nearest = NearestName(Set(known).sorted()).to(text)
            return nearest.map { "; did you mean --\(option) \(RunKey.quoted($0))?" }
                ?? "; 'tranche status' lists what there is"
        }
        if let job = asked.job, !all.contains(where: { $0.job == job }) {
            return "there is no job '\(job)' in \(name)" + hint(job, all.map(\.job), "job")
        }
        let ofJob = all.filter { asked.job == nil || $0.job == asked.job }
        let job = asked.job.map { " of job '\($0)'" } ?? ""
        if let meta = asked.metaTable, !ofJob.contains(where: { $0.metaTable == meta }) {
            return "there is no source '\(meta)'\(job) in \(name)"
                + hint(meta, ofJob.map(\.metaTable), "meta")
        }
        let ofTable = ofJob.filter { asked.metaTable == nil || $0.metaTable == asked.metaTable }
        let run = asked.run ?? ""
        let words = run.isEmpty ? "incremental run" : "run '\(run)'"
        return "there is no \(words)\(job) in \(name)" + hint(run, ofTable.map(\.run), "run")
    }
}
