import Foundation
import TrancheTestKit

/// Workers that run freely and are killed at random, several at once, and one that finishes the
/// run.
struct KillRound: Sendable {
    let scene: CrashScene
    let seed: UInt64
    /// How many workers are killed in all.
    let kills: Int
    /// How many live at once.
    var workers = 3

    /// Lines a worker may say before it is killed: some batches' worth.
    private static let longestLife = 24

    /// What happened.
    struct Tally: Sendable {
        var kills = 0
        /// How many tasks worked in the killed: each may have held a batch.
        var tasks = 0
        /// Batches that live workers lost, having been too slow.
        var losses = 0
        /// What the killed said last, and how many of them.
        var places: [String: Int] = [:]

        static func + (lhs: Tally, rhs: Tally) -> Tally {
            Tally(
                kills: lhs.kills + rhs.kills,
                tasks: lhs.tasks + rhs.tasks,
                losses: lhs.losses + rhs.losses,
                places: lhs.places.merging(rhs.places, uniquingKeysWith: +)
            )
        }

        /// Such as `54 kills (acquiring 9, working 12), 1 batch lost`.
        var text: String {
            let places = places.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            return "\(kills) kills (\(places.joined(separator: ", "))), \(losses) batches lost"
        }
    }

    /// Kills, drains, and looks at what is left.
    ///
    /// - Returns: What happened, and what is wrong.
    /// - Throws: When a worker fails by itself.
    func run() async throws -> (tally: Tally, faults: [String]) {
        var tally = try await withThrowingTaskGroup(of: Tally.self) { group in
            for slot in 0..<workers {
                let share = kills / workers + (slot < kills % workers ? 1 : 0)
                group.addTask { try await killWorkers(share, slot: slot) }
            }
            return try await group.reduce(Tally(), +)
        }
        // Whatever the killed held comes back when its lease ends, and that is all there is to wait
        // for.
        tally.losses += try await withWorker(scene.options(["lease": "1", "worker": "last"])) {
            try await losses(of: $0)
        }
        let aftermath = try await Aftermath(of: scene)
        var faults = aftermath.faults
        // A batch is handed out again once for each time that its holder died or was too slow.
        if aftermath.expired > tally.tasks + tally.losses {
            faults.append(
                "\(aftermath.expired) leases ran out, though only \(tally.tasks) tasks were killed "
                    + "and \(tally.losses) batches lost"
            )
        }
        return (tally, faults)
    }

    private func killWorkers(_ count: Int, slot: Int) async throws -> Tally {
        var generator = SplitMix64(seed: seed &+ UInt64(slot) &* 0x9E37)
        var tally = Tally()
        var lives = 0
        while tally.kills < count {
            lives += 1
            // So that there is always something to do, and writers commit meanwhile.
            try await scene.addItems(Int.random(in: 3...24, using: &generator))
            let tasks = [1, 4].randomElement(using: &generator) ?? 1
            let options = [
                "lease": "1", "worker": "\(slot).\(lives)", "tasks": "\(tasks)",
                "sharing": Int.random(in: 0..<3, using: &generator) == 0 ? "no" : "yes",
                "passing": Bool.random(using: &generator) ? "yes" : "no",
                "decides": Bool.random(using: &generator) ? "server" : "program",
            ]
            var life = try await withWorker(scene.options(options)) { worker in
                try await killAtRandom(worker, &generator)
            }
            life.tasks = life.kills * tasks
            tally = tally + life
        }
        return tally
    }

    private func killAtRandom(
        _ worker: WorkerProcess,
        _ generator: inout SplitMix64
    ) async throws -> Tally {
        let length = Int.random(in: 1...Self.longestLife, using: &generator)
        for _ in 0..<length { _ = try await worker.nextLine() }
        // Half of them about the commit, which takes least time and has most at stake.
        if Bool.random(using: &generator) {
            while let line = try await worker.nextLine(), !line.hasPrefix("committing") {}
        }
        // Somewhere between this line and the next.
        for _ in 0..<Int.random(in: 0...1500, using: &generator) { sched_yield() }
        var tally = Tally()
        if await worker.kill() {
            tally.kills = 1
            let last = worker.said.last?.split(separator: " ").first
            tally.places = [last.map(String.init) ?? "nothing": 1]
        }
        tally.losses = try await losses(of: worker)
        return tally
    }

    /// How many batches a worker has lost, once it is over.
    private func losses(of worker: WorkerProcess) async throws -> Int {
        let exit = await worker.exit()
        guard exit == .code(0) || exit == .signal(SIGKILL) else {
            throw WorkerFailure("it ended (\(exit)) after \(worker.said.suffix(9))")
        }
        return worker.said.count { $0.hasPrefix("lost") }
    }
}
