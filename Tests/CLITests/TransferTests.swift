import Foundation
import TestSupport
import Testing
import TranchePostgreSQL
import TrancheSQL

@testable import TrancheCLI

@Suite("Moving what is recorded", .serialized, .timeLimit(.minutes(10))) struct TransferTests {
    /// A bench with everything in it that a file has: batches in every state, packed ones, gaps,
    /// limits, what programs wrote, a job on a job.
    private func filled() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        let job = ["--job", "j", "--meta", "files"]
        let work = ["work"] + job + ["--count", "2", "--", "sh", "-c"]
        #expect(
            await bench.run(work + [#"cat > /dev/null; echo "it's ü"; echo '{"n": 1.5}'"#]).status
                == .done
        )
        #expect(await bench.run("compact", "--keep", "0", "--yes").status == .done)
        try bench.execute("INSERT INTO files (item, weight) VALUES (NULL, 1e300), ('x', 0.1)")
        #expect(await bench.run(["acquire"] + job + ["--count", "1"]).status == .done)
        let fail = ["fail", "6", "--attempt", "1", "--error", "a \"quoted\"\nerror"]
        #expect(await bench.run(fail).status == .done)
        #expect(await bench.run(["acquire"] + job + ["--count", "1"]).status == .done)
        #expect(await bench.run("set", "--job", "j", "--parallelism", "4").status == .done)
        #expect(await bench.run("budget", "set", "api", "--batches", "9").status == .done)
        let next = ["acquire", "--job", "k", "--meta", "inventory:j", "--budget", "api"]
        #expect(await bench.run(next).status == .done)
        #expect(await bench.run("pause", "--job", "k", "--reason", "später").status == .done)
        return bench
    }

    /// The records of a file, without what differs from inventory to inventory: the first line, and
    /// what the inventory is where a job takes the batches of another.
    private func records(_ text: String) -> [Substring] {
        text.split(separator: "\n").dropFirst().map { line in
            line.replacing(#/\\"database\\":\\".*?, job '/#, with: "DATABASE, job '")[...]
        }
    }

    private func export(
        _ bench: CommandLineBench,
        _ arguments: String...,
        settings: [String: String] = [:]
    ) async throws -> String {
        let outcome = await bench.run(["export"] + arguments, environment: settings)
        try #require(outcome.status == .done, "\(outcome.errors)")
        return outcome.output
    }

    @Test("Every table of an inventory is in a file, or left out on purpose")
    func tables() {
        let names = TableNames(table: "inventory", schema: nil)
        let written = TransferTable.all(names).map(\.table.table)
        let all = Mirror(reflecting: names).children.compactMap {
            ($0.value as? SQLTableName)?.table
        }
        let left = Set(all).subtracting(written)
        #expect(
            left == [
                "inventory_let_in", "inventory_charge", "inventory_waiting", "inventory_flush",
                "inventory_migration", "inventory_tally", "inventory_worker",
            ]
        )
    }

    @Test("What was written is read again, and says the same")
    func roundTrip() async throws {
        let bench = try await filled()
        let file = bench.path("backup.jsonl")
        let exported = await bench.run("export", file, "--json")
        #expect(exported.errors == "")
        #expect(exported.output.contains(#""dry_run":false,"records":"#), "\(exported.output)")
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.hasPrefix(#"{"tranche":{"format":1,"schema":"#))
        let other = try await CommandLineBench()
        let dry = await other.run("import", file, "--dry-run")
        #expect(dry.output.hasPrefix("would import 2 runs, 3 batches"), "\(dry.errors)")
        #expect(try await other.batches().isEmpty)
        let imported = await other.run("import", file)
        #expect(imported.status == .done, "\(imported.errors)")
        #expect(records(try await export(other)) == records(text))
        for command in [["batches"], ["changes"], ["history", "--meta", "files", "--id", "3"]] {
            let known = await bench.run(command + ["--json"])
            #expect(await other.run(command + ["--json"]).output == known.output, "\(command)")
        }
        let twice = await other.run("import", file)
        #expect(twice.status == .usage)
        #expect(twice.errors.contains("job 'j' on 'files' is there already"), "\(twice.errors)")
        #expect(records(try await export(other)) == records(text))
        // A job on a job goes on with the batches that came along.
        #expect(await other.run("resume", "--job", "k").status == .done)
        let downstream = await other.run("acquire", "--job", "k", "--meta", "inventory:j")
        #expect(downstream.status == .nothingNow)
        #expect(!downstream.errors.contains("another definition"), "\(downstream.errors)")
        // Numbers go on behind those that came with the file.
        let next = await other.run("acquire", "--job", "z", "--meta", "files")
        #expect(next.output.hasPrefix("batch 9, "), "\(next.output)")
    }

    @Test(
        "A file goes to a server and back, and says the same",
        .enabled(if: TestPostgreSQL.server != nil)
    )
    func betweenDatabases() async throws {
        let server = try #require(TestPostgreSQL.server)
        let bench = try await filled()
        let file = bench.path("backup.jsonl")
        #expect(await bench.run("export", file).status == .done)
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try await withTestSchema(server) { schema in
            let settings = ["TRANCHE_INVENTORY": server.url, "TRANCHE_SCHEMA": schema]
            #expect(await bench.run(["migrate", "up"], environment: settings).status == .done)
            let imported = await bench.run(["import", file], environment: settings)
            #expect(imported.status == .done, "\(imported.errors)")
            let there = try await export(bench, settings: settings)
            #expect(records(there) == records(text))
            for command in ["batches", "changes"] {
                let known = await bench.run(command, "--json")
                let found = await bench.run([command, "--json"], environment: settings)
                #expect(found.output == known.output, "\(command)")
            }
            let back = try await CommandLineBench()
            try Data(there.utf8).write(to: URL(filePath: bench.path("back.jsonl")))
            #expect(await back.run("import", bench.path("back.jsonl")).status == .done)
            #expect(records(try await export(back)) == records(text))
            // The server's own numbers go on behind those that came with the file.
            let next = ["acquire", "--job", "z", "--meta", "inventory:j"]
            let taken = await bench.run(next, environment: settings)
            #expect(taken.output.hasPrefix("batch 9, "), "\(taken.errors)")
            #expect(await bench.run(["import", file], environment: settings).status == .usage)
        }
    }

    @Test(
        "Numbers go on behind those of batches that came packed",
        arguments: TestPostgreSQL.server == nil ? [false] : [false, true]
    )
    func packed(onServer: Bool) async throws {
        let bench = try await CommandLineBench()
        let job = ["--job", "j", "--meta", "files", "--count", "2"]
        #expect(await bench.run(["work"] + job + ["--", "true"]).status == .done)
        #expect(await bench.run("compact", "--keep", "0", "--yes").status == .done)
        let file = bench.path("packed.jsonl")
        #expect(await bench.run("export", file).status == .done)
        /// Works on, and packs what that makes, beside what came packed.
        func goOn(_ there: CommandLineBench, _ settings: [String: String]) async throws {
            let imported = await there.run(["import", file], environment: settings)
            #expect(imported.status == .done, "\(imported.errors)")
            let next = await there.run(
                ["acquire", "--job", "z", "--meta", "inventory:j"],
                environment: settings
            )
            #expect(next.output.hasPrefix("batch 6, "), "\(next.output)\(next.errors)")
        }
        guard onServer else { return try await goOn(try await CommandLineBench(), [:]) }
        let server = try #require(TestPostgreSQL.server)
        try await withTestSchema(server) { schema in
            let settings = ["TRANCHE_INVENTORY": server.url, "TRANCHE_SCHEMA": schema]
            #expect(await bench.run(["migrate", "up"], environment: settings).status == .done)
            try await goOn(bench, settings)
        }
    }

    @Test("A job that was exported and forgotten comes back as it was")
    func undo() async throws {
        let bench = try await filled()
        #expect(await bench.run("succeed", "8", "--attempt", "1").status == .done)
        /// What the numbers of runs are not in.
        func batches() async throws -> [Substring] {
            records(try await export(bench, "--job", "k"))
                .filter { $0.hasPrefix(#"{"batch""#) || $0.hasPrefix(#"{"attempt""#) }
        }
        let before = try await batches()
        #expect(before.count == 2)
        let file = bench.path("k.jsonl")
        #expect(await bench.run("export", file, "--job", "k").status == .done)
        #expect(await bench.run("forget", "--job", "k", "--yes").status == .done)
        #expect(await bench.run("import", file).status == .done)
        #expect(try await batches() == before)
        #expect(await bench.run("export", "--job", "none").status == .failed)
    }

    @Test(
        "A file that is not whole, or not one, changes nothing",
        arguments: [
            ("cut", "the file ends early"), ("count", "which is not what the end says"),
            ("head", "does not begin as 'tranche export' writes it"),
            ("table", "'nothing' is not a table of the inventory"),
            ("column", "'run' has no column 'colour' here"),
            ("value", "is not a value of its 'lease_ms'"),
            ("json", "it is not a record of an inventory"),
            ("schema", "run 'tranche migrate up' of a program that has it"),
            ("reference", "its 'run_id' 99 is not in the file before it"),
            ("end", "it comes after the end"),
            ("twice", "the database refuses one of them: "),
        ]
    )
    func faults(kind: String, words: String) async throws {
        let bench = try await filled()
        var lines = try await export(bench).split(separator: "\n").map(String.init)
        switch kind {
        case "cut": lines.removeLast()
        case "count": lines.remove(at: lines.count - 2)
        case "head": lines.removeFirst()
        case "table": lines.insert(#"{"nothing":{"id":1}}"#, at: 1)
        case "column":
            lines[1] = lines[1].replacing(#"{"run":{"#, with: #"{"run":{"colour":"red","#)
        case "value": lines[1] = lines[1].replacing(#/"lease_ms":\d+/#, with: #""lease_ms":"a""#)
        case "json": lines[2] = "{"
        case "schema": lines[0] = lines[0].replacing(#/"schema":\d+/#, with: #""schema":9999"#)
        case "twice":
            let place = try #require(lines.firstIndex { $0.hasPrefix(#"{"attempt":"#) })
            lines.insert(lines[place], at: place)
            lines[lines.count - 1] = #"{"end":{"records":\#(lines.count - 2)}}"#
        case "reference": lines.insert(#"{"gap":{"run_id":99}}"#, at: 3)
        default: lines.append(lines[1])
        }
        let file = bench.path("bad.jsonl")
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: file))
        let other = try await CommandLineBench()
        let outcome = await other.run("import", file)
        #expect(outcome.status == .usage, "\(outcome.errors)")
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
        #expect(try other.rows("SELECT count(*) FROM inventory_run") == ["0"])
        #expect(try await other.batches().isEmpty)
    }

    @Test("A file keeps who may read it, and the files beside it stay")
    func permissions() async throws {
        let bench = try await filled()
        try bench.write("mine", to: "out")
        try bench.write("precious", to: "out.part")
        let files = FileManager.default
        try files.setAttributes([.posixPermissions: 0o600], ofItemAtPath: bench.path("out"))
        _ = try await export(bench, bench.path("out"), "--overwrite")
        let text = try String(contentsOfFile: bench.path("out"), encoding: .utf8)
        #expect(text.contains("\"files\""))
        let mode = try files.attributesOfItem(atPath: bench.path("out"))[.posixPermissions]
        #expect((mode as? NSNumber)?.intValue == 0o600)
        let part = try String(contentsOfFile: bench.path("out.part"), encoding: .utf8)
        #expect(part == "precious")
        let names = try files.contentsOfDirectory(atPath: bench.folder.path)
        #expect(names.filter { $0.hasPrefix("out") }.sorted() == ["out", "out.part"])
    }

    @Test("A file that is there is replaced only when told, also behind a link")
    func existing() async throws {
        let bench = try await filled()
        try bench.write("precious", to: "out")
        let files = FileManager.default
        try files.createSymbolicLink(atPath: bench.path("link"), withDestinationPath: "out")
        for name in ["out", "link"] {
            let refused = await bench.run("export", bench.path(name))
            #expect(refused.status == .usage)
            #expect(
                refused.errors.contains("'\(bench.path(name))' exists"),
                "\(refused.errors)"
            )
            #expect(refused.errors.contains("--overwrite"), "\(refused.errors)")
            #expect(try String(contentsOfFile: bench.path("out"), encoding: .utf8) == "precious")
        }
        _ = try await export(bench, bench.path("link"), "--overwrite")
        let text = try String(contentsOfFile: bench.path("out"), encoding: .utf8)
        #expect(text.contains("\"files\""))
        let alone = await bench.run("export", "--overwrite")
        #expect(alone.status == .usage)
        #expect(alone.errors.contains("--overwrite goes with FILE"), "\(alone.errors)")
    }

    @Test("What is no regular file is written to, and never replaced")
    func pipe() async throws {
        let bench = try await CommandLineBench()
        let path = bench.path("pipe")
        try #require(mkfifo(path, 0o600) == 0)
        let pipe = open(path, O_RDWR | O_NONBLOCK)
        try #require(pipe >= 0)
        defer { close(pipe) }
        let said = try await export(bench, path)
        #expect(said.hasPrefix("exported "), "\(said)")
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(pipe, &bytes, bytes.count)
        try #require(count > 0)
        let records = String(decoding: bytes.prefix(count), as: UTF8.self)
        #expect(records.hasSuffix("{\"end\":{\"records\":0}}\n"), "\(records)")
        let output = try await export(bench, "/dev/stdout")
        // The first line has the time.
        #expect(output.split(separator: "\n").dropFirst() == ["{\"end\":{\"records\":0}}"])
        let files = FileManager.default
        let link = bench.path("full")
        try files.createSymbolicLink(atPath: link, withDestinationPath: "/dev/full")
        #expect(await bench.run("export", link).status != .done)
        #expect(try files.destinationOfSymbolicLink(atPath: link) == "/dev/full")
        let kind = try files.attributesOfItem(atPath: "/dev/full")[.type] as? FileAttributeType
        #expect(kind == .typeCharacterSpecial)
    }

    @Test("A file that cannot be read or written is told")
    func unreadable() async throws {
        let bench = try await CommandLineBench()
        let missing = await bench.run("import", bench.path("none"))
        #expect(missing.status == .failed)
        #expect(missing.errors.contains("cannot read '"))
        let folder = await bench.run("export", bench.path("none/file"))
        #expect(folder.status == .failed)
        #expect(folder.errors.contains("cannot write '"))
        let json = await bench.run("export", "--json")
        #expect(json.status == .usage)
        let database = await bench.run("import", "postgresql://me:geheim@host/old")
        #expect(database.status == .usage)
        #expect(
            database.errors.contains(
                "'postgresql://me:***@host/old' names a database, and import reads a file; "
                    + "'tranche export FILE --inventory postgresql://me:***@host/old' writes one"
            ),
            "\(database.errors)"
        )
        let file = await bench.run("import", bench.path("tranche.db"))
        #expect(file.status == .usage)
        #expect(file.errors.contains("give a file of 'tranche export'"), "\(file.errors)")
    }
}
