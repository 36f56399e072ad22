import Foundation
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
        ConformanceCase("What is written is kept meanwhile, by who holds the batch") {
            subject in
            let bench = try await Bench(subject, ids: 1...2)
            let lost = try await bench.take()
            try await lost.keep(AttemptOutput(standardError: "one\n", standardOutput: "a\n"))
            bench.clock.advance(by: lost.lease)
            let batch = try await bench.take()
            try await requireRefused(.batchLost, "who has lost it") {
                try await lost.keep(AttemptOutput(standardError: "late\n"))
            }
            try requireEqual(
                try await bench.store.output(of: lost.id, attempt: lost.attempt),
                AttemptOutput(standardError: "one\n", standardOutput: "a\n"),
                "the output of the attempt that expired"
            )
            try await batch.keep(AttemptOutput(standardError: "x\n"))
            try await batch.keep(AttemptOutput(standardOutput: "y\n"))
            var ending = AttemptSuccess(batch.holding, result: nil, logging: nil)
            ending.output = AttemptOutput(standardError: "x\nz\n", note: "done")
            try await batch.succeed(ending)
            try requireEqual(
                try await bench.store.output(of: batch.id, attempt: batch.attempt),
                AttemptOutput(standardError: "x\nz\n", standardOutput: "y\n", note: "done"),
                "the output at the end"
            )
            try await requireRefused(.batchLost, "who has ended it") {
                try await batch.keep(AttemptOutput(note: "late"))
            }
        },
        ConformanceCase("The next attempt gets the last note that was left, however one ended") {
            subject in
            let bench = try await Bench(subject, ids: 1...2)
            let policy = RunPolicy(maxAttempts: 9, backoff: .zero)
            let request = BatchRequest(job: "job", policy: policy)
            let first = try await bench.take(request)
            try requireEqual(try await first.note(), nil, "the note at first")
            let end = try await first.heartbeat(note: "page 1")
            try requireEqual(end, subject.now.addingTimeInterval(60), "the end of the lease")
            try await first.heartbeat(note: "page 2")
            bench.clock.advance(by: first.lease)
            let second = try await bench.take(request)
            try requireEqual(try await second.note(), "page 2", "the note of one that died")
            try await second.release()
            let third = try await bench.take(request)
            try requireEqual(try await third.note(), "page 2", "the note of one that left none")
            var failure = BatchFailure("no")
            failure.output = AttemptOutput(note: "page 3")
            try await third.fail(failure)
            let fourth = try await bench.take(request)
            try requireEqual(try await fourth.note(), "page 3", "the note of one that failed")
            var deferral = BatchDeferral(for: .seconds(1))
            deferral.output = AttemptOutput(note: "page 4")
            _ = try await fourth.release(deferral)
            bench.clock.advance(by: .seconds(2))
            let fifth = try await bench.take(request)
            try requireEqual(try await fifth.note(), "page 4", "the note of one that was put off")
            try await requireRefused(.invalidArgument, "a long note") {
                let note = String(repeating: "ä", count: 5000)
                try await fifth.heartbeat(note: note)
            }
        },
    ]
}
