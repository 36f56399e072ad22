public import Tranche

/// A container as a process: one for each batch of events.
///
/// A single event is the variable `PIPELINE_EVENT`, base64 of its JSON; several are JSON Lines on
/// standard input. The container's name is the lock on the batch; see ``ContainerProgram``.
public struct ContainerProcess: EventProcess {
    /// The name in the graph.
    public let name: String
    let program: ContainerProgram

    /// Makes a process.
    ///
    /// - Parameters:
    ///   - name: The name in the graph.
    ///   - program: What is run, and where.
    public init(_ name: String, program: ContainerProgram) {
        self.name = name
        self.program = program
    }

    /// The engine on which its containers run.
    ///
    /// - Returns: The engine; nothing is asked of it yet.
    /// - Throws: `SpecError` where none is found.
    package func engine() throws -> ContainerEngine { try program.engine() }

    /// Nothing: a container says by ``verdict(on:)`` how it ended.
    public func run(_ events: EventBatch) async throws -> ProcessResult {
        throw TrancheError(.invalidArgument, "a container says by its verdict how it ended")
    }

    /// Runs a container, and says how it ended, as programs do.
    public func verdict(on events: EventBatch) async throws -> BatchVerdict {
        let progress = events.progress
        do {
            let end = try await program.run(try await work(of: events)) { progress.report() }
            var ended = end.program
            ended.events = events.numbersByID
            return try await ended.verdict(for: events.batch)
        } catch let error as TrancheError where error.isLoss {
            throw error
        } catch {
            if Task.isCancelled { return .released() }
            return .failed(BatchFailure(error))
        }
    }

    private func work(of events: EventBatch) async throws -> ContainerWork {
        // The name of a container is a lock: it is the same however a process names the inventory.
        let inventory = try await events.batch.inventory.containerMark
        var input: ContainerInput
        if events.events.count == 1, let json = try events.events.first?.json,
            json.utf8.count <= ContainerInput.longestEvent
        {
            input = .event(json)
        } else {
            let lines = Array(try events.numberedLines.utf8)
            input = .lines { write in _ = try await write(lines) }
        }
        var work = try await ContainerWork(
            events.batch,
            inventory: inventory,
            epoch: inventory,
            input: input
        )
        work.variables["TRANCHE_LINK"] = events.link.name
        return work
    }
}
