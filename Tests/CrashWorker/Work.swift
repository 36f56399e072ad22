import Tranche

/// What is done with each batch.
struct Work: Sendable {
    let options: WorkerOptions
    let sink: any CrashSink
    let talk: Conversation

    /// Works on a batch and ends it; that another has it by now is no error.
    func run(on batch: Batch) async throws {
        await talk.reach("acquired", batch)
        do {
            let items = try await batch.whileHeld {
                let items = try await batch.items
                await talk.reach("working", batch)
                return items
            }
            try await end(batch, items)
            await talk.reach("ended", batch)
        } catch let error as TrancheError where error.code == .batchLost {
            await talk.reach("lost", batch)
        }
    }

    private func end(_ batch: Batch, _ items: [Item]) async throws {
        switch try options.ending {
        case .succeed: try await sink.succeed(batch, items, talk)
        case .fail: try await batch.fail("told to fail")
        case .blame: try await batch.fail("told to blame", badItems: Set(items.prefix(1).map(\.id)))
        case .release: try await batch.release()
        case .heartbeat: _ = try await batch.heartbeat()
        }
    }
}
