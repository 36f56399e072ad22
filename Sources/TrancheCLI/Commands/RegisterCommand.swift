import Tranche
import TrancheChains
import TrancheHTTP
import TrancheOrchestrator
import TrancheSQL

/// Lists the files of a folder, or the objects of a bucket, in a table.
struct RegisterCommand: Command {
    static let description = CommandDescription(
        name: "register",
        summary: "Register the files of a folder or bucket in a table, as items of a job",
        isUsual: true,
        examples: [
            "tranche register photos --table photo",
            "tranche work --job thumbs --meta photo --weight 64MiB -- ./make-thumbnails",
            "tranche register gs://shop/in/ --table incoming_file",
        ],
        operands: [
            .init(name: "PLACE", help: "a folder, or gs://BUCKET/PREFIX or s3://BUCKET/PREFIX")
        ],
        groups: [
            .init(
                title: "Registering",
                options: [
                    .init(
                        "table",
                        "TABLE",
                        "[schema.]table of the items; created if it does not exist",
                        isRequired: true
                    ),
                    .init(
                        "dry-run",
                        nil,
                        "count new files, and register nothing",
                        isUsual: true
                    ),
                ]
            ),
            .init(
                title: "Files of a folder",
                options: [
                    .init(
                        "suffix",
                        "TEXT",
                        "only files whose names end with TEXT, such as .csv",
                        isRepeatable: true,
                        isUsual: true
                    ),
                    .init("flat", nil, "leave out subfolders"),
                    .init(
                        "watch",
                        nil,
                        "keep running, and register files as they arrive, until a signal",
                        isUsual: true
                    ),
                    .init(
                        "quiet",
                        "TIME",
                        "how long a file must be unchanged (default: 2s); 0 for folders "
                            + "into which finished files are moved"
                    ),
                    .init(
                        "every",
                        "TIME",
                        "with --watch: interval of full scans (default: 10s)"
                    ),
                ]
            ),
        ],
        notes: """
            Each new file or object gets the next number, the oldest file first. The columns are
            uid, the number; item, the absolute path or URL; weight, the size in bytes;
            modified, the time of the last change; and version, the size, time of change and
            number on disk. A file whose version changed is registered again, as a new item.
            Items of deleted files stay.

            Run it as often as files arrive, or with --watch, which sees changes at once. Hidden
            files and links inside the folder are left out, and so are the SQLite files of the
            inventory and of the table.

            Exit: 0 registered, or stopped by a signal with --watch; 1 if something in the
            folder was not readable, or has a name that is not UTF-8: each is named, and all
            other files are registered; 64 if there is no such folder (--watch waits for it).

            """,
        brief: """
            uid is a number, item the absolute path or URL, weight the size in bytes. A file
            that has changed is registered again, as a new item.

            """
    )

    /// A watch ends well by a signal.
    var handlesSignals: Bool { watches }

    private let place: String
    private let table: String
    private let isDryRun: Bool
    private let watches: Bool
    private let arguments: Arguments

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        place = try arguments.operand(0, "PLACE")
        table = try arguments.required("table")
        isDryRun = arguments.has("dry-run")
        watches = arguments.has("watch")
        // What cannot be read is said before anything is opened.
        _ = try folder(in: nil)
        if NamedFile.isObject(place) {
            let ofFolders = ["suffix", "flat", "watch", "quiet", "every"]
            if let option = ofFolders.first(where: { arguments.has($0) }) {
                throw UsageError("--\(option) goes with a folder, and '\(redacted(place))' is none")
            }
        }
        guard !watches || !isDryRun else {
            throw UsageError("--dry-run counts once; give it without --watch")
        }
        guard watches || !arguments.has("every") else {
            throw UsageError("--every goes with --watch")
        }
    }

    private func folder(in database: SourceDatabase?) throws -> FolderListing {
        var folder = FolderListing(place, table: table, in: database)
        folder.suffixes = arguments.texts("suffix")
        folder.isRecursive = !arguments.has("flat")
        folder.quiet = try arguments.value("quiet", parseDuration) ?? folder.quiet
        folder.interval = try arguments.value("every", parseDuration) ?? folder.interval
        guard folder.interval > .zero else { throw UsageError("--every 0: give a time above 0") }
        return folder
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let tables = try context.settings.tables
        return try await context.withInventory(waiting: watches) { inventory in
            if NamedFile.isObject(place) {
                return try await register(objectsIn: tables, inventory, context)
            }
            let folder = try folder(in: tables)
            if watches { return try await watch(folder, inventory, context) }
            let done = try await folder.register(beside: inventory, isTrial: isDryRun)
            try tell(RegisterDocument(done, place, table), of: "file", context)
            return try note(done, folder, context)
        }
    }

    private func register(
        objectsIn database: SourceDatabase?,
        _ inventory: Inventory,
        _ context: Context
    ) async throws -> ProgramStatus {
        let listing = ObjectListing(
            place,
            table: table,
            in: database,
            try ObjectStoreConfiguration(environment: context.settings.credentials)
        )
        let done = try await listing.register(
            beside: inventory.store,
            isTrial: isDryRun
        ) { soFar in
            if context.errors.isTerminal, soFar.found % 10_000 == 0, soFar.found > 0 {
                try context.note("\(HumanText.count(soFar.found, "object")) listed")
            }
        }
        let document = RegisterDocument(
            prefix: place,
            table: table,
            found: done.found,
            new: done.added,
            changed: done.changed
        )
        try tell(document, of: "object", context)
        return .done
    }

    private func watch(
        _ folder: FolderListing,
        _ inventory: Inventory,
        _ context: Context
    ) async throws -> ProgramStatus {
        let signals = context.signals()
        return try await withThrowingTaskGroup(of: ProgramStatus.self) { group in
            group.addTask {
                try await folder.watch(
                    beside: inventory,
                    report: { error in
                        // The watch goes on, whatever becomes of its standard error.
                        try? context.note("\(error)")
                    },
                    onRegistered: { done in
                        try tell(RegisterDocument(done, place, table), of: "file", context)
                    }
                )
                return .done
            }
            group.addTask {
                for await _ in signals { return .done }
                throw CancellationError()
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }

    private func tell(
        _ document: RegisterDocument,
        of what: String,
        _ context: Context
    ) throws {
        try context.write(document) {
            let verb = isDryRun ? "would register" : "registered"
            let changed = document.changed
            return "\(verb) \(HumanText.count(document.new, "new \(what)")) of "
                + "\(HumanText.number(document.found)) in \(table)"
                + (changed > 0 ? ", \(HumanText.number(changed)) of them changed ones" : "")
        }
    }

    /// Says what was left out.
    ///
    /// What belongs to the inventory is no failure.
    private func note(
        _ done: FolderListing.Registration,
        _ folder: FolderListing,
        _ context: Context
    ) throws -> ProgramStatus {
        for words in done.leftOut { try context.note(HumanText.oneLine(words)) }
        if done.unfinished > 0 {
            let are = HumanText.count(done.unfinished, "file was", "files were")
            try context.note(
                "\(are) changed less than \(folder.quiet.words) ago, and left for the next time"
            )
        }
        guard done.faultCount > 0 else { return .done }
        for fault in done.faults { try context.note(HumanText.oneLine(fault), .warning) }
        let count = HumanText.count(done.faultCount, "file or folder was", "files or folders were")
        try context.note("\(count) not registered; all others are", .error)
        return .failed
    }
}

/// What a listing came to.
struct RegisterDocument: Codable {
    let prefix: String
    let table: String
    let found: Int
    let new: Int
    let changed: Int
}

extension RegisterDocument {
    init(_ done: FolderListing.Registration, _ place: String, _ table: String) {
        self.init(
            prefix: place,
            table: table,
            found: done.found,
            new: done.added,
            changed: done.changed
        )
    }
}
