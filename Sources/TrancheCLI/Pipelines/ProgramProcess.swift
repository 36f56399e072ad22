import Tranche
import TrancheOrchestrator

/// A program as a process of a pipeline.
struct ProgramProcess: EventProcess {
    let name: String
    /// Runs the program; its output goes where that of `work` does.
    let handler: ProgramHandler

    /// The most bytes of an event that a variable of the environment is given.
    private static let longestVariable = 64 << 10

    /// The words of a program: `command`, a list; `nil` where a fault was said.
    static func command(of settings: PartSettings) -> [String]? {
        let words = settings.texts("command")
        guard settings.has("command") else {
            return settings.text("command").map { [$0] }
        }
        if words.isEmpty || words[0].isEmpty {
            settings.fault("give the program and its arguments, as a list", key: "command")
            return nil
        }
        return words
    }

    func run(_ events: EventBatch) async throws -> ProcessResult { ProcessResult() }

    func verdict(on events: EventBatch) async throws -> BatchVerdict {
        var handler = handler
        var variables = ["TRANCHE_LINK": events.link.name]
        // One that this process was given is of another event.
        handler.program.environment["PIPELINE_EVENT"] = nil
        if events.events.count == 1, let event = events.events.first {
            let json = try event.json
            if json.utf8.count <= Self.longestVariable { variables["PIPELINE_EVENT"] = json }
        }
        handler.program.environment.merge(variables) { _, own in own }
        handler.program.input = Array(try events.jsonLines.utf8)
        return try await handler.handle(events.batch, events.progress)
    }
}
