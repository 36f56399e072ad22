import Foundation
import TestSupport
import Testing
import Tranche
import TrancheOrchestrator
import TrancheSQLite

@Suite("Folders as inputs")
struct DirectoryInputTests {
    private func withFolder(
        _ body: (Inventory, InputLog, URL) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let files = folder.url.appending(path: "files")
            try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
            try await Inventory.with(.sqlite(folder.path("inventory.db"))) { inventory in
                try await body(inventory, InputLog(of: "files", in: inventory), files)
            }
        }
    }

    private func events(_ inventory: Inventory) async throws -> [String] {
        try await inventory.store.events(of: "files", in: 1...1000, limit: 1000).map { record in
            let event = try Event(json: record.event.content)
            return "\(event.operation) \(URL(filePath: event.id).lastPathComponent)"
        }
    }

    @Test("Each file is given once, and again when it was written again")
    func once() async throws {
        try await withFolder { inventory, log, files in
            let input = DirectoryInput("files", folder: files.path, quiet: .zero)
            try Data("1".utf8).write(to: files.appending(path: "a.csv"))
            try await input.gather(log)
            try await input.gather(log)
            try Data("22".utf8).write(to: files.appending(path: "a.csv"))
            try Data("1".utf8).write(to: files.appending(path: "b.csv"))
            try await input.gather(log)
            #expect(
                try await events(inventory) == ["create a.csv", "update a.csv", "create b.csv"]
            )
        }
    }

    @Test("Of a file that is written again and again the log knows the last identity alone")
    func rewritten() async throws {
        try await withFolder { inventory, log, files in
            let input = DirectoryInput("files", folder: files.path, quiet: .zero)
            for size in 1...4 {
                try Data(repeating: 0, count: size).write(to: files.appending(path: "a"))
                try await input.gather(log)
            }
            #expect(try await events(inventory).count == 4)
            let lasting = try await inventory.store.lastingIdentities(
                of: "files",
                after: nil,
                limit: 9
            )
            #expect(lasting.count == 1)
        }
    }

    @Test("A file that stays is known when its event is cleaned; one that has gone is not")
    func cleaned() async throws {
        try await withFolder { inventory, log, files in
            let input = DirectoryInput("files", folder: files.path, quiet: .zero)
            for name in ["a", "b", "c"] {
                try Data(name.utf8).write(to: files.appending(path: name))
                try await input.gather(log)
            }
            let cleaned = try await inventory.clean(input: "files", keeping: .zero)
            #expect(cleaned.removed == 2)
            try FileManager.default.removeItem(at: files.appending(path: "b"))
            try await input.gather(log)
            #expect(try await events(inventory) == ["create c"])
            try Data("b".utf8).write(to: files.appending(path: "b"))
            try await input.gather(log)
            #expect(try await events(inventory) == ["create c", "create b"])
        }
    }

    @Test("A file that is still written to is not given; one with its marker is")
    func complete() async throws {
        try await withFolder { inventory, log, files in
            try Data("x".utf8).write(to: files.appending(path: "a.csv"))
            try await DirectoryInput("files", folder: files.path, quiet: .seconds(3600)).gather(log)
            let marked = DirectoryInput("files", folder: files.path, marker: ".done")
            try await marked.gather(log)
            #expect(try await inventory.inputLogs() == [])
            try Data().write(to: files.appending(path: "a.csv.done"))
            try await marked.gather(log)
            #expect(try await events(inventory) == ["create a.csv"])
        }
    }

    @Test("Files are chosen by the ends of their names, and by depth")
    func choice() async throws {
        try await withFolder { inventory, log, files in
            let deep = files.appending(path: "deep")
            try FileManager.default.createDirectory(at: deep, withIntermediateDirectories: true)
            for name in ["a.csv", "b.txt", ".c.csv", "deep/d.csv"] {
                try Data("x".utf8).write(to: files.appending(path: name))
            }
            var input = DirectoryInput(
                "files",
                folder: files.path,
                suffixes: [".csv"],
                quiet: .zero
            )
            try await input.gather(log)
            #expect(try await events(inventory) == ["create a.csv"])
            input.isRecursive = true
            try await input.gather(log)
            #expect(try await events(inventory) == ["create a.csv", "create d.csv"])
        }
    }

    @Test("A file of another century is given; one whose name is no text holds up no other")
    func oddFiles() async throws {
        try await withFolder { inventory, log, files in
            let old = files.appending(path: "old")
            try Data("x".utf8).write(to: old)
            // Beyond what nanoseconds since 1970 can say.
            for path in [old.path] { #expect(setTime(of: path, to: 10_413_792_000)) }
            let input = DirectoryInput("files", folder: files.path, quiet: .zero)
            try await input.gather(log)
            #expect(try await events(inventory) == ["create old"])
            let name = files.path.utf8.map { CChar(bitPattern: $0) } + [0x2F, -1, 0x78, 0]
            let descriptor = open(name, O_CREAT, 0o600)
            #expect(descriptor >= 0)
            close(descriptor)
            try Data("x".utf8).write(to: files.appending(path: "new"))
            await #expect(throws: TrancheError.self) { try await input.gather(log) }
            #expect(try await events(inventory) == ["create old", "create new"])
        }
    }

    private func setTime(of path: String, to seconds: Int) -> Bool {
        let time = timespec(tv_sec: seconds, tv_nsec: 0)
        return utimensat(AT_FDCWD, path, [time, time], 0) == 0
    }

    @Test("A folder that is empty for a while is not taken for one whose files have gone")
    func emptyForAWhile() async throws {
        try await withFolder { inventory, log, files in
            let input = DirectoryInput("files", folder: files.path, quiet: .zero)
            for name in ["a", "b"] { try Data(name.utf8).write(to: files.appending(path: name)) }
            try await input.gather(log)
            _ = try await inventory.clean(input: "files", keeping: .zero)
            let away = files.deletingLastPathComponent().appending(path: "away")
            try FileManager.default.moveItem(at: files, to: away)
            try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
            try await input.gather(log)
            try FileManager.default.removeItem(at: files)
            try FileManager.default.moveItem(at: away, to: files)
            try await input.gather(log)
            #expect(try await inventory.inputLogs().map(\.last) == [2])
        }
    }

    @Test("A folder that is not there is said to be, in words")
    func missing() async throws {
        try await withFolder { _, log, files in
            let input = DirectoryInput("files", folder: files.path + "/none")
            let error = await #expect(throws: TrancheError.self) { try await input.gather(log) }
            #expect(error?.code == .sourceUnavailable)
            #expect(error?.message.contains("No such file") == true)
        }
    }
}
