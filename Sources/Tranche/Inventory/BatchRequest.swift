import FoundationEssentials

/// A worker's request for a batch: of which run, and how large.
public struct BatchRequest: Sendable, Hashable {
    /// The job's name; 1 to 128 UTF-8 bytes.
    public var job: String
    /// The run's name; empty (the default) for the incremental run.
    public var run: String
    /// The ids that a named run may use.
    public var ids: IDBounds
    /// How large a batch may be; no limit by default.
    public var limit: BatchLimit
    /// How long a batch should take, in place of a limit of its weight; `nil` (the default) for no
    /// such target.
    public var targetTime: TargetTime?
    /// The minimum weight of a batch, unless its items waited for ``linger``; `nil` (the default)
    /// for any.
    public var minWeight: Double?
    /// How long an undersized batch waits for more items; only with ``minWeight``; 0 by default.
    public var linger: Duration
    /// How the run treats its batches; used only when the run begins.
    public var policy: RunPolicy
    /// The name of the worker; `nil` (the default) for the inventory's own worker name.
    public var worker: String?
    /// The caller's own name for the work, kept with the batch.
    public var jobIdentifier: String?
    /// A token of at most 128 bytes: the same token gives the same batch.
    ///
    /// Made up when `nil`.
    public var token: String?
    /// For a named run over the inventory of another job: only batches that hold one of these ids
    /// of the first source count.
    public var rootIDs: IDBounds
    /// The target of the records, in words without credentials; every batch of a run must have the
    /// same one; `nil` (the default) for any.
    public var target: String?
    /// The promise about late commits that the source must give; `nil` (the default) for the one it
    /// can give.
    public var promise: SourcePromise?
    /// The digest of the workflow that asks, where it is one.
    package var workflow: String?
    /// The limits of the run, used only when it begins; `nil` (the default) for none.
    public var limits: RunLimits?
    /// Whether the caller has a batch in hand; see ``AcquireRequest/Slot/isAhead``.
    package var isAhead = false
    /// Whether the caller is this process for as long as it lives: what it holds when it ends may
    /// be taken over at once.
    package var endsWithProcess = false

    /// Makes a request.
    public init(
        job: String,
        run: Run = .incremental,
        limit: BatchLimit = BatchLimit(),
        minWeight: Double? = nil,
        linger: Duration = .zero,
        policy: RunPolicy = RunPolicy(),
        worker: String? = nil,
        jobIdentifier: String? = nil,
        token: String? = nil,
        target: String? = nil,
        promise: SourcePromise? = nil
    ) {
        self.init(
            job: job,
            run: run.name,
            ids: run.ids,
            limit: limit,
            minWeight: minWeight,
            linger: linger,
            policy: policy,
            worker: worker,
            jobIdentifier: jobIdentifier,
            token: token,
            rootIDs: run.rootIDs,
            target: target,
            promise: promise
        )
    }

    /// Makes a request of a run that is given in parts, which need not fit together.
    package init(
        job: String,
        run: String,
        ids: IDBounds = IDBounds(),
        limit: BatchLimit = BatchLimit(),
        minWeight: Double? = nil,
        linger: Duration = .zero,
        policy: RunPolicy = RunPolicy(),
        worker: String? = nil,
        jobIdentifier: String? = nil,
        token: String? = nil,
        rootIDs: IDBounds = IDBounds(),
        target: String? = nil,
        promise: SourcePromise? = nil
    ) {
        self.job = job
        self.run = run
        self.ids = ids
        self.limit = limit
        self.minWeight = minWeight
        self.linger = linger
        self.policy = policy
        self.worker = worker
        self.jobIdentifier = jobIdentifier
        self.token = token
        self.rootIDs = rootIDs
        self.target = target
        self.promise = promise
    }

    /// Checks what can be checked without a database.
    ///
    /// - Throws: ``TrancheError`` `.invalidArgument`.
    public func validate() throws {
        try RunKey(metaTable: "", job: job, run: run).validate()
        try ids.validate()
        try limit.validate()
        try policy.validate()
        try limits?.validate()
        if run.isEmpty, !ids.isOpen {
            throw TrancheError(
                .invalidArgument,
                "the bounds \(ids) need the name of a run: the incremental run is open-ended"
            )
        }
        try rootIDs.validate()
        if run.isEmpty, !rootIDs.isOpen {
            throw TrancheError(
                .invalidArgument,
                "the root ids \(rootIDs) need the name of a run: the incremental run is open-ended"
            )
        }
        try targetTime?.validate()
        if targetTime != nil, limit.weight != nil || minWeight != nil {
            throw TrancheError(
                .invalidArgument,
                "a target time finds the weight: give no limit of it, and no least weight to wait "
                    + "for"
            )
        }
        if let minWeight, !(minWeight > 0) || minWeight.isInfinite {
            throw TrancheError(
                .invalidArgument,
                "the least weight is \(minWeight.plain); give a number above 0"
            )
        }
        if linger < .zero {
            throw TrancheError(.invalidArgument, "the linger time is negative; give 0 or more")
        }
        if minWeight == nil, linger > .zero {
            throw TrancheError(.invalidArgument, "a linger time needs a least weight")
        }
        if let token,
            token.isEmpty || token.utf8.count > 128 || token.contains("#")
                || token.hasPrefix(AcquireRequest.madeUpTokenMark)
        {
            throw TrancheError(
                .invalidArgument,
                "a request's token has 1 to 128 bytes of UTF-8, no '#', and no '~' in front"
            )
        }
    }

    func requireWeights(in definition: SourceDefinition) throws {
        guard definition.weight == nil else { return }
        if limit.weight != nil || minWeight != nil || targetTime != nil {
            let what = targetTime == nil ? "a weight limit" : "a target time"
            throw TrancheError(
                .invalidArgument,
                "\(what) needs a weight column, and '\(definition.table)' was given none; name the "
                    + "column, or limit the count",
                field: ["weight_column"]
            )
        }
    }

    /// Refuses a limit per key where the source has no key column.
    func requireKey(in definition: SourceDefinition) throws {
        guard limits?.perKey != nil, definition.key == nil else { return }
        throw TrancheError(
            .invalidArgument,
            "a number of batches per key needs a key column, and '\(definition.table)' was given "
                + "none; name the column, or limit all batches with a parallelism",
            field: ["key"]
        )
    }

    /// Refuses a lag where uids get their numbers once they are committed.
    func requireNoLag(in definition: SourceDefinition) throws {
        guard policy.settleLag > .zero, definition.numbering != nil else { return }
        throw TrancheError(
            .invalidArgument,
            "a settle lag waits for lower ids that are still to be committed, and the uids of "
                + "'\(definition.table)' get their numbers once they are: leave it out"
        )
    }

    /// The request as kept with each batch, under the keys that pybatchintory used.
    func effective(for definition: SourceDefinition) -> EffectiveRequest {
        EffectiveRequest(
            metaTable: .init(
                name: definition.table,
                cols: .init(
                    uid: definition.uid,
                    item: definition.item,
                    weight: definition.weight,
                    key: definition.key
                )
            ),
            filter: definition.filter,
            job: job,
            run: run,
            jobIdentifier: jobIdentifier,
            batchIDMin: ids.lower,
            batchIDMax: ids.upper,
            batchWeight: limit.weight,
            batchCount: limit.count,
            minWeight: minWeight,
            lingerMilliseconds: minWeight == nil ? nil : linger.milliseconds,
            targetMilliseconds: targetTime?.time.milliseconds,
            leastWeight: targetTime?.least,
            mostWeight: targetTime.flatMap { $0.most < .greatestFiniteMagnitude ? $0.most : nil },
            workflow: workflow
        )
    }
}

/// The JSON of the column `config`.
struct EffectiveRequest: Encodable, Hashable {
    struct MetaTable: Encodable, Hashable {
        var name: String
        var cols: Columns
    }

    struct Columns: Encodable, Hashable {
        var uid: String
        var item: String?
        var weight: String?
        var key: String?
    }

    var metaTable: MetaTable
    var filter: String?
    var job: String
    var run: String
    var jobIdentifier: String?
    var batchIDMin: Int64?
    var batchIDMax: Int64?
    var batchWeight: Double?
    var batchCount: Int?
    var minWeight: Double?
    var lingerMilliseconds: Int64?
    /// The target time that found ``batchWeight``, where one did, and its bounds.
    var targetMilliseconds: Int64?
    var leastWeight: Double?
    var mostWeight: Double?
    var workflow: String?

    enum CodingKeys: String, CodingKey {
        case metaTable = "meta_table"
        case filter, job, run, workflow
        case jobIdentifier = "job_identifier"
        case batchIDMin = "batch_id_min"
        case batchIDMax = "batch_id_max"
        case batchWeight = "batch_weight"
        case batchCount = "batch_count"
        case minWeight = "min_weight"
        case lingerMilliseconds = "linger_ms"
        case targetMilliseconds = "target_ms"
        case leastWeight = "least_weight"
        case mostWeight = "most_weight"
    }
}
