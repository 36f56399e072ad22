import Foundation
import Testing

@testable import TrancheCLI

@Suite("What no option says about a batch", .timeLimit(.minutes(10))) struct SizeTests {
    private static let note =
        "batches have at most 1,000 items, as neither --weight nor --count is given"
    private static let unread = "the program succeeded without having read its input"

    /// A bench with a table `many` of 2,500 items.
    private func bench() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE many (uid INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT, weight REAL);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
            INSERT INTO many SELECT i, 'a' || i, 1 FROM n;
            """
        )
        return bench
    }

    @Test("plan counts a batch of one item as one")
    func one() async throws {
        let bench = try await CommandLineBench()
        let plan = await bench.run(
            ["plan", "--job", "j", "--meta", "files", "--count", "1", "--limit", "1"]
        )
        #expect(plan.output.contains("1 batch, 1 item, "), "\(plan.output)\(plan.errors)")
    }

    @Test("acquire and plan take at most 1,000 items where nothing bounds them, and say so")
    func acquire() async throws {
        let bench = try await bench()
        let job = ["--job", "j", "--meta", "many"]
        let plan = await bench.run(["plan", "--json"] + job)
        #expect(plan.output.contains(#"{"id_start":1,"id_end":1000,"count":1000"#))
        #expect(plan.errors.contains(Self.note), "\(plan.errors)")
        let first = await bench.run(["acquire", "--json"] + job)
        #expect(first.output.contains(#""id_start":1,"id_end":1000,"count":1000"#))
        #expect(first.errors.contains(Self.note), "\(first.errors)")
        #expect(await bench.run(["acquire"] + job).errors.contains(Self.note))
        let last = await bench.run(["acquire", "--json"] + job)
        #expect(last.output.contains(#""count":500"#))
        #expect(last.errors == "")
    }

    @Test(
        "What is said about the size holds, and nothing is said then",
        arguments: [
            ("--count 2000", 2000), ("--weight 1500", 1500), ("--count none", 2500),
            ("--count 1000", 1000),
        ]
    )
    func bounded(options: String, count: Int) async throws {
        let bench = try await bench()
        let words = options.split(separator: " ").map(String.init)
        let batch = await bench.run(["acquire", "--json", "--job", "j", "--meta", "many"] + words)
        #expect(batch.output.contains(#""count":\#(count),"#), "\(batch.errors)")
        #expect(batch.errors == "")
    }

    @Test("work says it once, and that a program has not read its input")
    func work() async throws {
        let bench = try await bench()
        let job = ["work", "--job", "j", "--meta", "many"]
        let ended = await bench.run(job + ["--", "true"])
        #expect(ended.status == .done)
        #expect(ended.errors.components(separatedBy: Self.note).count == 2, "\(ended.errors)")
        #expect(ended.errors.components(separatedBy: Self.unread).count == 2, "\(ended.errors)")
        #expect(try await bench.states() == ["succeeded", "succeeded", "succeeded"])
    }

    @Test(
        "A program that reads its input, or fails, is not warned about",
        arguments: ["wc -l", "head -n 1 > /dev/null", "exit 3"]
    )
    func reading(script: String) async throws {
        let bench = try await bench()
        let ended = await bench.run(
            "work",
            "--job",
            "j",
            "--meta",
            "many",
            "--max-attempts",
            "1",
            "--",
            "sh",
            "-c",
            script
        )
        #expect(!ended.errors.contains(Self.unread), "\(ended.errors)")
    }

    @Test("A table that fits is no news")
    func small() async throws {
        let bench = try await CommandLineBench()
        let ended = await bench.run(
            "work",
            "--job",
            "j",
            "--meta",
            "files",
            "--",
            "sh",
            "-c",
            "cat > /dev/null"
        )
        #expect(!ended.errors.contains("at most"), "\(ended.errors)")
        #expect(ended.errors.contains("batch 1 succeeded: ids 1...10"))
    }
}
