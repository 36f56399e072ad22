public import FoundationEssentials
import Tranche

/// A container that was removed, since nobody holds its batch under its attempt.
public struct ReapedContainer: Sendable, Hashable {
    /// Its name.
    public let name: String
    /// The batch that it was begun for.
    public let batch: Int64
    /// The attempt that it was begun under.
    public let attempt: Int
    /// Whether it was still at work, and was stopped.
    public let wasRunning: Bool
}

extension ContainerEngine {
    /// Stops and removes what an inventory's workers have left behind on this engine.
    ///
    /// A container whose attempt is held is left alone. Of others one at work is stopped, and
    /// removed with those that were never started and those that ended with 0; one that failed is
    /// removed when its end is longer ago than `older`.
    ///
    /// - Parameters:
    ///   - inventory: The inventory, as ``ContainerWork/inventory`` has it.
    ///   - older: How long containers that failed are kept; 7 days by default.
    ///   - now: The time, by the engine's clock.
    ///   - stopTimeout: How long a program has between SIGTERM and SIGKILL; 2 s by default.
    ///   - isHeld: Whether a batch is held under an attempt.
    /// - Returns: What was removed.
    /// - Throws: ``ContainerError``; what `isHeld` throws.
    public func reap(
        inventory: String,
        older: Duration = .seconds(7 * 86_400),
        now: Date,
        stopTimeout: Duration = .seconds(2),
        isHeld: (_ batch: Int64, _ attempt: Int) async throws -> Bool
    ) async throws -> [ReapedContainer] {
        var reaped: [ReapedContainer] = []
        for entry in try await list(inventory: inventory) {
            guard let batch = entry.labels?[ContainerLabel.batch].flatMap({ Int64($0) }),
                let attempt = entry.labels?[ContainerLabel.attempt].flatMap({ Int($0) }),
                try await !isHeld(batch, attempt),
                let state = try await inspect(entry.id), isDue(state, now, older)
            else { continue }
            var wasRunning = false
            if state.phase == .running {
                let seconds = Int(stopTimeout.seconds.rounded(.up))
                wasRunning = try await stop(entry.id, seconds: seconds)
            }
            try await remove(entry.id)
            reaped.append(
                ReapedContainer(
                    name: entry.name,
                    batch: batch,
                    attempt: attempt,
                    wasRunning: wasRunning
                )
            )
        }
        return reaped
    }

    private func isDue(_ state: ContainerState, _ now: Date, _ older: Duration) -> Bool {
        guard state.phase == .ended, state.state.exitCode != 0 else { return true }
        // Fractions of a second are written with as many digits as an engine likes.
        let text = (state.state.finishedAt ?? "").replacing(/\.\d+/, with: "")
        // One whose end cannot be read stays: nothing is removed by a guess.
        guard let end = try? Date(text, strategy: .iso8601) else { return false }
        return now.timeIntervalSince(end) > older.seconds
    }
}
