import Tranche

/// What the seed of a simulation decides before it begins.
struct SimulationPlan: Sendable {
    let policy: RunPolicy
    /// Whether the work on an item starts at most once.
    var isAtMostOnce: Bool { policy.execution == .atMostOnce }
    let filter: SourceFilter?
    let runs: [Run]
    /// How each writer works; one always stalls.
    let writers: [SimulatedWriter.Kind]
    /// Acquirers of each run; at least two.
    let acquirers: Int
    /// How often an acquirer asks for a batch.
    let rounds: Int
    /// Ids whose processing always fails.
    let poison: Set<Int64>
    /// From when on, and how long, everything fails with the same error.
    let outage: (after: Duration, length: Duration)?
    /// Whether connections of acquirers are lost now and then.
    let losesConnections: Bool
    /// What a batch must weigh, or wait for.
    let minWeight: Double?
    /// Most items of a batch; `nil` where each acquire decides.
    let count: Int?
    /// What limits the runs together, and each; `nil` where nothing does.
    let limits: SimulationLimits?

    /// A run of the job.
    struct Run: Sendable {
        let name: String
        let bounds: IDBounds
    }

    init(
        seed: UInt64,
        watch: Duration?,
        execution: RunPolicy.Execution,
        random: inout SplitMix64
    ) {
        limits = SimulationLimits(seed: seed)
        let watch = watch ?? random.pick([.zero, .seconds(86_400)])
        let (maxAttempts, onExhausted) = (
            random.pick([1, 2, 3]), random.pick([RunPolicy.OnExhausted.fail, .split])
        )
        policy = RunPolicy(
            lease: .seconds(10),
            maxAttempts: maxAttempts,
            backoff: .seconds(1),
            backoffLimit: .seconds(4),
            onExhausted: execution == .atMostOnce ? .fail : onExhausted,
            execution: execution,
            settleWait: .seconds(random.pick([0, 3, 8])),
            settleLag: .seconds(random.pick([0, 0, 0, 2])),
            watch: watch
        )
        filter = random.pick([nil, nil, nil, .even, .notThirds])
        var runs = [Run(name: "", bounds: IDBounds())]
        if random.hits(oneIn: 4) {
            let lower: Int64? = random.pick([nil, 2, 5])
            runs.append(
                Run(
                    name: "again",
                    bounds: IDBounds(lower: lower, upper: random.pick([nil, 9, 14]))
                )
            )
        }
        if limits != nil, runs.count == 1 {
            runs.append(Run(name: "beside", bounds: IDBounds()))
        }
        self.runs = runs
        // Without a watch, what no proof covers is lost; that is the promise.
        let kinds = SimulatedWriter.Kind.allCases.filter { kind in
            kind != .wide && (watch > .zero || kind.isProven)
        }
        var writers: [SimulatedWriter.Kind] = [.stalled]
        for _ in 0..<Int.random(in: 2...3, using: &random) { writers.append(random.pick(kinds)) }
        if watch > .zero, random.hits(oneIn: 8) { writers.append(.wide) }
        self.writers = writers
        acquirers = random.hits(oneIn: 6) ? 3 : 2
        rounds = runs.count > 1 ? 3 : random.pick([4, 5])
        poison = Set((0..<2).map { _ in Int64.random(in: 1...24, using: &random) })
        let hasOutage = policy.onExhausted == .split && random.hits(oneIn: 6)
        outage =
            hasOutage
            ? (
                after: .seconds(random.pick([0, 4])), length: .seconds(random.pick([20, 60]))
            ) : nil
        losesConnections = random.hits(oneIn: 3)
        minWeight = random.hits(oneIn: 5) ? 3 : nil
        count = hasOutage ? 1 : nil
    }
}
