import Foundation
import TestSupport
import Testing
import Tranche
import TrancheSQLite

@testable import TrancheOrchestrator

/// Second files that say of files that they are complete.
@Suite("Markers of files", .timeLimit(.minutes(5)))
struct MarkerTests {
    private func setTime(of path: String, to seconds: Int) -> Bool {
        let time = timespec(tv_sec: seconds, tv_nsec: 0)
        return utimensat(AT_FDCWD, path, [time, time], 0) == 0
    }

    private var now: Int { Int(Date().timeIntervalSince1970) }

    /// The names of the files that are complete, by a look through all and by one at each.
    private func complete(_ folder: TemporaryFolder) async throws -> [[String]] {
        let input = DirectoryInput("f", folder: folder.url.path, marker: ".ok")
        let listed = try await FolderLister().list(input, now: Date()).complete
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
        let paths = names.map { (folder.path($0), false) }
        let seen = try await FolderLister().look(
            at: Dictionary(uniqueKeysWithValues: paths),
            input,
            now: Date()
        )
        return [listed, seen.complete].map { files in
            files.map { URL(filePath: $0.path).lastPathComponent }
        }
    }

    @Test("A marker that is older than its file does not count, one of the same instant does")
    func age() async throws {
        try await withTemporaryFolder { folder in
            let (file, marker) = (folder.path("a.csv"), folder.path("a.csv.ok"))
            try Data("1".utf8).write(to: URL(filePath: file))
            try Data().write(to: URL(filePath: marker))
            #expect(try await complete(folder) == [["a.csv"], ["a.csv"]])
            #expect(setTime(of: file, to: now - 10) && setTime(of: marker, to: now - 11))
            #expect(try await complete(folder) == [[], []])
            let same = now - 10
            #expect(setTime(of: file, to: same) && setTime(of: marker, to: same))
            #expect(try await complete(folder) == [["a.csv"], ["a.csv"]])
        }
    }

    @Test("The marker of a file whose time lies in the future counts when it was made after it")
    func future() async throws {
        try await withTemporaryFolder { folder in
            let (file, marker) = (folder.path("a.csv"), folder.path("a.csv.ok"))
            try Data().write(to: URL(filePath: marker))
            #expect(setTime(of: marker, to: now - 100))
            try Data("1".utf8).write(to: URL(filePath: file))
            #expect(setTime(of: file, to: now + 3600))
            #expect(try await complete(folder) == [[], []])
            try Data("ok".utf8).write(to: URL(filePath: marker))
            #expect(try await complete(folder) == [["a.csv"], ["a.csv"]])
        }
    }

    private func text(_ world: PipelineWorld, _ then: String) -> String {
        """
        inputs:
          raw: {type: directory, folder: '\(world.folder.path("raw"))', marker: .ok}
        processes:
          load: {type: chain, records: file,
            sink: {at: 'jsonl:\(world.folder.path("out"))', file_per_batch: true}}
        links: [{from: raw, to: load, max_attempts: 1, then: \(then)}]
        """
    }

    @Test("A marker goes with its file, which is moved", arguments: [false, true])
    func moves(_ isDeep: Bool) async throws {
        try await withPipelineWorld { world in
            let name = isDeep ? "deep/a.csv" : "a.csv"
            let text = text(world, "{move: '\(world.folder.path("done"))'}")
                .replacing("marker: .ok", with: "marker: .ok, recursive: \(isDeep)")
            try world.write("id\n1\n", to: "raw/\(name)")
            try world.write("mine", to: "raw/\(name).ok")
            #expect(try await world.drain(text) == [])
            #expect(!world.has("raw/\(name)") && !world.has("raw/\(name).ok"))
            #expect(world.has("done/\(name)"))
            #expect(
                try String(contentsOfFile: world.folder.path("done/\(name).ok"), encoding: .utf8)
                    == "mine"
            )
            // The next of the name waits for a marker of its own.
            try FileManager.default.removeItem(atPath: world.folder.path("done"))
            try world.write("id\n2\n", to: "raw/\(name)")
            try await world.drain(text)
            #expect(world.has("raw/\(name)") && !world.has("done/\(name)"))
        }
    }

    @Test("A marker goes with its file, which is removed")
    func deletes() async throws {
        try await withPipelineWorld { world in
            try world.write("id\n1\n", to: "raw/a.csv")
            try world.write("", to: "raw/a.csv.ok")
            #expect(try await world.drain(text(world, "delete")) == [])
            let left = try FileManager.default.contentsOfDirectory(
                atPath: world.folder.path("raw")
            )
            #expect(left == [])
        }
    }

    @Test("What an earlier attempt did with a marker is known again; that of another file stays")
    func repeated() async throws {
        try await withTemporaryFolder { folder in
            let keeper = FileKeeper()
            let (path, marker) = (folder.path("a"), folder.path("a.ok"))
            let aside = folder.path(".7.tranche-marker")
            let file = FileKeeper.Known(path: path, mark: nil, attempt: 2, number: 7)
            func write(_ text: String, to path: String) throws {
                try Data(text.utf8).write(to: URL(filePath: path))
            }
            func has(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

            try await keeper.takeMarker(of: file, ".ok", to: nil)
            try write("", to: aside)
            try await keeper.takeMarker(of: file, ".ok", to: nil)
            #expect(!has(aside))
            try write("old", to: aside)
            try await keeper.takeMarker(of: file, ".ok", to: folder.path("done/a.ok"))
            #expect(!has(aside) && has(folder.path("done/a.ok")))
            // Of a file that has come since.
            try write("new", to: path)
            try write("", to: marker)
            try await keeper.takeMarker(of: file, ".ok", to: nil)
            #expect(has(marker))
            #expect(rename(marker, aside) == 0)
            try await keeper.takeMarker(of: file, ".ok", to: nil)
            #expect(has(marker) && !has(aside))
        }
    }

    @Test("Nothing is put beside a database under a name that it takes for its own")
    func databases() async throws {
        try await withTemporaryFolder { folder in
            let database = folder.path("work.db")
            try Data("SQLite format 3\u{0}".utf8).write(to: URL(filePath: database))
            let path = folder.path("in")
            try Data("x".utf8).write(to: URL(filePath: path))
            let keeper = FileKeeper()
            let file = FileKeeper.Known(path: path, mark: nil, attempt: 1, number: 7)
            for ending in ["-journal", "-wal"] {
                await #expect(throws: TrancheError.self) {
                    try await keeper.move(file, to: database + ending)
                }
            }
            let marked = FileKeeper.Known(path: database, mark: nil, attempt: 1, number: 8)
            await #expect(throws: TrancheError.self) {
                try await keeper.mark(marked, "-journal", "x")
            }
            try await keeper.move(file, to: folder.path("work.db-old"))
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
            #expect(names.sorted() == ["work.db", "work.db-old"])
        }
    }
}
