import Tranche

extension ConformanceCase {
    /// What observers are told.
    static let events: [ConformanceCase] = [
        ConformanceCase("Each hand-out is reported, and how it ended, once") { subject in
            let log = EventLog()
            let inventory = subject.makeInventory(observers: [log])
            let source = try await subject.makeSource((1...6).map { SourceRow($0) })
                .describe(hasWeights: true, filter: nil)
            let request = BatchRequest(
                job: "job",
                limit: BatchLimit(count: 2),
                policy: RunPolicy(lease: .seconds(60), maxAttempts: 2, backoff: .zero)
            )
            let (first, second) = (
                try await take(inventory, request, source),
                try await take(inventory, request, source)
            )
            try await first.heartbeat()
            try await first.succeed(result: "done")
            try await first.succeed(result: "done")
            try await second.fail("no luck", badItems: [3])
            let rest = try await take(inventory, request, source)
            try await rest.release()
            let again = try await take(inventory, request, source)
            subject.clock.advance(by: .seconds(61))
            let taken = try await take(inventory, request, source)
            for _ in 0..<2 {
                try await requireRefused(.batchLost, "the old attempt") {
                    try await again.succeed()
                }
            }
            guard
                case .batch(let last) = try await taken.succeed(thenAcquire: request, from: source)
            else { throw ConformanceFailure("there is no batch after the taken one") }
            await inventory.close()
            try requireEqual(
                log.events.map { "\($0.name) \($0.batch?.id ?? 0)/\($0.batch?.attempt ?? 0)" },
                [
                    "acquired \(first.id)/1", "acquired \(second.id)/1", "heartbeat \(first.id)/1",
                    "succeeded \(first.id)/1", "failed \(second.id)/1", "split \(second.id)/1",
                    "quarantined \(second.id)/1", "acquired \(rest.id)/1", "released \(rest.id)/1",
                    "acquired \(rest.id)/2", "acquired \(rest.id)/3", "expired \(rest.id)/3",
                    "lost \(rest.id)/2",
                ]
                    + (log.names.suffix(2) == [.succeeded, .acquired]
                        ? ["succeeded \(rest.id)/3", "acquired \(last.id)/1"]
                        : ["acquired \(last.id)/1", "succeeded \(rest.id)/3"]),
                "the events"
            )
            let parts = log.events.first { $0.name == .split }?.count
            try requireEqual(parts, 2, "the parts")
        }
    ]

    private static func take(
        _ inventory: Inventory,
        _ request: BatchRequest,
        _ source: any MetaSourceDescription
    ) async throws -> Batch {
        switch try await inventory.acquire(request, from: source) {
        case .batch(let batch): return batch
        case .noBatch(let reason): throw ConformanceFailure("no batch, because \(reason)")
        }
    }
}
