import FoundationEssentials
import Tranche
import TrancheSQL

/// The files of a folder as events: `create` for a new one, `update` for one that has changed.
///
/// A file is complete when it has not changed for ``quiet``, or where ``marker`` says so, and is
/// given then. One whose time lies in the future has not changed since it was seen first. A file is
/// told from others by its path, size, time of change and number on its disk:
/// one that is written again is another.
///
/// The inventory's own files are never given, where it is a SQLite file of the folder: each event
/// would change them again, and what a link does with a file would be done to the inventory. That
/// is reported once. Databases of others are files as any.
///
/// Where the kernel tells of changes (inotify), what has changed is looked at at once, and a file
/// that is moved to where it is counts as complete. All is looked through from time to time
/// besides: on file systems of other machines, and where the kernel's watches are used up, that is
/// all.
public struct DirectoryInput: Input {
    /// The name in the graph.
    public let name: String
    /// The folder.
    public var folder: String
    /// The suffixes of the files to take; an empty list (the default) takes any.
    public var suffixes: [String]
    /// Whether files in folders of the folder are meant, too; false by default.
    ///
    /// Links are not followed.
    public var isRecursive: Bool
    /// How long a file must not have changed; 2 s by default, 0 for folders into which files are
    /// moved when they are complete.
    public var quiet: Duration
    /// The suffix of a second file that marks a file as complete, such as `.done`; `nil` (the
    /// default) for none.
    ///
    /// A marker that is older than its file does not count: it was of what was there before. It
    /// goes with its file where that is moved or removed after a link.
    public var marker: String?
    /// How often the folder is looked through; 1 s by default.
    public var interval: Duration
    /// Which operations are given: `create` and `update`, both by default.
    public var operations: Set<Event.Operation>

    /// Describes an input.
    public init(
        _ name: String,
        folder: String,
        suffixes: [String] = [],
        isRecursive: Bool = false,
        quiet: Duration = .seconds(2),
        marker: String? = nil,
        interval: Duration = .seconds(1),
        operations: Set<Event.Operation> = []
    ) {
        self.name = name
        self.folder = folder
        self.suffixes = suffixes
        self.isRecursive = isRecursive
        self.quiet = quiet
        self.marker = marker
        self.interval = interval
        self.operations = operations
    }

    /// Looks through the folder again and again, and at what the kernel says has changed.
    public func run(_ log: InputLog) async throws {
        var watching = FolderWatching(of: self, clock: log.clock) { log.report($0) }
        defer { watching.stop() }
        await watching.start()
        var known = try await KnownFiles(in: log)
        var ahead = AheadFiles()
        var told: Set<String> = []
        let stopwatch = Stopwatch(log.clock)
        while true {
            let began = stopwatch.elapsed
            do {
                try await look(&known, &ahead, &told, log, isAlone: false)
            } catch let error as TrancheError where error.code == .invalidItem {
                // The others are given; it is told once.
                watching.tell(error)
            }
            // Until all is looked through again.
            var left = interval
            while left > .zero {
                try await watching.wait(upTo: left)
                guard watching.take() else { break }
                try await look(at: &watching.files, &known, &ahead, log)
                left = interval - (stopwatch.elapsed - began)
            }
            // One that was away may be there again.
            await watching.start()
        }
    }

    /// Looks through the folder once; again after a while where a file's time lies in the future.
    public func gather(_ log: InputLog) async throws {
        var known = try await KnownFiles(in: log)
        var ahead = AheadFiles()
        var told: Set<String> = []
        var found = try await look(&known, &ahead, &told, log, isAlone: true)
        if quiet <= Self.longestWait, found.ahead.contains(where: { !known.has($0) }) {
            try await log.clock.sleep(for: quiet)
            ahead = AheadFiles(seen: found.ahead)
            found = try await look(&known, &ahead, &told, log, isAlone: true)
        }
        let left = found.files.filter { !known.has($0) }
        let paths = Set(found.ahead.map(\.path))
        let future = left.filter { paths.contains($0.path) }
        let young = left.count - future.count
        if young > 0 {
            let reason =
                marker.map { "have no '\($0)' beside them, or one that is older than they are" }
                ?? "were changed less than \(quiet.unitText) ago"
            tell("not given yet: \(young) files of '\(folder)' \(reason)", log)
        }
        guard let first = future.first else { return }
        let others = future.count > 1 ? ", and \(future.count - 1) more like it" : ""
        tell(
            "not given yet: '\(first.path)' was changed at \(first.modifiedAt.utcText), which is "
                + "in the future; 'touch' gives it the time of now\(others)",
            log
        )
    }

    /// For how long a single look waits at most whether files stay as they are.
    private static let longestWait = Duration.seconds(10)

    private func tell(_ words: String, _ log: InputLog) {
        log.report(TrancheError(.sourceUnavailable, words))
    }

    @discardableResult
    private func look(
        _ known: inout KnownFiles,
        _ ahead: inout AheadFiles,
        _ told: inout Set<String>,
        _ log: InputLog,
        isAlone: Bool
    ) async throws -> FolderLister.Listing {
        // The time that the file system's own times are compared with.
        let now = Date()
        let own = log.inventory.store.ownFiles
        let found = try await FolderLister().list(self, now: now, ahead, without: own)
        for words in found.leftOut where told.insert(words).inserted { tell(words, log) }
        ahead.replace(with: found.ahead, now: now)
        try await give(found.complete, &known, log)
        // What could not be looked into has not gone.
        let gone =
            found.fault == nil
            ? known.remove(allBut: found.files, isAlone: isAlone, now: now) : []
        for start in stride(from: 0, to: gone.count, by: 500) {
            try await log.forget(Array(gone[start..<min(start + 500, gone.count)]))
        }
        // The others are given all the same.
        if let fault = found.fault { throw fault }
        return found
    }

    /// Looks at files that have changed; those that may still change stay.
    private func look(
        at files: inout [String: Bool],
        _ known: inout KnownFiles,
        _ ahead: inout AheadFiles,
        _ log: InputLog
    ) async throws {
        guard !files.isEmpty else { return }
        let now = Date()
        let own = log.inventory.store.ownFiles
        let found = try await FolderLister().look(at: files, self, now: now, ahead, without: own)
        ahead.note(found.ahead, now: now)
        files = found.waiting
        try await give(found.complete, &known, log)
    }

    private func give(
        _ files: [FoundFile],
        _ known: inout KnownFiles,
        _ log: InputLog
    ) async throws {
        let new = files.filter { !known.has($0) }
        for start in stride(from: 0, to: new.count, by: 500) {
            let part = new[start..<min(start + 500, new.count)]
            try await log.append(
                part.map { file in
                    InputLog.Entry(
                        event(of: file, isNew: !known.hasOther(file)),
                        identity: file.identity,
                        key: file.path,
                        weight: Double(file.size),
                        isLasting: true
                    )
                }
            )
            for file in part { known.add(file) }
        }
    }

    private func event(of file: FoundFile, isNew: Bool) -> Event {
        Event(
            location: folder,
            operation: isNew ? .create : .update,
            id: file.path,
            payload: #"{"size":\#(file.size),"modified":"\#(file.modifiedAt.utcText)","#
                + #""mark":"\#(file.mark.text)"}"#
        )
    }
}
