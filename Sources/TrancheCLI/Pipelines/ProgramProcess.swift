import Tranche
import TrancheOrchestrator

/// A program as a process of a pipeline.
struct ProgramProcess: EventProcess {
    let name: String
    /// Runs the program; its output goes where that of `work` does.
    var handler: ProgramHandler

    /// The most bytes of an event that a variable of the environment is given.
    private static let longestVariable = 64 << 10

    /// Runs the program; ``verdict(on:)`` says how it ended.
    func run(_ events: EventBatch) async throws -> ProcessResult {
        throw TrancheError(.invalidArgument, "a program says by its verdict how it ended")
    }

    func verdict(on events: EventBatch) async throws -> BatchVerdict {
        var handler = handler
        var variables = ["TRANCHE_LINK": events.link.name]
        if events.events.count == 1, let event = events.events.first {
            let json = try event.json
            if json.utf8.count <= Self.longestVariable { variables["PIPELINE_EVENT"] = json }
        }
        handler.program.variables = variables
        handler.program.input = Array(try events.numberedLines.utf8)
        handler.events = events.numbersByID
        return try await handler.handle(events.batch, events.progress)
    }
}
