import Foundation
import Tranche

extension ConformanceCase {
    /// What is kept of the thing under a source's name, and how a run begins anew.
    static let generations: [ConformanceCase] = [
        ConformanceCase("What a look came to is kept, unless somebody was faster") { subject in
            let bench = try await Bench(subject, ids: 1...3)
            _ = try await bench.take()
            let key = try await bench.key()
            // A source may have told what it is.
            let known = try await bench.run().standing.identity?.mark
            let first = SourceStanding(
                identity: SourceIdentity(mark: "a", witness: "rows"),
                rewoundTo: 2,
                hold: "why",
                promotion: SourcePromotion(
                    from: 1,
                    to: 3,
                    at: Date(milliseconds: 1_767_225_600_000),
                    lowest: -5,
                    cursor: 9,
                    compared: 4,
                    missing: 2,
                    redone: 1
                )
            )
            try await bench.store.note(first, insteadOf: known, of: key)
            try requireEqual(try await bench.run().standing, first, "the standing")
            try await bench.store.note(SourceStanding(), insteadOf: nil, of: key)
            try await bench.store.note(SourceStanding(), insteadOf: "b", of: key)
            try requireEqual(try await bench.run().standing, first, "after others' looks")
            let second = SourceStanding(identity: SourceIdentity(mark: "b"))
            try await bench.store.note(second, insteadOf: "a", of: key)
            try requireEqual(try await bench.run().standing, second, "the new standing")
            // There is no such run, and so nothing to keep.
            try await bench.store.note(second, insteadOf: nil, of: bench.key(run: "none"))
        },
        ConformanceCase("A run begins anew, and is kept as it was under another name") { subject in
            let bench = try await Bench(subject, [SourceRow(1), SourceRow(3), SourceRow(4)])
            try await bench.take(2).succeed()
            let held = try await bench.take(1)
            let key = try await bench.key()
            let before = try await bench.run()
            let gaps = try await bench.inventory.gaps(of: key)
            let now = SourceStanding(identity: SourceIdentity(mark: "b"))
            let former = try await bench.store.restart(key, standing: now)
            try requireEqual(former.run, "~1", "the former run's name")

            let kept = try await bench.run("~1")
            try requireEqual(kept.cursor, before.cursor, "the former cursor")
            try require(kept.pauseReason != nil, "the former run is not paused")
            try requireEqual(try await bench.inventory.gaps(of: former), gaps, "the former gaps")
            try requireEqual(
                try await bench.inventory.batches(BatchSelection(runs: RunSelection(former)))
                    .map(\.count),
                [1, 2],
                "the former batches"
            )
            let run = try await bench.run()
            try requireEqual(run.cursor, nil, "the cursor")
            try requireEqual(run.standing, now, "the standing")
            try requireEqual(run.definition, before.definition, "the definition")
            try requireEqual(run.policy, before.policy, "the policy")
            try requireEqual(try await bench.inventory.gaps(of: key), [], "the gaps")

            // What is in hand is ended as ever.
            try await held.succeed()
            try requireEqual(try await bench.ids(bench.take(2)), [1, 3], "the first ids anew")
            try requireEqual(try await bench.ids(bench.take(2)), [4], "the last ids anew")
            let third = try await bench.store.restart(key, standing: SourceStanding())
            try requireEqual(third.run, "~2", "the name of the second run")
        },
        ConformanceCase("What was due when a run began anew is offered no more") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            let first = try await bench.take(1)
            _ = try await bench.store.restart(try await bench.key(), standing: SourceStanding())
            try await first.release()
            try requireEqual(try await bench.drain(BatchRequest(job: "job")), [[1, 2]], "the ids")
            try requireEqual(try await bench.record(first).status, .released, "the former batch")
        },
        ConformanceCase("A run that was paused is paused when it begins anew") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            try await bench.take(1).succeed()
            let key = try await bench.key()
            try await bench.inventory.pause(key, reason: "wait")
            _ = try await bench.inventory.restart(key)
            try requireEqual(try await bench.run().pauseReason, "wait", "the reason")
        },
        ConformanceCase("What is not known cannot begin anew") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            let key = try await bench.key()
            try await requireRefused(.unknownRun, "restarting") {
                _ = try await bench.store.restart(key, standing: SourceStanding())
            }
        },
        ConformanceCase("Several jobs are redefined together, or none is") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            try await bench.take(1).succeed()
            let key = try await bench.key()
            let known = try await bench.run().standing.identity?.mark
            try await bench.store.note(
                SourceStanding(identity: SourceIdentity(mark: "a"), hold: "why"),
                insteadOf: known,
                of: key
            )
            var definition = try await bench.inventory.source(bench.description).definition
            definition.database = "elsewhere"
            let job = JobKey(metaTable: key.metaTable, job: key.job)
            let before = try await bench.run().definition
            try await requireRefused(.unknownRun, "a job that there is not") {
                try await bench.store.redefine([
                    job: definition, JobKey(metaTable: key.metaTable, job: "none"): definition,
                ])
            }
            try requireEqual(try await bench.run().definition, before, "the definition")
            try await bench.store.redefine([job: definition])
            let after = try await bench.run()
            try requireEqual(after.definition, try definition.canonicalText, "the definition")
            // What is there now is what is meant.
            try requireEqual(after.standing, SourceStanding(), "the standing")
        },
    ]
}
