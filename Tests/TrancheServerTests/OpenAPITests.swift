import Foundation
import TestSupport
import Testing
import TrancheHTTP

@testable import TrancheServer

@Suite("The description of all requests", .serialized, .timeLimit(.minutes(5)))
struct OpenAPITests {
    private struct Outcome: Decodable {
        var checked: [String]
        var left: [String]
        var errors: [String]
    }

    private static let python = ProcessInfo.processInfo.environment["TRANCHE_TEST_PYTHON"]

    /// What needs an account of its own, or goes on for as long as one listens.
    private static let others = ["DELETE /v1/session", "GET /v1/events", "POST /v1/session"]

    @Test(
        "Another validator takes the description, and every answer is as that says",
        .enabled(if: python != nil),
        arguments: TestDatabase.Backend.available
    )
    func answers(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            let script = URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "check_answers.py").path
            let text = try await Program.run(
                try #require(Self.python),
                [script, "http://\(bench.address)"]
            )
            let outcome = try JSONDecoder().decode(Outcome.self, from: Data(text.utf8))
            #expect(outcome.errors == [])
            #expect(outcome.left == Self.others)
        }
    }

    /// What was made of the description by another program.
    private struct Made: Decodable {
        var said: String
        var operations: Int
        var functions: Int
        var checked: Int
        var errors: [String]
    }

    private static let clientPython =
        ProcessInfo.processInfo.environment["TRANCHE_TEST_CLIENT_PYTHON"]

    @Test(
        "A client that another program makes of the description does a whole job",
        .enabled(if: clientPython != nil),
        arguments: TestDatabase.Backend.available
    )
    func generatedClient(_ backend: TestDatabase.Backend) async throws {
        try await withTemporaryFolder { folder in
            let path = folder.url.path
            try await ServerBench.serve(backend) { bench in
                let script = URL(filePath: #filePath).deletingLastPathComponent()
                    .appending(path: "drive_client.py").path
                let text = try await Program.run(
                    try #require(Self.clientPython),
                    [script, "http://\(bench.address)", path]
                )
                let made = try JSONDecoder().decode(Made.self, from: Data(text.utf8))
                #expect(made.errors == [])
                #expect(!made.said.lowercased().contains("warning"), "\(made.said)")
                #expect(made.functions == made.operations)
                #expect(made.checked > 35)
            }
        }
    }

    @Test("Types of one name are described apart")
    func names() throws {
        let reader = SchemaReader()
        let names = try [reader.schema(of: Item.self), reader.schema(of: Inner.Item.self)]
        #expect(Set(names).count == 2)
        #expect(try reader.schema(of: Item.self) == names[0])
        #expect(try reader.schema(of: Inner.Item.self) == names[1])
    }

    private struct Item: Codable {
        var one: Int
    }

    private enum Inner {
        struct Item: Codable {
            var two: Int
        }
    }

    @Test("Words, members and what may be missing are described as they are written")
    func schemas() throws {
        let reader = SchemaReader()
        #expect(try reader.schema(of: CoverageDocument.self) == .reference("Coverage"))
        guard case .object(let members)? = reader.named["Coverage"] else {
            Issue.record("no object")
            return
        }
        #expect(members.map(\.name) == ["from", "to", "source_end", "pieces"])
        #expect(members[2].schema == .optional(.integer))
        #expect(members[3].schema == .array(.reference("CoveragePiece")))
        guard case .object(let piece)? = reader.named["CoveragePiece"] else {
            Issue.record("no object")
            return
        }
        #expect(piece[2].schema == .words(Coverage.State.allCases.map(\.rawValue)))
    }
}
