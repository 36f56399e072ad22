import TestSupport
import Testing

extension Crashes {
    @Suite("Workers killed at random", .timeLimit(.minutes(Rounds.limit(usually: 10))))
    struct RandomKillTests {
        /// Over all kinds of scenes: at least 200.
        static let kills = 216

        @Test("Several at once, with a lease of a second", arguments: SceneKind.soaked)
        func freelyRunning(_ kind: SceneKind) async throws {
            let rounds = Rounds("workers killed on \(kind)", share: SceneKind.shares)
            try await rounds.run { seed in
                try await withScene(kind) { scene in
                    let kills = Self.kills / SceneKind.all.count
                    let round = KillRound(scene: scene, seed: seed, kills: kills)
                    let (tally, faults) = try await round.run()
                    #expect(faults == [], "seed \(seed)")
                    #expect(tally.kills == kills)
                    return tally.text
                }
            }
        }
    }
}
