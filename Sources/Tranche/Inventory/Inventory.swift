package import FoundationEssentials
import Synchronization

/// The inventory: which ids were handed out, to which job, and how each batch ended.
///
/// ```swift
/// let inventory = try await Inventory.open(.sqlite("inventory.db"))
/// let files = SQLSource("files", uid: "id", item: "path", weight: "size_in_bytes")
/// if let batch = try await inventory.acquireBatch(from: files, job: "checksum", limit: .weight(64
/// << 20)) {
///     try await batch.process { items in try await work(items) }.get()
/// }
/// ```
///
/// An inventory may be shared by any number of tasks.
public final class Inventory: Sendable {
    /// Where the inventory is kept.
    public let store: any InventoryStore
    /// How it behaves.
    public let configuration: Configuration
    private let sources = Mutex<[SourceKey: any MetaSource]>([:])
    private let config = Mutex<(request: EffectiveRequest, text: String)?>(nil)
    private let definitions = Mutex<[SourceDefinition: String]>([:])
    /// How runs were last seen.
    let memory: RunMemory
    /// The time that workers have.
    let stopwatch: Stopwatch
    /// How much of it went into audits, by run.
    let shares = Mutex<[RunKey: AuditShare]>([:])
    /// What is known of the things under the names of sources, by run.
    let watches = Mutex<[RunKey: IdentityWatch]>([:])
    /// The weights of runs whose batches have a target time.
    let sizes = Mutex<[RunKey: KnownSize]>([:])
    /// What is known of the probes that hold back runs.
    let probeWatches = Mutex<[RunKey: ProbeWatch]>([:])

    /// Tells observers what happens; `nil` where there is none.
    let events: EventReporter?
    /// Tells observers what cannot be reached.
    package let outages: OutageTeller
    /// Requests that tasks make together.
    let requests: GroupedRequests
    /// Which names this process works under.
    let presence = WorkerPresence()

    /// Makes an inventory over an open store.
    public convenience init(
        store: any InventoryStore,
        configuration: Configuration = Configuration()
    ) {
        let outages = OutageTeller(configuration, of: store.name)
        self.init(store: store, configuration: configuration, outages)
    }

    /// Makes an inventory over a store that was opened, with what has told of outages meanwhile.
    init(store: any InventoryStore, configuration: Configuration, _ outages: OutageTeller) {
        self.store = store
        self.configuration = configuration
        self.outages = outages
        stopwatch = outages.stopwatch
        events = outages.events
        memory = RunMemory(now: configuration.store.now)
        requests = GroupedRequests(store: store, isSharing: configuration.sharesTransactions)
    }

    /// Closes the connections.
    ///
    /// Batches in hand can no longer be ended through this inventory. Observers are told of what
    /// has happened before; they are waited for, 5 s at most.
    public func close() async {
        await store.close()
        guard let events else { return }
        // In a task that is not cancelled: what has happened is told, also where that is how all
        // ends.
        await Task { await events.drain(configuration.clock) }.value
    }

    /// Opens a source, or returns it when it is open already.
    ///
    /// - Parameter description: What the source is.
    /// - Returns: The open source.
    /// - Throws: As ``MetaSourceDescription/open(beside:)``.
    public func source(_ description: some MetaSourceDescription) async throws -> any MetaSource {
        let key = SourceKey(description: description)
        if let known = sources.withLock({ $0[key] }) { return known }
        let source = try await description.open(beside: store)
        // Somebody may have opened it meanwhile: what one reads, others find in the same memory.
        return sources.withLock { sources in
            let first = sources[key] ?? source
            sources[key] = first
            return first
        }
    }

    /// The `config` text of a request; a worker asks the same again and again.
    func configText(_ request: EffectiveRequest) throws -> String {
        if let known = config.withLock({ $0 }), known.request == request { return known.text }
        let text = try JSONText.encode(request)
        config.withLock { $0 = (request, text) }
        return text
    }

    /// The canonical text of a definition; one for each source.
    func text(of definition: SourceDefinition) throws -> String {
        if let known = definitions.withLock({ $0[definition] }) { return known }
        let text = try definition.canonicalText
        definitions.withLock { known in
            // A file that grows has ever new ones.
            if known.count >= 1000 { known.removeAll() }
            known[definition] = text
        }
        return text
    }

    /// The inventory's time, as far as it is known here.
    package var now: Date { configuration.store.now?() ?? Date() }
}

extension Inventory {
    /// How an inventory behaves.
    public struct Configuration: Sendable {
        /// How its store is opened.
        public var store: StoreConfiguration
        /// The name under which batches are held; ``processName`` by default.
        public var worker: String
        /// How long a request is repeated while the store or the source cannot be reached, or is
        /// locked by others; 60 s by default, which outlasts the failover of a cluster.
        ///
        /// What ends a batch, or keeps it, is repeated for as long as its lease where that is
        /// longer.
        public var retryLimit: Duration
        /// The observers that receive events; none by default.
        ///
        /// See <doc:Events>.
        public var observers: [any InventoryObserver] = []
        /// Most events that wait for an observer before further ones are dropped; 1,024 by default,
        /// at least 1.
        public var eventLimit = 1024
        /// How often to look again where nothing says when; 1 s by default.
        public var pollInterval: Duration
        /// The clock for waits and for the time that audits take; leases are the store's.
        public var clock: any Clock<Duration>
        /// How long a look at all runs waits for each of their sources.
        package var sourcePatience = Duration.seconds(5)
        /// Numbers from 0 up to 1, for jitter.
        public var randomness: @Sendable () -> Double
        /// Makes a request's token; each must be new, and begin with a tilde.
        public var makeToken: @Sendable () -> String
        /// Whether tasks of this process that ask at once share a transaction; true by default.
        public var sharesTransactions = true
        /// Whether workers give up to 1 % of their time to audits; true by default.
        public var auditsWhileWorking = true
        /// The prober that asks the questions of probes, except time windows; none by default.
        public var probers: [any Prober] = []

        /// Makes a configuration.
        public init(
            store: StoreConfiguration = StoreConfiguration(),
            worker: String = Configuration.processName,
            retryLimit: Duration = .seconds(60),
            pollInterval: Duration = .seconds(1),
            clock: any Clock<Duration> = ContinuousClock(),
            randomness: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
            makeToken: @escaping @Sendable () -> String = Configuration.makeUniqueToken
        ) {
            self.store = store
            self.worker = worker
            self.retryLimit = retryLimit
            self.pollInterval = pollInterval
            self.clock = clock
            self.randomness = randomness
            self.makeToken = makeToken
        }

        /// The host's name and the process's number, such as `etl-1:4711`.
        ///
        /// In a container, where numbers begin at 1 and the host's name may be that of all, a
        /// random part follows: `etl-1:1-k3v9q`. It is the same for the life of the process.
        public static var processName: String { ProcessName.own.text }

        /// Makes a token of the time and 64 random bits.
        public static func makeUniqueToken() -> String {
            let time = String(Date().milliseconds, radix: 16)
            let noise = String(UInt64.random(in: .min ... .max), radix: 16)
            return AcquireRequest.madeUpTokenMark + time + "-" + noise
        }
    }
}

/// A source's description of any type, as a key.
private struct SourceKey: Hashable {
    let description: any MetaSourceDescription

    static func == (lhs: SourceKey, rhs: SourceKey) -> Bool {
        isEqual(lhs.description, rhs.description)
    }

    func hash(into hasher: inout Hasher) {
        description.hash(into: &hasher)
    }

    private static func isEqual<Description: MetaSourceDescription>(
        _ lhs: Description,
        _ rhs: any MetaSourceDescription
    ) -> Bool {
        (rhs as? Description).map { $0 == lhs } ?? false
    }
}
