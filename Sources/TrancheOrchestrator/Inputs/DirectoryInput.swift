import Foundation
import Tranche

/// The files of a folder as events: `create` for a new one, `update` for one that has changed.
///
/// A file is complete when it has not changed for ``quiet``, or where ``marker`` says so, and is
/// given then. It is told from others by its path, size, time of change and number on its disk:
/// one that is written again is another. The folder is looked through from time to time, so that
/// file systems that tell of no changes are watched as well.
public struct DirectoryInput: Input {
    /// The name in the graph.
    public let name: String
    /// The folder.
    public var folder: String
    /// What the names of files end with that are meant; any, with an empty list (the default).
    public var suffixes: [String]
    /// Whether files in folders of the folder are meant, too; false by default.
    ///
    /// Links are not followed.
    public var isRecursive: Bool
    /// How long a file must not have changed; 2 s by default, 0 for folders into which files are
    /// moved when they are complete.
    public var quiet: Duration
    /// What the name of a file has behind it that says that the file is complete, such as `.done`;
    /// `nil` (the default) where there is none.
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

    /// Looks through the folder again and again.
    public func run(_ log: InputLog) async throws {
        var known = try await KnownFiles(in: log)
        var told: Set<String> = []
        while true {
            do {
                try await look(&known, log, isAlone: false)
            } catch let error as TrancheError where error.code == .invalidItem {
                // The others are given; it is told once.
                if told.insert(error.message).inserted { log.report(error) }
            }
            try await log.clock.sleep(for: interval)
        }
    }

    /// Looks through the folder once.
    public func gather(_ log: InputLog) async throws {
        var known = try await KnownFiles(in: log)
        try await look(&known, log, isAlone: true)
    }

    private func look(
        _ known: inout KnownFiles,
        _ log: InputLog,
        isAlone: Bool
    ) async throws {
        // The time that the file system's own times are compared with.
        let now = Date()
        let found = try await FolderLister().list(self, now: now)
        let new = found.complete.filter { !known.has($0) }
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
        // What could not be looked into has not gone.
        let gone =
            found.fault == nil
            ? known.remove(allBut: found.files, isAlone: isAlone, now: now) : []
        for start in stride(from: 0, to: gone.count, by: 500) {
            try await log.forget(Array(gone[start..<min(start + 500, gone.count)]))
        }
        // The others are given all the same.
        if let fault = found.fault { throw fault }
    }

    private func event(of file: FoundFile, isNew: Bool) -> Event {
        Event(
            location: folder,
            operation: isNew ? .create : .update,
            id: file.path,
            payload: #"{"size":\#(file.size),"modified":"\#(file.modifiedAt.utcText)"}"#
        )
    }
}
