import Foundation
import TestSupport
import Testing
import Tranche

@testable import TrancheCLI

@Suite("The files of databases are not worked on, and not written over", .timeLimit(.minutes(10)))
struct OwnFileTests {
    /// The names of the items of a table.
    private func names(_ bench: CommandLineBench, _ table: String) throws -> [String] {
        try bench.rows("SELECT item FROM \(table) ORDER BY item").map {
            URL(filePath: $0).lastPathComponent
        }
    }

    @Test("The inventory's own files are not registered, which is said; those of others are")
    func registered() async throws {
        let bench = try await CommandLineBench()
        try bench.write("x", to: "a.jpg")
        try bench.write("SQLite format 3\u{0}, of somebody else", to: "other.db")
        // Another name of the same file.
        #expect(link(bench.path("tranche.db"), bench.path("second")) == 0)
        let words = ["register", bench.folder.path, "--table", "photo", "--quiet", "0"]
        let path = bench.path("tranche.db")
        for new in ["2 new files of 2", "0 new files of 2", "0 new files of 2"] {
            let run = await bench.run(words)
            #expect(run.status == .done)
            #expect(run.output == "registered \(new) in photo\n", "\(run.errors)")
            #expect(run.errors.contains("'\(path)' holds the inventory: it is left out, and so"))
            #expect(run.errors.ranges(of: "is left out").count == 1, "\(run.errors)")
        }
        #expect(try names(bench, "photo") == ["a.jpg", "other.db"])
        // Nothing is said of what nobody asked for.
        let chosen = await bench.run(words + ["--suffix", ".jpg"])
        #expect(chosen.output == "registered 0 new files of 1 in photo\n")
        #expect(chosen.errors == "")
    }

    @Test("The database of the table is not registered in itself")
    func registeredElsewhere() async throws {
        let bench = try await CommandLineBench()
        let tables = "sqlite:" + bench.path("in/tables.db")
        try bench.write("x", to: "in/a.jpg")
        #expect(await bench.run("migrate", "up", "--inventory", tables).status == .done)
        let words = [
            "register", bench.path("in"), "--table", "photo", "--quiet", "0", "--meta-db", tables,
        ]
        for new in ["1 new file of 1", "0 new files of 1"] {
            let run = await bench.run(words)
            #expect(run.output == "registered \(new) in photo\n", "\(run.errors)")
            #expect(run.errors.contains("in/tables.db' holds the table 'photo': it is left out"))
        }
    }

    @Test("A pipeline that deletes what is processed leaves the inventory in its folder alone")
    func deleted() async throws {
        let bench = try await CommandLineBench()
        let folder = bench.folder.path
        try bench.write(
            """
            inputs:
              files: {type: directory, folder: "\(folder)", quiet: 0s,
                suffixes: [.db, .csv, '-wal', '-shm', '-turn']}
            processes:
              note: {type: program, command: [sh, -c, 'cat >> "\(folder)/seen"']}
            links:
              - {from: files, to: note, then: delete}
            """,
            to: "p.yaml"
        )
        for name in ["a.csv", "b.csv"] {
            try bench.write("x", to: name)
            let run = await bench.run("run", bench.path("p.yaml"), "--drain")
            #expect(run.status == .done, "\(run.errors)")
            let words = "tranche.db' holds the inventory: it is left out"
            #expect(run.errors.contains(words), "\(run.errors)")
            #expect(!FileManager.default.fileExists(atPath: bench.path(name)))
        }
        #expect(try bench.rows("SELECT count(*) FROM files") == ["10"])
        let seen = try String(contentsOfFile: bench.path("seen"), encoding: .utf8)
        #expect(seen.contains("a.csv") && seen.contains("b.csv") && !seen.contains("tranche.db"))
    }

    /// A bench with a link to its inventory, and another database in `other.db`.
    private func guarded() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        let other = "sqlite:" + bench.path("other.db")
        #expect(await bench.run("migrate", "up", "--inventory", other).status == .done)
        try FileManager.default.createSymbolicLink(
            atPath: bench.path("link"),
            withDestinationPath: "tranche.db"
        )
        return bench
    }

    /// Expects that a command line is refused, and that nothing has become of the databases.
    private func expectRefusal(
        _ bench: CommandLineBench,
        _ words: [String],
        _ reason: String,
        _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let before = try Data(contentsOf: URL(filePath: bench.path("other.db")))
        let run = await bench.run(words)
        #expect(run.status == .usage, "\(run)", sourceLocation: location)
        #expect(run.errors.contains(reason), "\(run.errors)", sourceLocation: location)
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: bench.path("link"))
                == "tranche.db",
            sourceLocation: location
        )
        #expect(try bench.rows("PRAGMA integrity_check") == ["ok"], sourceLocation: location)
        #expect(try bench.rows("SELECT count(*) FROM files") == ["10"], sourceLocation: location)
        #expect(
            try Data(contentsOf: URL(filePath: bench.path("other.db"))) == before,
            sourceLocation: location
        )
    }

    @Test(
        "An export, a report and metrics replace no database, nor a file that belongs to one",
        arguments: [
            ["export", "FILE", "--overwrite"], ["report", "FILE"], ["metrics", "--to", "FILE"],
        ]
    )
    func replaced(_ command: [String]) async throws {
        let bench = try await guarded()
        for name in ["tranche.db", "link", "other.db", "tranche.db-wal", "other.db-turn"] {
            let path = bench.path(name)
            let option = command[1] == "FILE" ? "FILE" : command[1]
            try await expectRefusal(
                bench,
                command.map { $0 == "FILE" ? path : $0 },
                name.contains("-")
                    ? "\(option) '\(path)' belongs to the SQLite database '"
                    : "\(option) '\(path)' is a SQLite database, and is not written over"
            )
        }
        // Nothing but the name looks like one.
        try bench.write("old", to: "plain")
        for name in ["plain", "plain-wal", "new.db"] {
            let path = bench.path(name)
            let run = await bench.run(command.map { $0 == "FILE" ? path : $0 })
            #expect(run.status == .done, "\(run.errors)")
        }
    }

    @Test("No lineage is written into a database", arguments: ["tranche.db", "link", "other.db"])
    func lineage(_ name: String) async throws {
        let bench = try await guarded()
        let path = bench.path(name)
        try bench.write("id\n1\n", to: "x.csv")
        let reason = "'\(path)' is a SQLite database, and lineage is not written into it"
        for words in [
            ["work", "--job", "j", "--meta", "files", "--lineage", path, "--", "/bin/true"],
            ["load", bench.path("x.csv"), "--to", "none", "--lineage", path],
        ] {
            try await expectRefusal(bench, words, "--lineage: " + reason)
        }
        try bench.write(
            """
            inputs: {f: {type: directory, folder: "\(bench.folder.path)", suffixes: [.csv]}}
            processes: {p: {type: program, command: [/bin/true]}}
            links: [{from: f, to: p}]
            lineage: "\(path)"
            """,
            to: "p.yaml"
        )
        try await expectRefusal(
            bench,
            ["run", bench.path("p.yaml"), "--drain"],
            "'lineage': " + reason
        )
        #expect(try bench.rows("SELECT count(*) FROM inventory") == ["0"])
    }

    @Test(
        "A load puts neither records nor rejects in the place of a database, not even if asked to",
        arguments: ["tranche.db", "link", "other.db"]
    )
    func loaded(_ name: String) async throws {
        let bench = try await guarded()
        let path = bench.path(name)
        let reason = "is a SQLite database, and is not written over by records"
        try bench.write("id\n1\n", to: "x.csv")
        for more in [
            ["--to", "csv:\(path)"], ["--to", "jsonl:\(path)"],
            ["--to", "none", "--rejects", path],
        ] {
            try await expectRefusal(
                bench,
                ["load", bench.path("x.csv"), "--overwrite"] + more,
                reason
            )
        }
    }

    @Test(
        "No folder is made in the place of a file of a database, which could not be used any more",
        arguments: ["tranche.db-journal", "tranche.db-shm", "link-wal", "other.db-journal/"]
    )
    func folders(_ name: String) async throws {
        let bench = try await guarded()
        let path = bench.folder.path + "/" + name
        try bench.write("id\n1\n", to: "x.csv")
        let started = await bench.run("workflow", "start", try workflow(bench))
        #expect(started.status == .done, "\(started.errors)")
        for words in [
            ["man", path],
            ["load", bench.path("x.csv"), "--to", "csv:\(path)", "--file-per-batch"],
            ["workflow", "snapshot", "--job", "w", "--to", path],
        ] {
            let refused = await bench.run(words)
            #expect(refused.status == .usage, "\(words): \(refused)")
            #expect(
                refused.errors.contains("belongs to the SQLite database '"),
                "\(words): \(refused.errors)"
            )
        }
        #expect(try bench.rows("PRAGMA integrity_check") == ["ok"])
        var isFolder: ObjCBool = false
        let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        #expect(!isThere || !isFolder.boolValue)
    }

    /// The file of a workflow over the items.
    private func workflow(_ bench: CommandLineBench) throws -> String {
        try bench.write(
            #"{"job":"w","source":"files","count":3,"program":["true"]}"#,
            to: "w.json"
        )
        return bench.path("w.json")
    }

    @Test("No lineage is added to a file of anything else; to one of lineage it is")
    func otherFiles() async throws {
        let bench = try await CommandLineBench()
        try bench.write("id\n1\n", to: "x.csv")
        try bench.write("{\"id\":1}\n", to: "x.jsonl")
        try bench.write("", to: "empty")
        let work = ["work", "--job", "j", "--meta", "files", "--lineage"]
        for name in ["x.csv", "x.jsonl"] {
            let before = try Data(contentsOf: URL(filePath: bench.path(name)))
            let refused = await bench.run(work + [bench.path(name), "--", "true"])
            #expect(refused.status == .usage, "\(refused)")
            #expect(
                refused.errors.contains("holds something else than lineage"),
                "\(refused.errors)"
            )
            #expect(try Data(contentsOf: URL(filePath: bench.path(name))) == before)
        }
        #expect(try bench.rows("SELECT count(*) FROM inventory") == ["0"])
        for count in 1...2 {
            let worked = await bench.run(work + [bench.path("empty"), "--", "true"])
            #expect(worked.status == .done, "\(worked.errors)")
            let text = try String(contentsOfFile: bench.path("empty"), encoding: .utf8)
            #expect(text.split(separator: "\n").count == 2 * count)
            try bench.execute("INSERT INTO files (item) VALUES ('x')")
        }
    }

    @Test("The inventory's own tables are neither worked on nor written to, however they are named")
    func ownTables() async throws {
        let bench = try await CommandLineBench()
        #expect(await bench.run("acquire", "--job", "j", "--meta", "files").status == .done)
        try bench.write("version,name\n1,x\n", to: "x.csv")
        let place = "sqlite:" + bench.path("./tranche.db")
        for more in [
            ["--meta", "inventory"], ["--meta", "main.inventory"],
            ["--meta", "inventory_attempt", "--uid", "batch_id"],
            ["--meta", "inventory", "--meta-db", place],
        ] {
            let uid = more.contains("--uid") ? [] : ["--uid", "id"]
            let refused = await bench.run(["acquire", "--job", "k"] + more + uid)
            #expect(refused.status != .done, "\(more): \(refused)")
            #expect(
                refused.errors.contains("is a table of the inventory itself"),
                "\(more): \(refused.errors)"
            )
        }
        for more in [
            ["--to", "table:inventory_migration"],
            ["--to", place, "--table", "inventory_migration"],
            ["--to", "table:inventory_migration", "--create-table"],
        ] {
            let refused = await bench.run(["load", bench.path("x.csv")] + more)
            #expect(refused.status == .usage, "\(more): \(refused)")
            #expect(
                refused.errors.contains("is one of the inventory itself"),
                "\(more): \(refused.errors)"
            )
        }
        #expect(try bench.rows("SELECT DISTINCT job FROM inventory") == ["j"])
    }

    @Test("A link to a file of a database that is not there yet is no way around it")
    func dangling() async throws {
        let bench = try await guarded()
        let path = bench.path("late")
        try FileManager.default.createSymbolicLink(
            atPath: path,
            withDestinationPath: "other.db-journal"
        )
        try bench.write("id\n1\n", to: "x.csv")
        for words in [
            ["export", path], ["report", path], ["metrics", "--to", path],
            ["load", bench.path("x.csv"), "--to", "csv:\(path)", "--overwrite"],
        ] {
            try await expectRefusal(bench, words, "belongs to the SQLite database '")
        }
        #expect(!FileManager.default.fileExists(atPath: bench.path("other.db-journal")))
    }
}
