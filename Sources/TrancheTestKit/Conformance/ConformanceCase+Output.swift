import Tranche

extension ConformanceCase {
    /// What is kept of what was written during attempts.
    static let output: [ConformanceCase] = [
        ConformanceCase("What was written is kept with the attempt that ended, however it did") {
            subject in
            let bench = try await Bench(subject, ids: 1...4)
            let first = try await bench.take(2)
            let failed = AttemptOutput(standardError: "no\nluck é\n", standardOutput: "")
            var failure = BatchFailure("luck é")
            failure.output = failed
            try await first.fail(failure)
            let second = try await bench.take(2)
            let good = AttemptOutput(standardError: "", standardOutput: "{\"n\": 1}\n")
            var ending = AttemptSuccess(second.holding, result: "1", logging: nil)
            ending.output = good
            let record = try await second.succeed(ending)
            try requireEqual(record.status, .succeeded, "the status")
            for (batch, output) in [(first, failed), (second, good)] {
                let kept = try await bench.store.output(of: batch.id, attempt: batch.attempt)
                try requireEqual(kept, output, "the output of batch \(batch.id)")
            }
            let none = try await bench.store.output(of: second.id, attempt: 2)
            try requireEqual(none, nil, "the output of an attempt that there was not")
        },
        ConformanceCase("An attempt that wrote nothing, or lost its batch, keeps no output") {
            subject in
            let bench = try await Bench(subject, ids: 1...2)
            let lost = try await bench.take()
            try await lost.release()
            let batch = try await bench.take()
            var ending = AttemptSuccess(lost.holding, result: nil, logging: nil)
            ending.output = AttemptOutput(standardError: "late")
            try await requireRefused(.batchLost, "an end by a lost attempt") { [ending] in
                try await lost.succeed(ending)
            }
            ending = AttemptSuccess(batch.holding, result: nil, logging: nil)
            ending.output = AttemptOutput()
            try await batch.succeed(ending)
            for attempt in [lost.attempt, batch.attempt] {
                let kept = try await bench.store.output(of: batch.id, attempt: attempt)
                try requireEqual(kept, nil, "the output of attempt \(attempt)")
            }
        },
        ConformanceCase("A success that is recorded with the next acquire keeps what was written") {
            subject in
            let bench = try await Bench(subject, ids: 1...4)
            let first = try await bench.take(2)
            let output = AttemptOutput(standardError: "a warning\n", standardOutput: "done\n")
            var ending = AttemptSuccess(first.holding, result: nil, logging: nil)
            ending.output = output
            let answer = try await bench.inventory.acquire(
                BatchRequest(job: "job", limit: BatchLimit(count: 2)),
                from: bench.description,
                isDraining: false,
                after: Batch.Done(first, ending)
            )
            guard case .batch(let second) = answer else {
                throw ConformanceFailure("no second batch: \(answer)")
            }
            try await second.succeed()
            let kept = try await bench.store.output(of: first.id, attempt: first.attempt)
            try requireEqual(kept, output, "the output")
        },
    ]
}
