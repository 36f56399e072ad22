import Tranche

/// What is done with each batch.
struct Work: Sendable {
    let options: WorkerOptions
    let sink: any CrashSink
    let talk: Conversation

    /// Works on the batches of the run until it is complete.
    func run(through inventory: Inventory) async throws {
        let (request, source) = (try options.request, try options.source)
        var done: Batch.Done?
        for _ in 0..<(try options.limit) {
            await talk.reach("acquiring")
            let answer: Acquired
            do {
                answer = try await inventory.nextBatch(
                    request,
                    from: source,
                    end: .whenComplete,
                    after: done
                )
                if let done { await talk.reach("ended", done.batch) }
            } catch let error as TrancheError where error.code == .batchLost {
                if let done { await talk.reach("lost", done.batch) }
                done = nil
                continue
            }
            done = nil
            guard case .batch(let batch) = answer else { break }
            if let trace = sink as? FileSink, options.isPassing {
                done = try await leaveTrace(of: batch, in: trace)
            } else {
                try await run(on: batch)
            }
        }
        if let done { try await done.batch.succeed(done.ending) }
    }

    /// Works on a batch whose success is recorded with the next acquire.
    private func leaveTrace(of batch: Batch, in sink: FileSink) async throws -> Batch.Done? {
        do {
            let items = try await items(of: batch)
            try await sink.leaveTrace(of: batch, items, talk)
            return Batch.Done(batch, AttemptSuccess(batch.holding, result: nil, logging: nil))
        } catch let error as TrancheError where error.code == .batchLost {
            await talk.reach("lost", batch)
            return nil
        }
    }

    /// Works on a batch and ends it; that another has it by now is no error.
    private func run(on batch: Batch) async throws {
        do {
            let items = try await items(of: batch)
            try await end(batch, items)
            await talk.reach("ended", batch)
        } catch let error as TrancheError where error.code == .batchLost {
            await talk.reach("lost", batch)
        }
    }

    private func items(of batch: Batch) async throws -> [Item] {
        await talk.reach("acquired", batch)
        return try await batch.whileHeld {
            let items = try await batch.items
            await talk.reach("working", batch)
            return items
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
