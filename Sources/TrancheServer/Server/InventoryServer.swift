import FoundationEssentials
package import Tranche

/// Serves an inventory over HTTP: REST for every language, events, metrics, and a page.
///
/// See <doc:Server>. It holds nothing that is not in the inventory, but who is logged in: several
/// may serve one inventory, and one that is started anew goes on.
public struct InventoryServer: Sendable {
    /// How it serves.
    public let configuration: Configuration
    private let state: ServerState

    /// Describes a server.
    ///
    /// - Parameters:
    ///   - inventory: What it serves.
    ///   - configuration: How.
    ///   - jobs: What its callers may work on.
    ///   - sources: Makes what finds the sources of runs, once for each look.
    package init(
        _ inventory: Inventory,
        configuration: Configuration,
        jobs: ServedJobs,
        sources: @escaping SourceLooks.SourceFinderMaker
    ) {
        self.configuration = configuration
        state = ServerState(inventory, configuration, jobs, sources)
    }

    /// Serves until the task is cancelled.
    ///
    /// Then it accepts nothing more, ends what is sent bit by bit, answers what it has in hand
    /// within the grace, and closes all connections.
    ///
    /// - Parameter onReady: Told once where it listens.
    /// - Throws: ``HTTPListenerError`` where it cannot listen; `TrancheError` `.invalidArgument`
    ///   for an address that others can reach without tokens; `CancellationError` when it was
    ///   stopped.
    public func run(_ onReady: @escaping @Sendable (ListenAddress) -> Void = { _ in }) async throws
    {
        try configuration.validate()
        let router = state.router
        let listener = HTTPListener(
            configuration.listening,
            clock: configuration.clock,
            admit: { router.admit($0) },
            handler: { await router.answer($0) }
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await listener.run(onReady) }
            group.addTask { try await state.feed.run() }
            group.addTask { try await state.overview.run() }
            group.addTask { try await state.noteWaiting() }
            if !state.inventory.configuration.observers.isEmpty {
                group.addTask { try await state.held.run() }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}

/// What all routes of a server share.
final class ServerState: Sendable {
    let inventory: Inventory
    let configuration: InventoryServer.Configuration
    let jobs: ServedJobs
    let sources: SourceLooks.SourceFinderMaker
    let sessions: PageSessions
    let feed: EventFeed
    let actions: FrozenActions
    let overview: SharedReading<OverviewReading>
    let answers: SharedAnswers
    let pace: RefusalPace
    let readOnly: ReadOnly
    /// The attempts that were handed out here.
    let held: HeldAttempts
    let audits = AuditSlots()

    init(
        _ inventory: Inventory,
        _ configuration: InventoryServer.Configuration,
        _ jobs: ServedJobs,
        _ sources: @escaping SourceLooks.SourceFinderMaker
    ) {
        self.inventory = inventory
        self.configuration = configuration
        self.jobs = jobs
        self.sources = sources
        sessions = PageSessions(configuration.clock)
        actions = FrozenActions(configuration.clock)
        pace = RefusalPace(configuration.clock)
        readOnly = ReadOnly(inventory.store, clock: configuration.clock)
        held = HeldAttempts(inventory, clock: configuration.clock)
        let answers = SharedAnswers(configuration.clock)
        self.answers = answers
        let feed = EventFeed(inventory, clock: configuration.clock) {
            // Who is told of a change reads it then.
            answers.note(.ofAll)
        }
        self.feed = feed
        let beginnings = RunBeginnings()
        let workers = WorkersAtWork(inventory, configuration.clock)
        overview = SharedReading(
            age: .seconds(1),
            // The page looks again 2.5 s after a change: it is in what it reads then.
            grace: .seconds(1),
            longest: EventFeed.longest,
            clock: configuration.clock,
            mark: { try await inventory.changeMark() }
        ) { mark in
            let reading = try await OverviewReading(
                inventory,
                known: feed.runs(at: mark),
                beginnings,
                by: configuration.check,
                workers: try await workers.all,
                sources()
            )
            feed.note(reading.status.overview, at: reading.asOf)
            return reading
        }
    }

    /// Looks at what waits when a minute begins, whether somebody asks or not, so that it is known
    /// of each minute of the last hour; until the task is cancelled.
    ///
    /// - Throws: `CancellationError`.
    func noteWaiting() async throws {
        while true {
            let seconds = now.timeIntervalSince1970.truncatingRemainder(dividingBy: 60)
            try await configuration.clock.sleep(for: .seconds(60 - seconds))
            do {
                let reading = try await StatusReading(
                    RunSelection(),
                    in: inventory,
                    limit: OverviewReading.mostRuns,
                    source: sources()
                )
                feed.note(reading.overview, at: now)
            } catch let error as CancellationError {
                throw error
            } catch {
                // That minute stays unknown; who asks for something learns what is wrong.
            }
        }
    }

    /// Finds the source of one run.
    func source(
        _ run: RunRecord,
        _ inventory: Inventory
    ) async throws -> any MetaSourceDescription {
        try await sources()(run, inventory)
    }

    /// What says who calls.
    var gatekeeper: Gatekeeper {
        Gatekeeper(
            tokens: configuration.tokens,
            sessions: sessions,
            open: configuration.openRoles
        )
    }

    /// What finds the route of a request.
    var router: Router {
        Router(
            routes: routes,
            base: configuration.base,
            gatekeeper: gatekeeper,
            readOnly: readOnly,
            answers: answers,
            pace: pace,
            onChange: { [overview] in await overview.forget() }
        )
    }

    /// All routes, in the order in which they are told.
    var routes: [Route] {
        var routes = SessionRoutes(state: self).routes
        routes += LookRoutes(state: self).routes
        routes += AuditRoutes(state: self).routes
        routes += BatchRoutes(state: self).routes
        routes += ItemRoutes(state: self).routes
        routes += PipelineRoutes(state: self).routes
        routes += WorkRoutes(state: self).routes
        routes += OperateRoutes(state: self).routes
        routes += BudgetRoutes(state: self).routes
        routes += ActionRoutes(state: self).routes
        routes += HealthRoutes(state: self, others: routes).routes
        return routes
    }

    var now: Date { inventory.now }

    /// Who changes something, as the inventory keeps it.
    func operating(_ caller: Caller) -> Inventory {
        var configuration = inventory.configuration
        configuration.worker = caller.name ?? configuration.worker
        // It is not closed, so that nobody would see to it that they are told all.
        configuration.observers = []
        return Inventory(store: inventory.store, configuration: configuration)
    }
}
