import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheConnectors
import TrancheOrchestrator
import TrancheSQL
import TrancheWorkflows

/// Events of items whose payload is JSON.
@Suite("JSON as the payload of events", .timeLimit(.minutes(5)))
struct JSONPayloadTests {
    private final class Handler: BatchHandler {
        func handle(_ batch: Batch, _ progress: BatchProgress) async throws -> BatchVerdict {
            .succeeded(BatchSuccess())
        }
    }

    /// Makes a table of two documents.
    private func makeTable(_ world: PipelineWorld) async throws -> String {
        let table = world.database.prefix + "doc"
        try await world.database.run(
            """
            CREATE TABLE \(table) (uid INTEGER PRIMARY KEY AUTOINCREMENT, doc JSON);
            INSERT INTO \(table) (doc) VALUES ('{"id": 1,
            "day": "mon"}'), ('{"id":2,"day":"tue"}');
            """
        )
        return table
    }

    @Test("A payload that is JSON is that, on one line; any other is a value")
    func events() throws {
        let input = ListingInput("rows", source: SQLSource("t"))
        let text = #"{"a": 1,"# + "\n" + #""b": [1.50]}"#
        let json = try input.event(of: Item(id: 1, item: .text(text), holdsJSON: true))
        #expect(json.payload == #"{"a": 1, "b": [1.50]}"#)
        let plain = try input.event(of: Item(id: 1, item: .text("{}")))
        #expect(plain.payload == #""{}""#)
        #expect(try input.event(of: Item(id: 1)).payload == "null")
    }

    @Test("A chain reads the records of a listing, and of a job, from the payloads")
    func chain() async throws {
        try await withPipelineWorld { world in
            let table = try await makeTable(world)
            let sinks = ["listed", "worked"].map { name in
                "{type: chain, records: payload, sink: {at: "
                    + "'jsonl:\(world.folder.path(name))', file_per_batch: true}}"
            }
            let text = """
                inputs: {rows: {type: listing, source: {at: \(table), item: doc}}}
                processes:
                  listed: \(sinks[0])
                  worked: \(sinks[1])
                links: [{from: rows, to: listed, max_attempts: 1}]
                jobs:
                  j: {source: {at: \(table), item: doc}, count: 5, process: worked,
                      policy: {max_attempts: 1}}
                """
            let orchestrator = try world.pipeline(text).orchestrator(
                on: world.inventory,
                with: PipelineMeans(connectors: PipelineWorld.connectors)
            )
            try await orchestrator.drain()
            for name in ["listed", "worked"] {
                let lines = try world.lines(in: name)
                #expect(lines.count == 2, "\(name): \(lines)")
                #expect(lines.contains { $0.contains("mon") }, "\(name): \(lines)")
            }
        }
    }

    private func text(_ world: PipelineWorld, _ input: String) -> String {
        """
        inputs: {in: \(input)}
        processes:
          w:
            type: workflow
            parameters: {day: payload.day}
            workflow: {job: j, source: 'csv:\(world.folder.path("rows.csv"))', handler: h, count: 1}
        links: [{from: in, to: w, max_attempts: 1}]
        """
    }

    @Test("Members of such a payload are parameters of a workflow")
    func parameters() async throws {
        try await withPipelineWorld { world in
            let table = try await makeTable(world)
            try world.write("id\n1\n", to: "rows.csv")
            let days = Days()
            var options = WorkflowOptions()
            options.handlers["h"] = { workflow in
                days.seen.withLock { _ = $0.insert(workflow.parameters["day"] ?? "") }
                return Handler()
            }
            let input = "{type: listing, source: {at: \(table), item: doc}}"
            #expect(try await world.drain(text(world, input), options) == [])
            #expect(days.seen.withLock { $0 } == ["mon", "tue"])
        }
    }

    private final class Days: Sendable {
        let seen = Mutex<Set<String>>([])
    }

    @Test(
        "A payload without members is told in words",
        arguments: [
            (#""text""#, "is a text"), ("[1]", "is a list"), ("7", "is a number"),
            ("true", "is true or false"),
        ]
    )
    func refused(payload: String, words: String) async throws {
        try await withPipelineWorld { world in
            try world.write("id\n1\n", to: "rows.csv")
            var options = WorkflowOptions()
            options.handlers["h"] = { _ in Handler() }
            let input = "{type: given, payloads: ['\(payload)']}"
            let failures = try await world.drain(text(world, input), options)
            try #require(failures.count == 1, "\(failures)")
            #expect(failures[0].contains("the payload of event '0' of 'in' \(words)"))
            #expect(failures[0].contains("'day' is to be the parameter 'day'"), "\(failures)")
        }
    }
}
