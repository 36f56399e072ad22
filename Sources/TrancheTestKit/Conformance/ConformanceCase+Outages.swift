import Foundation
import Tranche

extension ConformanceCase {
    /// Outages of runs whose batches stay failed.
    static let wholeOutages: [ConformanceCase] =
        [(500, maxAttempts: 1), (40, maxAttempts: 3)].map { count, maxAttempts in
            ConformanceCase(
                "A program that always fails has no table fail, with \(maxAttempts) attempts"
            ) { subject in
                let bench = try await Bench(subject, ids: 1...Int64(count))
                let request = bench.staying(maxAttempts: maxAttempts)
                let attempts = try await bench.failUntilHeld(request) { "no route to 10.0.0.\($0)" }
                // All but the last attempts of a batch may be tried again.
                let most = count * (maxAttempts - 1) + OutageGuard.threshold
                try requireEqual(attempts, most, "the attempts")
                guard case .held(let reason, let until?) = try await bench.takeNone(request) else {
                    throw ConformanceFailure("the run is not held")
                }
                try require(reason.contains("no route to #"), "the reason is '\(reason)'")
                let lost = try await bench.failedForGood()
                try requireEqual(lost, OutageGuard.threshold - 1, "the batches that failed")
                bench.clock.advance(by: .seconds(until.timeIntervalSince(subject.now)))
                let probe = try await bench.take(request)
                if maxAttempts == 1 {
                    // What was never tried says more than what has failed.
                    try requireEqual(probe.attempt, 1, "the attempt of the probe")
                    try requireEqual(probe.ids.lowerBound, 6, "the first id of the probe")
                }
                guard case .held = try await bench.takeNone(request) else {
                    throw ConformanceFailure("a second batch was handed out beside the probe")
                }
                try await probe.fail("no route to 10.0.0.6")
                guard case .held(_, let later?) = try await bench.takeNone(request) else {
                    throw ConformanceFailure("a failed probe ended the hold")
                }
                try require(later.timeIntervalSince(subject.now) >= 59, "the hold did not grow")
                bench.clock.advance(by: .seconds(later.timeIntervalSince(subject.now)))
                try await bench.take(request).succeed()
                _ = try await bench.work(request) { _ in false }
                let totals = try await bench.store.summaries(RunSelection()).first?.totals
                try requireEqual(totals?[.succeeded]?.items, count - lost, "the items done")
            }
        } + successesAmongFailures

    private static let successesAmongFailures: [ConformanceCase] = [
        ConformanceCase("Failures among successes hold no run whose batches stay failed") {
            subject in
            let bench = try await Bench(subject, ids: 1...40)
            let request = bench.staying(maxAttempts: 2)
            // Two of three fail alike; when all is tried, those that have failed do so once more.
            let attempts = try await bench.work(request) { ids in
                bench.clock.advance(by: .milliseconds(10))
                return ids[0] % 3 != 0
            }
            try requireEqual(attempts, 13 + 27 * 2, "the attempts")
            try requireEqual(try await bench.takeNone(request), .complete, "what is left")
        },
        ConformanceCase("Batches that fail alike, and succeed when tried again, hold no run") {
            subject in
            let bench = try await Bench(subject, ids: 1...20)
            let request = bench.staying(maxAttempts: 2)
            for _ in 1...20 { try await bench.take(request).fail("no route to host") }
            bench.clock.advance(by: .seconds(1))
            try requireEqual(try await bench.work(request) { _ in false }, 20, "the attempts")
            try requireEqual(try await bench.takeNone(request), .complete, "what is left")
            let totals = try await bench.store.summaries(RunSelection()).first?.totals
            try requireEqual(totals?[.succeeded]?.items, 20, "the items done")
        },
        ConformanceCase("Successes that are packed speak against an outage, too") { subject in
            let bench = try await Bench(subject, ids: 1...20)
            let request = bench.staying(maxAttempts: 1)
            for _ in 1..<OutageGuard.threshold {
                try await bench.take(request).fail("no route to host")
            }
            try await bench.take(request).succeed()
            bench.clock.advance(by: .seconds(1))
            let report = try await bench.inventory.compact(keep: .zero)
            try requireEqual(report.batches, 1, "what was packed")
            try await bench.take(request).fail("no route to host")
            _ = try await bench.take(request)
        },
        ConformanceCase("Failures of several kinds hold no run whose batches stay failed") {
            subject in
            let bench = try await Bench(subject, ids: 1...12)
            let request = bench.staying(maxAttempts: 1)
            for kind in ["day", "month", "year"] {
                for _ in 1...4 { try await bench.take(request).fail("no such \(kind)") }
            }
            try requireEqual(try await bench.takeNone(request), .complete, "what is left")
        },
        ConformanceCase("A probe takes what has failed where nothing new is left") { subject in
            let bench = try await Bench(subject, ids: 1...5)
            let request = bench.staying(maxAttempts: 3)
            _ = try await bench.failUntilHeld(request) { "no route to \($0)" }
            guard case .held(_, let until?) = try await bench.takeNone(request) else {
                throw ConformanceFailure("the run is not held")
            }
            bench.clock.advance(by: .seconds(until.timeIntervalSince(subject.now)))
            let probe = try await bench.take(request)
            try require(probe.attempt > 1, "the attempt of the probe is \(probe.attempt)")
            try await probe.succeed()
            _ = try await bench.work(request) { _ in false }
            let totals = try await bench.store.summaries(RunSelection()).first?.totals
            try requireEqual(totals?[.succeeded]?.items, 1, "the items done")
        },
        ConformanceCase("Who lets a run go on ends the hold of an outage") { subject in
            let bench = try await Bench(subject, ids: 1...9)
            let request = bench.staying(maxAttempts: 1)
            _ = try await bench.failUntilHeld(request) { "no route to \($0)" }
            guard case .held = try await bench.takeNone(request) else {
                throw ConformanceFailure("the run is not held")
            }
            let runs = try await bench.store.runs(RunSelection(job: "job"))
            try await bench.inventory.resume(try requireSome(runs.first, "the run").key)
            let batches = [try await bench.take(request), try await bench.take(request)]
            try requireEqual(batches.map(\.attempt), [1, 1], "the attempts of new batches")
        },
        ConformanceCase("A program that always fails starts little of a run at most once") {
            subject in
            let bench = try await Bench(subject, ids: 1...50)
            var request = bench.staying(maxAttempts: 3)
            request.policy.execution = .atMostOnce
            var begun = 0
            while case .batch(let batch) = try await bench.inventory.acquire(
                request,
                from: bench.description
            ), begun < 50 {
                begun += 1
                try await batch.begin()
                try await batch.fail("no route to host")
            }
            try requireEqual(begun, OutageGuard.threshold, "the batches that began")
            try requireEqual(try await bench.failedForGood(), begun, "the batches that failed")
        },
    ]
}

extension Bench {
    /// A request for single items of a run whose batches stay failed.
    fileprivate func staying(maxAttempts: Int) -> BatchRequest {
        BatchRequest(
            job: "job",
            limit: BatchLimit(count: 1),
            policy: RunPolicy(maxAttempts: maxAttempts, backoff: .seconds(1))
        )
    }

    /// How many batches are not tried again.
    fileprivate func failedForGood() async throws -> Int {
        try await store.batches(BatchSelection()).count { $0.status == .failed && $0.isFinal }
    }
}
