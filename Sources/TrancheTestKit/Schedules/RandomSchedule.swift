import Tranche

/// A random sequence of requests, made of two stores in lockstep.
///
/// Runs, incremental and bounded, of one job are acquired from with random limits; batches are
/// ended by those who hold them and by those who lost them, also with bad items; time passes,
/// leases end; items come, also below the cursor, and go; what failed is split; runs are paused,
/// limited, retried, redriven and redefined. Every answer of the one store must be the other's.
/// Whatever was handed out is checked against what the source held.
///
/// ```swift
/// try await RandomSchedule(seed: seed).run(.reference(), makeSubject())
/// ```
public struct RandomSchedule: Sendable {
    /// The seed; the same seed gives the same sequence.
    public let seed: UInt64
    /// How many steps to make; 200 by default.
    public var steps: Int

    /// Makes a schedule.
    ///
    /// - Parameters:
    ///   - seed: The seed.
    ///   - steps: How many steps to make; above 0.
    public init(seed: UInt64, steps: Int = 200) {
        self.seed = seed
        self.steps = steps
    }

    /// Makes the steps, and closes both subjects.
    ///
    /// - Parameters:
    ///   - reference: An empty subject whose answers are right, such as `.reference()`.
    ///   - subject: Another empty subject.
    /// - Throws: ``ConformanceFailure`` that names the seed, the step and both answers.
    public func run(_ reference: ConformanceSubject, _ subject: ConformanceSubject) async throws {
        do {
            try await compare(reference, subject)
        } catch {
            // The first failure is what is told, whatever becomes of the closing.
            try? await reference.finish()
            try? await subject.finish()
            throw error
        }
        try await reference.finish()
        try await subject.finish()
    }

    private func compare(_ reference: ConformanceSubject, _ subject: ConformanceSubject)
        async throws
    {
        var random = SplitMix64(seed: seed)
        var world = ScheduleWorld(random: &random)
        let sides = [
            try await ScheduleSide(reference, world), try await ScheduleSide(subject, world),
        ]
        var made: [ScheduleStep] = []
        do {
            for _ in 0..<steps {
                let due = try await sides[0].runsWithOffers()
                    .union(world.runsWithLateIDs(cursors: try await sides[0].cursors()))
                let step = world.makeStep(due: due, random: &random)
                made.append(step)
                try await make(step, world: &world, sides: sides)
            }
            try await drain(&world, sides: sides, made: &made)
            try await requireSame(sides) { try await $0.rows() }
            for side in sides { try await side.checkTiles() }
        } catch let failure as ConformanceFailure {
            throw ConformanceFailure(
                "seed \(seed), step \(made.count): \(failure.message); the gaps of the reference:\n"
                    + (await sides[0].gaps()) + "\nthe gaps of the subject:\n"
                    + (await sides[1].gaps()) + "\nthe last steps:\n"
                    + made.suffix(25).map { "  \($0)" }.joined(separator: "\n"),
                file: failure.file,
                line: failure.line
            )
        }
    }

    private func make(
        _ step: ScheduleStep,
        world: inout ScheduleWorld,
        sides: [ScheduleSide]
    ) async throws {
        let before = try await sides[0].cursors()
        try await requireSame(sides) { try await $0.make(step) }
        world.note(step)
        for handedOut in await sides[0].takeHandedOut() {
            world.hold(handedOut)
            try world.check(handedOut, cursors: before)
            for side in sides { try await side.checkKey(of: handedOut.record) }
        }
        _ = await sides[1].takeHandedOut()
    }

    /// Works off what was left open and what is left over, so that this is compared too.
    private func drain(
        _ world: inout ScheduleWorld,
        sides: [ScheduleSide],
        made: inout [ScheduleStep]
    ) async throws {
        for run in world.runs.indices {
            var next: [ScheduleStep] = [
                .pause(run: run, false), .takeBack(run: run), .parallelism(run: run, nil),
                .perKey(run: run, nil), .refer(run: run, false),
                .budgetOfAll(BudgetLimits()),
            ]
            for _ in 0..<30 {
                let count = world.handOuts
                next.append(.acquire(run: run, ScheduleStep.Asked(limit: BatchLimit(count: 20))))
                for step in next {
                    made.append(step)
                    try await make(step, world: &world, sides: sides)
                }
                next = world.stepsToEnd(since: count)
                if next.isEmpty { next = [.advance(7000)] }
            }
        }
    }

    private func requireSame(
        _ sides: [ScheduleSide],
        _ ask: (ScheduleSide) async throws -> String
    ) async throws {
        let first = try await ask(sides[0])
        let second = try await ask(sides[1])
        try require(first == second, "the reference says\n\(first)\nthe subject says\n\(second)\n")
    }
}
