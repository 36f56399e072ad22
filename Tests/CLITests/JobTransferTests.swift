import Foundation
import TestSupport
import Testing
import Tranche

@testable import TrancheCLI

/// Two inventories of one kind, and the items of both in one file.
private struct TwoInventories: Sendable {
    enum Kind: String, CaseIterable, CustomTestStringConvertible {
        case sqlite, postgresql

        static var available: [Kind] {
            TestPostgreSQL.server == nil ? [.sqlite] : allCases
        }

        var testDescription: String { rawValue }
    }

    let bench: CommandLineBench
    let first: [String: String]
    let second: [String: String]

    static func with(_ kind: Kind, _ body: (TwoInventories) async throws -> Void) async throws {
        let bench = try await CommandLineBench()
        let items = ["TRANCHE_META_DB": "sqlite:\(bench.path("tranche.db"))"]
        guard kind == .postgresql else {
            var second = items
            second["TRANCHE_INVENTORY"] = "sqlite:\(bench.path("second.db"))"
            return try await migrated(bench, items, second, body)
        }
        let server = try #require(TestPostgreSQL.server)
        try await withTestSchema(server) { one in
            try await withTestSchema(server) { two in
                var first = items
                first["TRANCHE_INVENTORY"] = server.url
                first["TRANCHE_SCHEMA"] = one
                var second = first
                second["TRANCHE_SCHEMA"] = two
                try await migrated(bench, first, second, body)
            }
        }
    }

    private static func migrated(
        _ bench: CommandLineBench,
        _ first: [String: String],
        _ second: [String: String],
        _ body: (TwoInventories) async throws -> Void
    ) async throws {
        // The bench's own inventory is there.
        for settings in [first, second] where settings["TRANCHE_INVENTORY"] != nil {
            let outcome = await bench.run(["migrate", "up"], environment: settings)
            try #require(outcome.status == .done, "\(outcome.errors)")
        }
        try await body(TwoInventories(bench: bench, first: first, second: second))
    }

    /// Runs a command on the first inventory.
    func run(_ arguments: String...) async -> CommandLineBench.Outcome {
        await bench.run(arguments, environment: first)
    }

    /// Runs a command on the second inventory.
    func runThere(_ arguments: String...) async -> CommandLineBench.Outcome {
        await bench.run(arguments, environment: second)
    }

    /// Runs a command on the first inventory, which must end well.
    @discardableResult
    func done(_ arguments: String...) async throws -> CommandLineBench.Outcome {
        try await done(arguments)
    }

    @discardableResult
    func done(_ arguments: [String]) async throws -> CommandLineBench.Outcome {
        let outcome = await bench.run(arguments, environment: first)
        try #require(outcome.status == .done, "\(arguments): \(outcome.errors)")
        return outcome
    }

    /// Runs a command on the second inventory, which must end well.
    @discardableResult
    func doneThere(_ arguments: String...) async throws -> CommandLineBench.Outcome {
        try await doneThere(arguments)
    }

    @discardableResult
    func doneThere(_ arguments: [String]) async throws -> CommandLineBench.Outcome {
        let outcome = await bench.run(arguments, environment: second)
        try #require(outcome.status == .done, "\(arguments): \(outcome.errors)")
        return outcome
    }

    /// Rewrites a file that was exported, line by line; one that becomes `nil` is left out.
    func rewrite(_ file: String, _ change: (String) -> String?) throws {
        let text = try String(contentsOfFile: file, encoding: .utf8)
        var lines = text.split(separator: "\n").compactMap { change(String($0)) }
        lines[lines.count - 1] = #"{"end":{"records":\#(lines.count - 2)}}"#
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: file))
    }
}

@Suite("Moving one job", .serialized, .timeLimit(.minutes(10))) struct JobTransferTests {
    @Test(
        "What is left after a run is forgotten can be moved",
        arguments: TwoInventories.Kind.available
    )
    fileprivate func forgottenProbe(_ kind: TwoInventories.Kind) async throws {
        try await TwoInventories.with(kind) { own in
            let file = own.bench.path("all.jsonl")
            try await own.done("acquire", "--job", "k", "--meta", "files", "--count", "1")
            try await own.done("work", "--job", "j", "--meta", "files", "--", "true")
            try await own.done("probe", "set", "p", "--job", "j", "--sql", "SELECT 0")
            let forgotten = try await own.done("forget", "--job", "j", "--yes")
            #expect(forgotten.output.contains("1 probe"), "\(forgotten.output)")
            try await own.done("export", file)
            let text = try String(contentsOfFile: file, encoding: .utf8)
            #expect(!text.contains(#"{"probe":"#), "\(text)")
            try await own.doneThere("import", file)
            // The name is free.
            try await own.done("probe", "set", "p", "--job", "k", "--sql", "SELECT 1")
        }
    }

    @Test(
        "A number that a batch has here is refused, whether the one or the other is packed",
        arguments: TwoInventories.Kind.available
    )
    fileprivate func packedNumbers(_ kind: TwoInventories.Kind) async throws {
        try await TwoInventories.with(kind) { own in
            let (live, packed) = (own.bench.path("live.jsonl"), own.bench.path("packed.jsonl"))
            let work = ["work", "--meta", "files", "--count", "2", "--job"]
            try await own.done(work + ["b", "--", "true"])
            try await own.done("export", live, "--job", "b")
            try await own.doneThere(work + ["a", "--", "true"])
            try await own.doneThere("compact", "--keep", "0", "--yes")
            try await own.doneThere("export", packed, "--job", "a")
            func isRefused(_ outcome: CommandLineBench.Outcome) {
                #expect(outcome.status == .usage)
                #expect(outcome.errors.contains("a batch 1 already"), "\(outcome.errors)")
            }
            isRefused(await own.runThere("import", live))
            isRefused(await own.run("import", packed))
            try await own.done("compact", "--keep", "0", "--yes")
            isRefused(await own.run("import", packed))
        }
    }

    @Test(
        "A number between those of batches that are packed is free",
        arguments: TwoInventories.Kind.available
    )
    fileprivate func numbersBetween(_ kind: TwoInventories.Kind) async throws {
        try await TwoInventories.with(kind) { own in
            let file = own.bench.path("k.jsonl")
            for (batch, job) in ["j", "k", "j"].enumerated() {
                try await own.done("acquire", "--job", job, "--meta", "files", "--count", "2")
                try await own.done("succeed", "\(batch + 1)", "--attempt", "1")
            }
            try await own.done("compact", "--job", "j", "--keep", "0", "--yes")
            try await own.done("export", file, "--job", "k")
            try await own.done("forget", "--job", "k", "--yes")
            try await own.done("import", file)
            // Both come along with the whole.
            try await own.done("export", file, "--overwrite")
            try await own.doneThere("import", file)
        }
    }

    @Test("A probe that was left behind is neither written nor in the way")
    func orphan() async throws {
        try await TwoInventories.with(.sqlite) { own in
            let (before, after) = (own.bench.path("before.jsonl"), own.bench.path("after.jsonl"))
            try await own.done("work", "--job", "j", "--meta", "files", "--", "true")
            try await own.done("probe", "set", "p", "--job", "j", "--sql", "SELECT 0")
            try await own.done("export", before)
            try own.bench.execute("CREATE TABLE kept AS SELECT * FROM inventory_probe")
            try await own.done("forget", "--job", "j", "--yes")
            // As earlier versions left it.
            try own.bench.execute("INSERT INTO inventory_probe SELECT * FROM kept")
            try await own.done("export", after)
            let text = try String(contentsOfFile: after, encoding: .utf8)
            #expect(!text.contains(#"{"probe":"#), "\(text)")
            try await own.done("import", before)
            #expect(try own.bench.rows("SELECT count(*) FROM inventory_probe") == ["1"])
            #expect(await own.run("probe", "list").output.contains("p"))
            try await own.done("probe", "remove", "p")
            // A file that has one is read, too.
            try own.rewrite(before) { $0.hasPrefix(#"{"budget":"#) ? nil : $0 }
            try await own.doneThere("import", before)
            #expect(await own.runThere("probe", "list").errors.contains("there is no probe yet"))
        }
    }

    @Test(
        "A job's own probe comes along, and holds it back there",
        arguments: TwoInventories.Kind.available
    )
    fileprivate func ownProbe(_ kind: TwoInventories.Kind) async throws {
        try await TwoInventories.with(kind) { own in
            let file = own.bench.path("j.jsonl")
            let acquire = ["acquire", "--job", "j", "--meta", "files", "--count", "1"]
            #expect(await own.bench.run(acquire, environment: own.first).status == .done)
            let sql = "SELECT 0, 'not now'"
            try await own.done("probe", "set", "p", "--job", "j", "--sql", sql)
            try await own.done("export", file, "--job", "j")
            for settings in [own.second, own.first] {
                if settings == own.first {
                    try await own.done("release", "--job", "j", "--yes")
                    try await own.done("forget", "--job", "j", "--yes")
                }
                let imported = await own.bench.run(["import", file], environment: settings)
                #expect(imported.status == .done, "\(imported.errors)")
                let list = await own.bench.run(["probe", "list"], environment: settings)
                #expect(list.output.contains("p"), "\(list.errors)")
                let held = await own.bench.run(acquire, environment: settings)
                #expect(held.errors.contains("probe 'p' holds back"), "\(held.errors)")
                let removed = await own.bench.run(["probe", "remove", "p"], environment: settings)
                #expect(removed.status == .done, "\(removed.errors)")
                let next = await own.bench.run(acquire, environment: settings)
                #expect(next.status == .done, "\(next.errors)")
            }
        }
    }

    @Test(
        "A run whose probe is not in its file is not shut",
        arguments: TwoInventories.Kind.available
    )
    fileprivate func withoutProbe(_ kind: TwoInventories.Kind) async throws {
        try await TwoInventories.with(kind) { own in
            let file = own.bench.path("j.jsonl")
            try await own.done("acquire", "--job", "j", "--meta", "files", "--count", "1")
            try await own.done("probe", "set", "p", "--job", "j", "--sql", "SELECT 0")
            try await own.done("export", file, "--job", "j")
            try own.rewrite(file) { $0.hasPrefix(#"{"probe":"#) ? nil : $0 }
            try await own.doneThere("import", file)
            try await own.doneThere("acquire", "--job", "j", "--meta", "files", "--count", "1")
        }
    }

    @Test(
        "A budget of all jobs that is there limits what comes",
        arguments: TwoInventories.Kind.available
    )
    fileprivate func budgetOfAll(_ kind: TwoInventories.Kind) async throws {
        try await TwoInventories.with(kind) { own in
            let file = own.bench.path("j.jsonl")
            try await own.done("acquire", "--job", "j", "--meta", "files", "--count", "1")
            try await own.done("export", file, "--job", "j")
            try await own.doneThere("budget", "set", Budget.ofAll, "--batches", "0")
            try await own.doneThere("import", file)
            let held = await own.runThere("acquire", "--job", "j", "--meta", "files")
            #expect(held.status == .nothingNow, "\(held.output)")
        }
    }

    @Test("A probe whose name another has is refused")
    func takenName() async throws {
        try await TwoInventories.with(.sqlite) { own in
            let file = own.bench.path("j.jsonl")
            try await own.done("acquire", "--job", "j", "--meta", "files", "--count", "1")
            try await own.done("probe", "set", "p", "--job", "j", "--sql", "SELECT 0")
            try await own.done("export", file, "--job", "j")
            try await own.doneThere("budget", "set", "b", "--batches", "1")
            try await own.doneThere("probe", "set", "p", "--budget", "b", "--sql", "SELECT 1")
            let refused = await own.runThere("import", file)
            #expect(refused.status == .usage)
            #expect(refused.errors.contains("there is a probe 'p' already"), "\(refused.errors)")
            try await own.doneThere("probe", "remove", "p")
            try await own.doneThere("import", file)
        }
    }

    @Test(
        "The pages of a job come along, and it goes on there",
        arguments: TwoInventories.Kind.available
    )
    fileprivate func pages(_ kind: TwoInventories.Kind) async throws {
        try await TwoInventories.with(kind) { own in
            let (p, q) = (own.bench.path("p.jsonl"), own.bench.path("q.jsonl"))
            func acquire(_ job: String, _ settings: [String: String]) async throws -> String {
                let outcome = await own.bench.run(
                    ["acquire", "--job", job, "--meta", "pages:x", "--count", "1", "--first", "1"],
                    environment: settings
                )
                try #require(outcome.status == .done, "\(outcome.errors)")
                return outcome.output
            }
            for page in 1...2 {
                _ = try await acquire("p", own.first)
                let next = ["page", "next", "\(page + 1)", "--meta", "pages:x", "--after"]
                let named = await own.bench.run(next + ["\(page)"], environment: own.first)
                #expect(named.status == .done, "\(named.errors)")
                try await own.done("succeed", "\(page)", "--attempt", "1")
            }
            _ = try await acquire("q", own.first)
            try await own.done("succeed", "3", "--attempt", "1")
            try await own.done("export", p, "--job", "p")
            try await own.done("export", q, "--job", "q")
            try await own.doneThere("import", p)
            // Those that are there are the same.
            try await own.doneThere("import", q)
            let list = await own.runThere("page", "list", "--meta", "pages:x")
            let known = await own.run("page", "list", "--meta", "pages:x")
            #expect(list.output == known.output, "\(list.errors)")
            #expect(try await acquire("p", own.second).contains("ids 3...3"))
            #expect(try await acquire("q", own.second).contains("ids 2...2"))
            try await own.doneThere("release", "--job", "q", "--yes")
            // It comes back where the pages have stayed, and not where they go on otherwise.
            try await own.done("forget", "--job", "q", "--yes")
            try await own.done("import", q)
            try await own.done("page", "next", "other", "--meta", "pages:x", "--after", "3")
            try await own.done("export", q, "--job", "q", "--overwrite")
            try await own.doneThere("forget", "--job", "q", "--yes")
            let refused = await own.runThere("import", q)
            #expect(refused.status == .usage)
            #expect(
                refused.errors.contains("page 4 of 'x' is not here as it is in the file"),
                "\(refused.errors)"
            )
        }
    }

    @Test(
        "A job over the batches of another is refused without that one",
        arguments: TwoInventories.Kind.available
    )
    fileprivate func upstream(_ kind: TwoInventories.Kind) async throws {
        try await TwoInventories.with(kind) { own in
            let (down, up) = (own.bench.path("down.jsonl"), own.bench.path("up.jsonl"))
            let work = ["work", "--job", "up", "--meta", "files", "--count"]
            try await own.done(work + ["2", "--", "true"])
            try await own.done("work", "--job", "down", "--meta", "inventory:up", "--", "true")
            let exported = try await own.done("export", down, "--job", "down")
            #expect(
                exported.errors.contains("job 'down' takes the batches of job 'up', which is not"),
                "\(exported.errors)"
            )
            try await own.done("export", up, "--job", "up")
            let alone = await own.runThere("import", down)
            #expect(alone.status == .usage)
            #expect(alone.errors.contains("which is neither in the file nor here"))
            #expect(alone.errors.contains("'tranche export' without --job"), "\(alone.errors)")
            // One of the name that began later is not the same.
            try await own.doneThere(work + ["10", "--", "true"])
            let anew = await own.runThere("import", down)
            #expect(anew.status == .usage)
            #expect(anew.errors.contains("which began anew here"), "\(anew.errors)")
            try await own.doneThere("forget", "--job", "up", "--yes")
            // Nor is one that has fewer batches.
            let behind = own.bench.path("behind.jsonl")
            try FileManager.default.copyItem(atPath: up, toPath: behind)
            try own.rewrite(behind) {
                $0.hasPrefix(#"{"batch":"#) || $0.hasPrefix(#"{"attempt":"#) ? nil : $0
            }
            try await own.doneThere("import", behind)
            let fewer = await own.runThere("import", down)
            #expect(fewer.status == .usage)
            let words = "has passed 5 of them, of which 0 are here"
            #expect(fewer.errors.contains(words), "\(fewer.errors)")
            try await own.doneThere("forget", "--job", "up", "--yes")
            try await own.doneThere("import", up)
            try await own.doneThere("import", down)
            // It goes on with the next batch.
            try own.bench.execute("INSERT INTO files (item, weight) VALUES ('x', 1)")
            try await own.doneThere(work + ["2", "--", "true"])
            try await own.doneThere("acquire", "--job", "down", "--meta", "inventory:up")
        }
    }
}
