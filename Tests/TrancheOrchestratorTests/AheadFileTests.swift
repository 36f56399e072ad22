import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheSQLite

@testable import TrancheOrchestrator

/// Files whose time of change lies in the future.
@Suite("Files of the future", .timeLimit(.minutes(5)))
struct AheadFileTests {
    private final class Told: Sendable {
        let words = Mutex<[String]>([])
    }

    /// Writes a file that was changed in an hour.
    private func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
        let time = timespec(tv_sec: Int(Date().timeIntervalSince1970) + 3600, tv_nsec: 0)
        #expect(utimensat(AT_FDCWD, path, [time, time], 0) == 0)
    }

    @Test("A file is quiet when it is as it was seen first, for as long as it must be")
    func quiet() async throws {
        try await withTemporaryFolder { folder in
            let input = DirectoryInput("f", folder: folder.url.path)
            let path = folder.path("a")
            try write("1", to: path)
            let lister = FolderLister()
            let start = Date()
            var ahead = AheadFiles()
            func complete(after seconds: Double) async throws -> [Int] {
                let now = start.addingTimeInterval(seconds)
                let listed = try await lister.list(input, now: now, ahead)
                let seen = try await lister.look(at: [path: false], input, now: now, ahead)
                ahead.replace(with: listed.ahead, now: now)
                ahead.note(seen.ahead, now: now)
                return [listed.complete.count, seen.complete.count]
            }
            #expect(try await complete(after: 0) == [0, 0])
            #expect(try await complete(after: 1) == [0, 0])
            #expect(try await complete(after: 2.5) == [1, 1])
            #expect(try await complete(after: 3) == [1, 1])
            try write("12", to: path)
            #expect(try await complete(after: 4) == [0, 0])
            #expect(try await complete(after: 6.5) == [1, 1])
        }
    }

    private func gather(
        quiet: Duration,
        _ body: (Inventory, [String]) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let files = folder.path("files")
            try FileManager.default.createDirectory(
                atPath: files,
                withIntermediateDirectories: true
            )
            try write("1", to: files + "/a")
            try await Inventory.with(.sqlite(folder.path("inventory.db"))) { inventory in
                let told = Told()
                let log = InputLog(
                    of: "files",
                    in: inventory,
                    tell: { error in told.words.withLock { $0.append("\(error)") } }
                )
                try await DirectoryInput("files", folder: files, quiet: quiet).gather(log)
                try await body(inventory, told.words.withLock { $0 })
            }
        }
    }

    @Test("A single look gives a file that stays as it is")
    func single() async throws {
        try await gather(quiet: .milliseconds(100)) { inventory, told in
            let given = try await inventory.inputLogs().map(\.last)
            #expect(given == [1])
            #expect(told == [])
        }
    }

    @Test("A file that cannot be waited for is named, with its time")
    func named() async throws {
        try await gather(quiet: .seconds(3600)) { inventory, told in
            #expect(try await inventory.inputLogs().isEmpty)
            #expect(told.count == 1)
            let words = try #require(told.first)
            #expect(words.contains("/files/a' was changed at 2"), "\(words)")
            #expect(words.contains("which is in the future"), "\(words)")
        }
    }

    @Test("A file is registered that stays as it is")
    func registered() async throws {
        try await withTemporaryFolder { folder in
            try write("1", to: folder.path("a"))
            try await Inventory.with(.sqlite(folder.path(".inventory.db"))) { inventory in
                var listing = FolderListing(folder.url.path, table: "photo")
                listing.quiet = .milliseconds(100)
                let done = try await listing.register(beside: inventory)
                #expect(done.added == 1 && done.unfinished == 0)
            }
        }
    }
}
