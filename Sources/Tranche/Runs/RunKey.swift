/// The key of a run.
public struct RunKey: Sendable, Hashable, Codable {
    /// The meta source's name as given, without credentials.
    public var metaTable: String
    /// The job's name; 1 to 128 UTF-8 bytes.
    public var job: String
    /// The run's name; empty for the incremental run.
    public var run: String

    /// Makes a key.
    public init(metaTable: String, job: String, run: String = "") {
        self.metaTable = metaTable
        self.job = job
        self.run = run
    }

    /// Whether two are the same, byte by byte: names that look alike may be two runs'.
    public static func == (lhs: RunKey, rhs: RunKey) -> Bool {
        lhs.metaTable.hasBytes(of: rhs.metaTable) && lhs.job.hasBytes(of: rhs.job)
            && lhs.run.hasBytes(of: rhs.run)
    }

    /// The key in words, for messages.
    public var description: String {
        run.isEmpty
            ? "job '\(job)' on '\(metaTable)'" : "run '\(run)' of job '\(job)' on '\(metaTable)'"
    }

    func validate() throws {
        guard !job.isEmpty, job.utf8.count <= 128 else {
            throw TrancheError(
                .invalidArgument,
                "a job's name has 1 to 128 bytes of UTF-8; this one has \(job.utf8.count)"
            )
        }
        guard run.utf8.count <= 128 else {
            throw TrancheError(
                .invalidArgument,
                "a run's name has at most 128 bytes of UTF-8; this one has \(run.utf8.count)"
            )
        }
        guard !(job + run).utf8.contains(0) else {
            throw TrancheError(.invalidArgument, "names of jobs and runs hold no NUL character")
        }
    }

    /// Refuses names that no new run is given; one that has such a name goes on under it.
    ///
    /// - Throws: ``TrancheError`` `.invalidArgument`.
    package func requireNewName() throws {
        try Self.requireVisible(job, "a job")
        try Self.requireVisible(run, "a run")
        guard run != "-" else {
            throw TrancheError(
                .invalidArgument,
                "a run cannot be named '-', which is what 'tranche serve' calls the incremental "
                    + "run; give another name"
            )
        }
        // No client sends them as a part of an address: they stand for folders there.
        if let name = [job, run].first(where: { [".", ".."].contains($0) }) {
            throw TrancheError(
                .invalidArgument,
                "neither a job nor a run can be named '\(name)', which no address of 'tranche "
                    + "serve' can hold; give another name"
            )
        }
    }
}

extension RunKey {
    /// Refuses a name that looks like another one: what a script has read of a file with an end of
    /// line would begin all anew beside the run that is meant.
    private static func requireVisible(_ name: String, _ kind: String) throws {
        let isPadded = name.first?.isWhitespace ?? false || name.last?.isWhitespace ?? false
        let hasControl = name.unicodeScalars.contains { $0.properties.generalCategory == .control }
        guard isPadded || hasControl else { return }
        throw TrancheError(
            .invalidArgument,
            "the name of \(kind) neither begins nor ends with white space, and has no tabs, ends "
                + "of lines or other control characters, as \(name.debugDescription) does; give "
                + "another name"
        )
    }
}

extension RunKey: CustomStringConvertible {}
