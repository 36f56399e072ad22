import Foundation
import Testing
import Tranche

@testable import TrancheCLI

@Suite("What is told of packed batches", .timeLimit(.minutes(10))) struct PackedBatchTests {
    @Test("When a packed batch began is unknown, and commands about it say that it is packed")
    func told() async throws {
        let bench = try await CommandLineBench()
        let work = ["work", "--job", "j", "--meta", "files", "--count", "2", "--", "true"]
        #expect(await bench.run(work).status == .done)
        let open = await bench.run("history", "--meta", "files", "--id", "1", "--json").output
        #expect(open.contains(#""started_at":"2"#), "\(open)")
        #expect(await bench.run("compact", "--keep", "0").status == .done)
        let json = await bench.run("history", "--meta", "files", "--id", "1", "--json").output
        #expect(json.contains(#""started_at":null,"ended_at":"2"#), "\(json)")
        let text = await bench.run("history", "--meta", "files", "--id", "1").output
        let row = try #require(text.split(separator: "\n").first { $0.contains("succeeded") })
        let cells = row.split(separator: " ")
        let outcome = try #require(cells.firstIndex(of: "succeeded"))
        #expect(cells.dropFirst(outcome + 1).prefix(2) == ["-", "-"], "\(row)")
        for command in [["logs", "--batch", "1"], ["retry", "--job", "j", "--batch", "1"]] {
            let told = await bench.run(command)
            #expect(told.status != .done)
            let words = "batch 1 of job 'j' on 'files' is packed: it succeeded at 2"
            #expect(told.errors.contains(words), "\(told.errors)")
            #expect(told.errors.contains("'tranche history' with one of its ids (1...2)"))
        }
        #expect(await bench.run("logs", "--batch", "77").errors.contains("there is no batch 77"))
    }
}
