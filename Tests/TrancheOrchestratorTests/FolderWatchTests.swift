import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheSQLite
import TrancheTestKit

@testable import TrancheOrchestrator

@Suite("Folders watched", .timeLimit(.minutes(5)))
struct FolderWatchTests {
    /// What a log got, of an input whose clock stands still: only what the kernel tells is found.
    private final class Gate: Sendable {
        let inventory: Inventory
        let errors = Mutex<[String]>([])
        private let grown: AsyncStream<Void>
        private let continuation: AsyncStream<Void>.Continuation

        init(_ inventory: Inventory) {
            self.inventory = inventory
            (grown, continuation) = AsyncStream.makeStream()
        }

        var log: InputLog {
            InputLog(
                of: "files",
                in: inventory,
                isGrown: { self.continuation.yield() },
                tell: { error in self.errors.withLock { $0.append("\(error)") } }
            )
        }

        func names() async throws -> [String] {
            guard try await !inventory.inputLogs().isEmpty else { return [] }
            return try await inventory.store.events(of: "files", in: 1...1000, limit: 1000)
                .map { record in
                    let event = try Event(json: record.event.content)
                    return "\(event.operation) \(URL(filePath: event.id).lastPathComponent)"
                }
        }

        /// Waits until the log has so many events.
        func wait(for count: Int) async throws -> [String] {
            for await _ in grown {
                let names = try await names()
                if names.count >= count { return names }
            }
            return try await names()
        }
    }

    private func withInput(
        _ change: (inout DirectoryInput) -> Void = { _ in },
        _ body: (Gate, TemporaryFolder) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let files = folder.url.appending(path: "files")
            try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
            try Data("x".utf8).write(to: files.appending(path: "first"))
            var configuration = Inventory.Configuration()
            configuration.clock = ManualClock()
            let path = folder.path("inventory.db")
            try await Inventory.with(.sqlite(path), configuration: configuration) { inventory in
                let gate = Gate(inventory)
                var input = DirectoryInput("files", folder: files.path, quiet: .zero)
                change(&input)
                let wanted = input
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await wanted.run(gate.log) }
                    // Watched from here on.
                    #expect(try await gate.wait(for: 1) == ["create first"])
                    try await body(gate, folder)
                    group.cancelAll()
                    await #expect(throws: CancellationError.self) { try await group.next() }
                }
            }
        }
    }

    private func write(_ text: String, _ folder: TemporaryFolder, _ name: String) throws {
        // Not aside and renamed, as Foundation would.
        try Data(text.utf8).write(to: URL(filePath: folder.path(name)), options: [])
    }

    @Test("A file is given as soon as it was written, moved in, or written again")
    func atOnce() async throws {
        try await withInput { gate, folder in
            try write("1", folder, "files/a")
            #expect(try await gate.wait(for: 2).last == "create a")
            try write("12", folder, "files/a")
            #expect(try await gate.wait(for: 3).last == "update a")
            try write("1", folder, "b")
            #expect(rename(folder.path("b"), folder.path("files/b")) == 0)
            #expect(try await gate.wait(for: 4).last == "create b")
        }
    }

    @Test("A file that is moved in is complete, however young it is")
    func moved() async throws {
        try await withInput { gate, folder in
            var slow = DirectoryInput("files", folder: folder.path("files"), quiet: .seconds(3600))
            slow.interval = .seconds(3600)
            try write("1", folder, "new")
            let status = try #require(await FolderLister().mark(of: folder.path("new")))
            let path = folder.path("new")
            let moved = try await FolderLister().look(at: [path: true], slow, now: Date())
            #expect(moved.complete.map(\.mark) == [status])
            let written = try await FolderLister().look(at: [path: false], slow, now: Date())
            #expect(written.complete.isEmpty && written.waiting == [path: false])
        }
    }

    @Test("With a marker, a file is given when that comes")
    func marker() async throws {
        try await withTemporaryFolder { folder in
            try write("1", folder, "a.csv")
            let input = DirectoryInput("f", folder: folder.url.path, marker: ".done")
            let mark = folder.path("a.csv.done")
            let lister = FolderLister()
            let before = try await lister.look(at: [folder.path("a.csv"): true], input, now: Date())
            #expect(before.complete.isEmpty && before.waiting.isEmpty)
            try write("", folder, "a.csv.done")
            let after = try await lister.look(at: [mark: false], input, now: Date())
            #expect(after.complete.map(\.path) == [folder.path("a.csv")])
        }
    }

    @Test("Folders that are made, moved in and renamed are watched, and those moved out no more")
    func folders() async throws {
        try await withInput({ $0.isRecursive = true }) { gate, folder in
            let files = FileManager.default
            try files.createDirectory(
                atPath: folder.path("files/deep/er"),
                withIntermediateDirectories: true
            )
            // Whole at once: without a quiet time a look at a new folder may find it half written.
            try write("1", folder, "whole")
            #expect(rename(folder.path("whole"), folder.path("files/deep/er/a")) == 0)
            #expect(try await gate.wait(for: 2).last == "create a")
            try files.createDirectory(
                atPath: folder.path("other/in"),
                withIntermediateDirectories: true
            )
            try write("1", folder, "other/in/b")
            #expect(rename(folder.path("other"), folder.path("files/other")) == 0)
            #expect(try await gate.wait(for: 3).last == "create b")
            try write("12", folder, "files/other/in/c")
            #expect(try await gate.wait(for: 4).last == "create c")
            #expect(rename(folder.path("files/other"), folder.path("files/again")) == 0)
            // Files that are elsewhere now are others.
            #expect(try await gate.wait(for: 6).suffix(2).sorted() == ["create b", "create c"])
            try write("1", folder, "files/again/in/d")
            #expect(try await gate.wait(for: 7).last == "create d")
            #expect(rename(folder.path("files/again"), folder.path("out")) == 0)
            try write("1", folder, "out/in/e")
            try write("1", folder, "files/deep/er/f")
            #expect(try await gate.wait(for: 8).last == "create f")
        }
    }

    @Test("Where the kernel has lost count, all is looked through")
    func overflow() async throws {
        var tree = WatchedTree(-1, root: "/r", isRecursive: false)
        var changes = FolderWatch.Changes()
        tree.note(.init(folder: -1, mask: 0x4000, name: nil), in: &changes)
        #expect(changes.isUnknown)
    }

    @Test("What the kernel gives is read to its last whole event")
    func events() {
        var bytes: [UInt8] = []
        func add(_ folder: Int32, _ mask: UInt32, _ name: [UInt8]) {
            for number in [UInt32(bitPattern: folder), mask, 0, UInt32(name.count)] {
                withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
            }
            bytes += name
        }
        add(1, 0x8, Array("a.csv".utf8) + [0, 0, 0])
        add(2, 0x40, [0xFF, 0xFE, 0, 0])
        add(3, 0x400, [])
        add(4, 0x8, Array("cut".utf8))
        var found: [String] = []
        WatchedTree.each(bytes.dropLast()) { event in
            found.append("\(event.folder) \(event.mask) \(event.name ?? "-")")
        }
        #expect(found == ["1 8 a.csv", "2 64 -", "3 1024 -"])
    }

    @Test("Watches that are used up are told of in words that help")
    func exhausted() {
        #expect(WatchedTree.fault("/x", ENOSPC).message.contains("max_user_watches"))
        #expect(WatchedTree.fault("/x", EMFILE).message.contains("max_user_instances"))
    }
}
