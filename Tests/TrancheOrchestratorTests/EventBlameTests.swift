import TestSupport
import Testing
import Tranche
import TrancheOrchestrator

@Suite("Bad events that a program names", .timeLimit(.minutes(2)))
struct EventBlameTests {
    /// Says the same last line of each batch, as a program does that ends well.
    private struct Speaker: EventProcess {
        let name = "p"
        let line: String

        func run(_ events: EventBatch) async throws -> ProcessResult { ProcessResult() }

        func verdict(on events: EventBatch) async throws -> BatchVerdict {
            var end = ProgramEnd(
                exit: .code(0),
                lastLine: LineCollector.Line(text: line),
                isCutShort: false
            )
            end.events = events.numbersByID
            return try await end.verdict(for: events.batch)
        }
    }

    /// Gives events of these ids.
    private struct Named: Input {
        let name = "in"
        let ids: [String]

        func run(_ log: InputLog) async throws { try await gather(log) }

        func gather(_ log: InputLog) async throws {
            try await log.append(
                ids.enumerated().map { place, id in
                    InputLog.Entry(
                        Event(location: "/in", operation: .create, id: id),
                        identity: "\(place)"
                    )
                }
            )
        }
    }

    /// Works on a batch of events, three by default, of which a program says this.
    private func batches(
        _ line: String,
        of ids: [String] = ["/in/a.csv", "/in/b.csv", "/in/b.csv"],
        _ world: PipelineWorld
    ) async throws -> [BatchRecord] {
        let orchestrator = Orchestrator(world.inventory)
        try orchestrator.add(Named(ids: ids))
        try orchestrator.add(Speaker(line: line))
        try orchestrator.link(
            Link(from: "in", to: "p", limit: .count(10), policy: RunPolicy(maxAttempts: 1))
        )
        try await orchestrator.drain()
        return try await world.batches("in/p")
    }

    @Test(
        "A bad event is named by its number, or by its id as a text",
        arguments: [
            #"{"bad":[{"id":"/in/a.csv","error":"no date"}]}"#,
            #"{"bad_ids":["/in/a.csv"],"error":"no date"}"#,
            #"{"bad":[{"id":1,"error":"no date"}]}"#,
        ]
    )
    func named(_ line: String) async throws {
        try await withPipelineWorld { world in
            let batches = try await batches(line, world)
            let bad = batches.filter { $0.status == .quarantined }
            #expect(bad.map(\.idStart) == [1])
            #expect(bad.map(\.idEnd) == [1])
            #expect(bad.first?.logging?.contains("no date") == true)
            #expect(batches.allSatisfy { $0.status != .failed })
        }
    }

    @Test("An id that several events have, and one that none has, is refused with what to do")
    func refused() async throws {
        let lines = [
            (#"{"bad_ids":["/in/b.csv"]}"#, "2 events of the batch have the id '/in/b.csv'"),
            (#"{"bad_ids":["/in/c.csv"]}"#, "the batch has no event with the id '/in/c.csv'"),
        ]
        for (line, words) in lines {
            try await withPipelineWorld { world in
                let batches = try await batches(line, world)
                #expect(batches.map(\.status) == [.failed])
                let logging = batches.first?.logging ?? ""
                #expect(logging.contains(words), "\(logging)")
            }
        }
    }

    @Test("Ids that differ in their Unicode form alone are those of two events")
    func forms() async throws {
        let ids = ["/in/e\u{301}.csv", "/in/\u{E9}.csv", "/in/a.csv"]
        let both = #"{"bad":[{"id":"\#(ids[0])","error":"0"},{"id":"\#(ids[1])","error":"1"}]}"#
        let lines: [(String, [Int64])] = [
            (both, [1, 2]), (#"{"bad_ids":["\#(ids[1])"]}"#, [2]),
        ]
        for (line, bad) in lines {
            try await withPipelineWorld { world in
                let found = try await batches(line, of: ids, world)
                    .filter { $0.status == .quarantined }
                #expect(found.map(\.idStart).sorted() == bad)
                let reasons = found.map { $0.logging ?? "" }
                #expect(bad.count == 1 || Set(reasons).count == 2, "\(reasons)")
            }
        }
    }

    @Test("A line has the event's number first, and the payload as it was written last")
    func lines() async throws {
        let event = try Event(
            json: #"{"number":7,"location":"l","operation":"read","id":"i","trigger":"t"}"#
        )
        #expect(event == Event(location: "l", operation: .read, id: "i", trigger: "t"))
        try await withPipelineWorld { world in
            let orchestrator = Orchestrator(world.inventory)
            try orchestrator.add(Given(name: "in", payloads: [#"{"a":1.50}"#]))
            try orchestrator.add(
                ClosureProcess(
                    "p",
                    onBatches: { events in
                        ProcessResult(note: try events.numberedLines)
                    }
                )
            )
            try orchestrator.link("in", to: "p")
            try await orchestrator.drain()
            let note = try await world.batches("in/p").first?.logging ?? ""
            #expect(note.contains(#"{"number":1,"location":"here""#), "\(note)")
            #expect(note.contains(#""payload":{"a":1.50}}"#), "\(note)")
        }
    }
}
