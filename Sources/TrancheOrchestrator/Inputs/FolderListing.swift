import FoundationEssentials
public import Tranche
public import TrancheSQL

/// The files of a folder, registered in a table as items of a job.
///
/// ```swift
/// let photos = FolderListing("photos", table: "photo")
/// try await photos.register(beside: inventory)
/// for try await batch in inventory.batches(of: "thumbs", from: SQLSource("photo"), weight: 1 << 26) { … }
/// ```
///
/// Each file gets the next id when it is found, the oldest first. The item (`item`) is its absolute
/// path, links followed, the weight (`weight`) its size in bytes; `modified` is when it was changed
/// last. Size, time of change and number on its disk (`version`) tell a file from itself when it
/// was another: one that was changed is registered again, as a new item. What was registered stays
/// when a file goes. Hidden files are left out, and so are the files of the inventory and of the
/// table's database, which a registration changes; links below the folder are not followed. The
/// table is made if it is not there.
public struct FolderListing: Sendable {
    /// The folder.
    public var folder: String
    /// The table in which files are registered.
    public var table: String
    /// The table's database; the inventory's own with `nil`.
    public var database: SourceDatabase?
    /// The suffixes of the files to take; an empty list (the default) takes any.
    public var suffixes: [String] = []
    /// Whether files in folders of the folder are meant, too; true by default.
    public var isRecursive = true
    /// How long a file must not have changed before it is registered; 2 s by default.
    ///
    /// One whose time lies in the future has not changed since it was seen first.
    public var quiet: Duration = .seconds(2)
    /// How often all is looked through while the folder is watched; 10 s by default.
    ///
    /// Changes of which the kernel tells are looked at at once.
    public var interval: Duration = .seconds(10)

    /// Describes a listing.
    ///
    /// - Parameters:
    ///   - folder: The folder.
    ///   - table: The table in which files are registered: `table` or `schema.table`.
    ///   - database: The table's database; the inventory's own by default.
    public init(_ folder: String, table: String, in database: SourceDatabase? = nil) {
        self.folder = folder
        self.table = table
        self.database = database
    }

    /// The result of a registration.
    public struct Registration: Sendable, Hashable {
        /// How many files were looked at.
        public var found = 0
        /// How many of them are new.
        public var added = 0
        /// How many of the new ones were registered before, when they were others.
        public var changed = 0
        /// How many were left out, since they may still be written to.
        public var unfinished = 0
        /// What could not be registered, a text each, such as a file whose name is not UTF-8; of
        /// more than 20 the first.
        public var faults: [String] = []
        /// How many files and folders could not be registered or read.
        public var faultCount = 0
        /// What is never registered since a registration writes to it, a text each.
        package var leftOut: [String] = []
    }

    /// Looks through the folder once, and registers the files that are new.
    ///
    /// Files that were changed just now are waited for, for ``quiet``; those that have changed
    /// again by then are left for the next time.
    ///
    /// - Parameters:
    ///   - inventory: The inventory, whose database is meant where none is named.
    ///   - isTrial: Whether only to count the new ones.
    /// - Returns: What it came to.
    /// - Throws: `TrancheError` `.invalidArgument` for a table that was not made for items, and
    ///   where there is no such folder; `.sourceUnavailable` (transient) where the folder cannot be
    ///   read or the database not be reached.
    @discardableResult
    public func register(
        beside inventory: Inventory,
        isTrial: Bool = false
    ) async throws -> Registration {
        let input = input
        try await FolderLister().require(input)
        return try await withRegistry(beside: inventory, isTrial: isTrial) { registry in
            let own = inventory.store.ownFiles + registry.ownFiles
            var found = try await FolderLister().list(input, now: Date(), without: own)
            let isWhole = found.complete.count == found.files.count
            if !isWhole, input.quiet > .zero {
                try await inventory.configuration.clock.sleep(for: input.quiet)
                let ahead = AheadFiles(seen: found.ahead)
                found = try await FolderLister().list(input, now: Date(), ahead, without: own)
            }
            var done = try await register(found.complete, in: registry, isTrial: isTrial)
            done.found = found.files.count
            done.unfinished = found.files.count - found.complete.count
            done.faults = found.faults.map(\.message)
            done.faultCount = found.faultCount
            done.leftOut = found.leftOut
            return done
        }
    }

    /// Registers files as they come, until the task is cancelled.
    ///
    /// - Parameters:
    ///   - inventory: The inventory, whose database is meant where none is named.
    ///   - report: Told, once each, of what goes wrong while the watch goes on: a folder that
    ///     cannot be read, a database that is away; and of the files of the inventory that are left
    ///     out.
    ///   - onRegistered: Called after the first look, and after each that found new files.
    /// - Throws: `TrancheError` `.invalidArgument`; what `onRegistered` throws;
    ///   `CancellationError`.
    public func watch(
        beside inventory: Inventory,
        report: @escaping @Sendable (any Error) -> Void = { _ in },
        onRegistered: (Registration) async throws -> Void = { _ in }
    ) async throws {
        try await withRegistry(beside: inventory) { registry in
            let own = inventory.store.ownFiles + registry.ownFiles
            var watch = Watch(self, registry, own, inventory.configuration.clock, report)
            defer { watch.watching.stop() }
            try await watch.run(onRegistered)
        }
    }

    // MARK: - Parts

    /// Which files are meant; paths are absolute, so that workers find them wherever they run.
    private var input: DirectoryInput {
        DirectoryInput(
            "files",
            folder: ResolvedPath(folder).text,
            suffixes: suffixes,
            isRecursive: isRecursive,
            quiet: quiet,
            interval: interval
        )
    }

    private func withRegistry<Result: Sendable>(
        beside inventory: Inventory,
        isTrial: Bool = false,
        _ body: (ItemRegistry) async throws -> Result
    ) async throws -> Result {
        let registry = try await ItemRegistry(
            table,
            in: database,
            beside: inventory.store,
            isTrial: isTrial
        )
        do {
            let result = try await body(registry)
            await registry.close()
            return result
        } catch {
            await registry.close()
            throw error
        }
    }

    private func register(
        _ files: [FoundFile],
        in registry: ItemRegistry,
        isTrial: Bool = false
    ) async throws -> Registration {
        let entries = files.map { file in
            ItemRegistry.Entry(
                item: file.path,
                weight: file.size,
                version: file.mark.text,
                modified: file.modifiedAt
            )
        }
        let new = try await registry.register(entries, isTrial: isTrial)
        return Registration(found: files.count, added: new.added, changed: new.changed)
    }

    /// A watch of the folder while it runs.
    private struct Watch {
        let listing: FolderListing
        let input: DirectoryInput
        let registry: ItemRegistry
        /// What is left out.
        let own: [OwnFiles]
        let stopwatch: Stopwatch
        var watching: FolderWatching
        /// What is registered as far as it was seen here, told apart by bytes.
        private var known: Set<[UInt8]> = []
        /// What was seen of files whose time lies in the future.
        private var ahead = AheadFiles()
        private var isFirst = true

        init(
            _ listing: FolderListing,
            _ registry: ItemRegistry,
            _ own: [OwnFiles],
            _ clock: any Clock<Duration>,
            _ report: @escaping @Sendable (any Error) -> Void
        ) {
            self.listing = listing
            self.registry = registry
            self.own = own
            input = listing.input
            stopwatch = Stopwatch(clock)
            watching = FolderWatching(of: input, clock: clock, report: report)
        }

        mutating func run(_ tell: (Registration) async throws -> Void) async throws {
            await watching.start()
            while true {
                let began = stopwatch.elapsed
                try await look(tell)
                // Until all is looked through again.
                var left = input.interval
                while left > .zero {
                    try await watching.wait(upTo: left)
                    guard watching.take() else { break }
                    try await lookAtChanges(tell)
                    left = input.interval - (stopwatch.elapsed - began)
                }
                // A folder that was away may be there again.
                await watching.start()
            }
        }

        /// Looks through all.
        private mutating func look(_ tell: (Registration) async throws -> Void) async throws {
            do {
                let now = Date()
                let found = try await FolderLister().list(input, now: now, ahead, without: own)
                ahead.replace(with: found.ahead, now: now)
                for words in found.leftOut {
                    watching.tell(TrancheError(.sourceUnavailable, words))
                }
                if let fault = found.fault { watching.tell(fault) }
                var done = try await add(found.complete)
                // What has gone is not kept in mind for ever.
                known.formIntersection(found.files.map { Array($0.identity.utf8) })
                done.found = found.files.count
                done.unfinished = found.files.count - found.complete.count
                if isFirst || done.added > 0 { try await tell(done) }
                isFirst = false
            } catch let error as TrancheError where error.category == .transient {
                // All is looked through again soon.
                watching.tell(error)
            }
        }

        /// Looks at what the kernel says has changed.
        private mutating func lookAtChanges(
            _ tell: (Registration) async throws -> Void
        ) async throws {
            guard !watching.files.isEmpty else { return }
            do {
                let now = Date()
                let found = try await FolderLister().look(
                    at: watching.files,
                    input,
                    now: now,
                    ahead,
                    without: own
                )
                ahead.note(found.ahead, now: now)
                let done = try await add(found.complete)
                watching.files = found.waiting
                if done.added > 0 { try await tell(done) }
            } catch let error as TrancheError where error.category == .transient {
                watching.files = [:]
                watching.tell(error)
            }
        }

        private mutating func add(_ files: [FoundFile]) async throws -> Registration {
            let new = files.filter { !known.contains(Array($0.identity.utf8)) }
            guard !new.isEmpty else { return Registration() }
            let done = try await listing.register(new, in: registry)
            known.formUnion(new.map { Array($0.identity.utf8) })
            return done
        }
    }
}
