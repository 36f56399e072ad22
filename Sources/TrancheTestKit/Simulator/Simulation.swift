import Foundation
import Tranche

/// One simulation while it is made.
struct Simulation {
    let store: any InventoryStore
    let clock: ManualClock
    let table: any SimulatedTable
    let job: String
    let plan: SimulationPlan
    let ledger: SimulationLedger
    let log: StepLog
    let outage: ClosedRange<Date>?
    var random: SplitMix64

    init(
        _ simulator: Simulator,
        store: any InventoryStore,
        clock: ManualClock,
        table: any SimulatedTable
    ) {
        self.store = store
        self.clock = clock
        self.table = table
        random = SplitMix64(seed: simulator.seed)
        job = "job \(simulator.seed)"
        plan = SimulationPlan(
            seed: simulator.seed,
            watch: simulator.watch,
            execution: simulator.execution,
            random: &random
        )
        ledger = SimulationLedger(plan: plan, clock: clock)
        log = StepLog(clock: clock)
        let start = clock.date
        outage = plan.outage.map { outage in
            let begin = start.advanced(by: outage.after)
            return begin...begin.advanced(by: outage.length)
        }
    }

    mutating func run() async throws -> SimulationReport {
        try await limit()
        try await interleave()
        try await makeOperator(nil, 0)?.loosen()
        try await drain(isCured: false)
        let check = SimulationCheck(store: store, job: job, plan: plan, ledger: ledger)
        try await check.run()
        try await redrive()
        for run in plan.runs { try await audit(run) }
        var report = ledger.report
        report.steps = log.count
        report.ids = ledger.ids(for: IDBounds()).count
        return report
    }

    // MARK: Interleaving

    private mutating func interleave() async throws {
        let operators = plan.limits == nil ? 0 : 1
        let count = plan.writers.count + operators + plan.runs.count * plan.acquirers
        let turns = Turns(actors: count)
        var writers: [SimulatedWriter] = []
        var acquirers: [SimulatedAcquirer] = []
        for kind in plan.writers {
            writers.append(
                SimulatedWriter(
                    kind: kind,
                    table: table,
                    ledger: ledger,
                    clock: clock,
                    policy: plan.policy,
                    turns: turns,
                    number: writers.count,
                    log: log,
                    random: SplitMix64(seed: random.next())
                )
            )
        }
        for run in plan.runs {
            for _ in 0..<plan.acquirers {
                let number = count - 1 - acquirers.count
                acquirers.append(makeAcquirer("a\(acquirers.count)", of: run, turns, number))
            }
        }
        let changing = try await makeOperator(turns, plan.writers.count)
        let ledger = ledger
        await withTaskGroup(of: Void.self) { group in
            for var writer in writers {
                group.addTask {
                    await Self.act(turns, ledger) { try await writer.run() }
                }
            }
            if var changing {
                group.addTask {
                    await Self.act(turns, ledger) { try await changing.work() }
                }
            }
            for var acquirer in acquirers {
                group.addTask {
                    await Self.act(turns, ledger) { try await acquirer.work() }
                }
            }
            await schedule(turns)
        }
        try Task.checkCancellation()
        if let failure = ledger.failure { throw Violation(failure) }
    }

    /// Lets an actor act, and tells how it ended.
    private static func act(
        _ turns: Turns,
        _ ledger: SimulationLedger,
        _ body: () async throws -> Void
    ) async {
        do {
            try await body()
        } catch {
            // When the simulation is given up, that comes after the failure.
            ledger.fail("\(error)")
        }
        turns.end()
    }

    /// Says who goes on, until nobody is left or something was found.
    private mutating func schedule(_ turns: Turns) async {
        while true {
            let waiting = await turns.settle()
            if waiting.isEmpty || ledger.failure != nil || Task.isCancelled { break }
            let ready = waiting.filter { isReady($0.condition) }
            if ready.isEmpty || random.hits(oneIn: 6) {
                let step = random.pick([100, 100, 1000, 1000, 3000, 11_000])
                clock.advance(by: .milliseconds(step))
            } else {
                turns.grant(random.pick(ready).actor)
            }
        }
        turns.abandon()
    }

    private func isReady(_ condition: Turns.Condition) -> Bool {
        switch condition {
        case .always: true
        case .time(let date): clock.date >= date
        case .noWriter: !ledger.hasWriter
        }
    }

    private mutating func makeAcquirer(
        _ name: String,
        of run: SimulationPlan.Run,
        _ turns: Turns?,
        _ number: Int
    ) -> SimulatedAcquirer {
        let clock = clock
        let loses = turns != nil && plan.losesConnections
        let losses = loses ? LostConnections(random: SplitMix64(seed: random.next())) : nil
        let gate = makeGate(name, turns, number, losses)
        let tokens = Counter()
        let job = job
        var configuration = Inventory.Configuration(
            store: StoreConfiguration(now: { clock.date }),
            worker: name,
            clock: SteppedClock(base: clock, gate: gate),
            randomness: { 0 },
            makeToken: { "\(AcquireRequest.madeUpTokenMark)\(job) \(name) \(tokens.next())" }
        )
        // The same steps give the same answers, whatever time they take.
        configuration.auditsWhileWorking = false
        // The wait for a turn is time that a request takes here.
        configuration.retryLimit = .seconds(86_400)
        configuration.sharesTransactions = random.hits(oneIn: 2)
        return SimulatedAcquirer(
            inventory: Inventory(
                store: SteppedStore(base: store, gate: gate, ledger: ledger),
                configuration: configuration
            ),
            description: SteppedDescription(base: table.describe(filter: plan.filter), gate: gate),
            job: job,
            run: run,
            plan: plan,
            clock: clock,
            ledger: ledger,
            gate: gate,
            outage: outage,
            random: SplitMix64(seed: random.next())
        )
    }

    private func makeGate(
        _ name: String,
        _ turns: Turns?,
        _ number: Int,
        _ losses: LostConnections?
    ) -> Gate {
        let condition = table.blocksInventory ? Turns.Condition.noWriter : .always
        let clock = clock
        return Gate(
            actor: name,
            column: .acquirers,
            log: log,
            wait: { step, time in
                if let turns {
                    let condition = time.map { .time($0) } ?? condition
                    try await turns.take(number, step, when: condition)
                } else if let time {
                    clock.advance(by: .seconds(max(0, time.timeIntervalSince(clock.date))))
                }
            },
            losses: losses
        )
    }

    // MARK: Limits

    /// Makes the budgets to which the runs will refer.
    private func limit() async throws {
        for (name, limits) in plan.limits?.budgets ?? [] {
            _ = try await store.change(budget: name, .limits(limits), ChangeNote())
            ledger.limit(name, to: limits)
        }
        for run in plan.runs { ledger.limit(run: run.name, to: plan.limits?.parallelism) }
    }

    /// The one who changes what limits the runs; `nil` where nothing does.
    private func makeOperator(_ turns: Turns?, _ number: Int) async throws -> SimulatedOperator? {
        guard let limits = plan.limits else { return nil }
        let source = try await table.describe(filter: plan.filter).open(beside: store)
        let metaTable = source.definition.table
        return SimulatedOperator(
            store: store,
            runs: plan.runs.map { RunKey(metaTable: metaTable, job: job, run: $0.name) },
            clock: clock,
            ledger: ledger,
            gate: makeGate("operator", turns, number, nil),
            limits: limits
        )
    }

    // MARK: The end

    /// Works off all runs.
    private mutating func drain(isCured: Bool) async throws {
        for run in plan.runs {
            let name = isCured ? "cured" : "drain"
            var acquirer = makeAcquirer(name + run.name, of: run, nil, 0)
            acquirer.isCured = isCured
            try await acquirer.drain()
            if let failure = ledger.failure { throw Violation(failure) }
        }
    }

    /// Makes what was quarantined batches again; now that nothing is bad, all must succeed.
    private mutating func redrive() async throws {
        let selection = BatchSelection(runs: RunSelection(job: job), status: .quarantined)
        if try await store.batches(selection).isEmpty { return }
        for batch in try await store.redrive(selection, items: nil) {
            log.note(.acquirers, "redrive: \(batch.words)")
        }
        try await drain(isCured: true)
        guard try await store.batches(selection).isEmpty else {
            throw Violation("what was redriven is quarantined again")
        }
        try await SimulationCheck(store: store, job: job, plan: plan, ledger: ledger).run()
    }

    /// Compares every tile with the source.
    private func audit(_ run: SimulationPlan.Run) async throws {
        let inventory = Inventory(store: store)
        let description = table.describe(filter: plan.filter)
        let source = try await description.open(beside: store)
        let key = RunKey(metaTable: source.definition.table, job: job, run: run.name)
        let options = AuditOptions(isThorough: true)
        let report = try await inventory.audit(key, from: description, options: options)
        guard report.appeared.count == 0, report.vanished.count == 0 else {
            throw Violation(
                "the audit of run '\(run.name)' finds [\(report.appeared.packed)] that appeared and "
                    + "[\(report.vanished.packed)] that vanished"
            )
        }
    }
}
