import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheOrchestrator
import TrancheSQLite

@Suite("The inventory's own files in folders", .timeLimit(.minutes(10)))
struct OwnFileTests {
    /// What was told, in its order.
    private final class Told: Sendable {
        private let words = Mutex<[String]>([])

        var all: [String] { words.withLock { $0 } }

        func add(_ text: String) { words.withLock { $0.append(text) } }
    }

    private func write(_ text: String, _ folder: TemporaryFolder, _ name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: folder.path(name)), options: [])
    }

    private func events(_ inventory: Inventory) async throws -> [String] {
        try await inventory.store.events(of: "files", in: 1...1000, limit: 1000).map { record in
            URL(filePath: try Event(json: record.event.content).id).lastPathComponent
        }
    }

    /// Gives an inventory in a folder `files`, opened by its path or by a link beside that folder.
    private func withInventory(
        linked isLinked: Bool,
        _ body: (Inventory, TemporaryFolder, String) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let files = folder.url.appending(path: "files")
            try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
            let database = folder.path("files/inventory.db")
            try await Inventory.with(.sqlite(database)) { _ in }
            let path = isLinked ? folder.path("link.db") : database
            if isLinked {
                try FileManager.default.createSymbolicLink(
                    atPath: path,
                    withDestinationPath: "files/inventory.db"
                )
            }
            try await Inventory.with(.sqlite(path)) { try await body($0, folder, path) }
        }
    }

    @Test(
        "They are never given, whatever leads to them, and that is said once; others' are",
        arguments: [false, true]
    )
    func gathered(isLinked: Bool) async throws {
        try await withInventory(linked: isLinked) { inventory, folder, path in
            try write("x", folder, "files/a.csv")
            let told = Told()
            let log = InputLog(of: "files", in: inventory, tell: { told.add("\($0)") })
            var input = DirectoryInput("files", folder: folder.url.path, quiet: .zero)
            input.isRecursive = true
            // What it has written itself is looked at again each time.
            try await input.gather(log)
            try await input.gather(log)
            #expect(try await events(inventory) == ["a.csv"])
            let words = "'\(path)' holds the inventory: it is left out, and so is what"
            #expect(told.all.count == 2, "\(told.all)")
            #expect(told.all.allSatisfy { $0.hasPrefix(words) }, "\(told.all)")
            // Another name of the file, and files that only look like it.
            #expect(link(folder.path("files/inventory.db"), folder.path("files/copy")) == 0)
            try write("SQLite format 3\u{0}, of somebody else", folder, "files/other.db")
            try FileManager.default.createDirectory(
                atPath: folder.path("files/deep"),
                withIntermediateDirectories: false
            )
            try write("x", folder, "files/deep/inventory.db")
            try await input.gather(log)
            #expect(Set(try await events(inventory)) == ["a.csv", "other.db", "inventory.db"])
            #expect(try await events(inventory).count == 3)
        }
    }

    @Test("An input that runs gives none of them, and ends with as many events as files")
    func watched() async throws {
        try await withInventory(linked: false) { inventory, folder, _ in
            let told = Told()
            let log = InputLog(of: "files", in: inventory, tell: { told.add("\($0)") })
            let input = DirectoryInput(
                "files",
                folder: folder.path("files"),
                quiet: .zero,
                interval: .milliseconds(20)
            )
            try write("x", folder, "files/a")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await input.run(log) }
                for (count, next) in ["b", "c", "d"].enumerated() {
                    while try await inventory.inputLogs().map(\.last) != [Int64(count + 1)] {
                        try #require(try await inventory.inputLogs().allSatisfy { $0.last < 5 })
                        try await Task.sleep(for: .milliseconds(5))
                    }
                    try write("x", folder, "files/\(next)")
                }
                group.cancelAll()
            }
            #expect(Set(try await events(inventory)).isSubset(of: ["a", "b", "c", "d"]))
            #expect(told.all.count { $0.contains("holds the inventory") } == 1, "\(told.all)")
        }
    }

    @Test("A watch that registers files registers none of them, and says so once")
    func registered() async throws {
        struct Enough: Error {}
        try await withInventory(linked: false) { inventory, folder, _ in
            var listing = FolderListing(folder.path("files"), table: "photo")
            listing.quiet = .zero
            listing.interval = .milliseconds(20)
            let asked = listing
            try write("x", folder, "files/a")
            let (told, done) = (Told(), Told())
            await #expect(throws: Enough.self) {
                try await asked.watch(beside: inventory, report: { told.add("\($0)") }) { one in
                    done.add("\(one.added) of \(one.found)")
                    if done.all.count == 3 { throw Enough() }
                    // Seen by the kernel's word or by the next look, which counts all.
                    try write("x", folder, "files/\(done.all.count)")
                }
            }
            #expect(done.all.first == "1 of 1")
            #expect(done.all.allSatisfy { $0.hasPrefix("1 of ") }, "\(done.all)")
            #expect(told.all.count { $0.contains("holds the inventory") } == 1, "\(told.all)")
        }
    }
}
