public import FoundationEssentials
package import Tranche

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

/// A container that was begun under an attempt that holds its batch no longer.
package struct LeftContainer: Sendable, Hashable {
    /// Its id; a name may be another's by the time.
    package let id: String
    /// Its name.
    package let name: String
    /// The attempt that it was begun under.
    package let attempt: AttemptKey
    /// The worker that began it; empty where nobody knows.
    package let worker: String
    /// Its state, in one word: `created`, `running` or `ended`.
    package let state: String
    /// Its exit code; `nil` unless it has ended.
    package let exitCode: Int32?
    /// Why the attempt holds the batch no longer.
    package let reason: String
    /// Whether it is to go: one that failed is kept for a while.
    package let isDue: Bool
    /// How long its program has between SIGTERM and SIGKILL, in seconds, as it was begun with.
    let stopSeconds: Int?
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
    ///   - stopTimeout: How long a program has between SIGTERM and SIGKILL at least; 2 s by
    ///     default. One that was begun with a longer time has that.
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
        let left = try await leftovers(of: inventory, older: older, now: now) { attempts in
            var free: [AttemptKey: String] = [:]
            for attempt in attempts {
                let isFree = try await !isHeld(attempt.batch, attempt.attempt)
                if isFree { free[attempt] = "" }
            }
            return free
        }
        var reaped: [ReapedContainer] = []
        for container in left where container.isDue {
            reaped.append(try await remove(container, stopTimeout: stopTimeout))
        }
        return reaped
    }

    /// Finds what an inventory's workers have left behind on this engine; nothing is changed.
    ///
    /// - Parameters:
    ///   - inventory: The inventory, as ``ContainerWork/inventory`` has it.
    ///   - older: How long containers that failed are kept; 7 days by default.
    ///   - now: The time, by the engine's clock.
    ///   - reasons: Says of some attempts why they hold their batches no longer, without those that
    ///     do.
    /// - Returns: The containers, as the engine lists them.
    /// - Throws: ``ContainerError``; what `reasons` throws.
    package func leftovers(
        of inventory: String,
        older: Duration = .seconds(7 * 86_400),
        now: Date,
        reasons: (_ attempts: [AttemptKey]) async throws -> [AttemptKey: String]
    ) async throws -> [LeftContainer] {
        let labelled = try await list(inventory: inventory).compactMap { entry in
            Self.attempt(of: entry).map { (entry: entry, attempt: $0) }
        }
        if labelled.isEmpty { return [] }
        let lost = try await reasons(labelled.map(\.attempt))
        var left: [LeftContainer] = []
        for (entry, attempt) in labelled {
            guard let reason = lost[attempt], let state = try await inspect(entry.id) else {
                continue
            }
            left.append(
                LeftContainer(
                    id: entry.id,
                    name: entry.name,
                    attempt: attempt,
                    worker: entry.labels?[ContainerLabel.worker] ?? "",
                    state: state.phase.word,
                    exitCode: state.phase == .ended ? state.state.exitCode : nil,
                    reason: reason,
                    isDue: isDue(state, now, older),
                    stopSeconds: state.config.stopTimeout
                )
            )
        }
        return left
    }

    /// Stops a container that was left behind, if it is at work, and removes it.
    ///
    /// - Parameters:
    ///   - container: The container.
    ///   - stopTimeout: How long its program has between SIGTERM and SIGKILL at least; 2 s by
    ///     default.
    /// - Returns: What was removed.
    /// - Throws: ``ContainerError``.
    @discardableResult
    package func remove(
        _ container: LeftContainer,
        stopTimeout: Duration = .seconds(2)
    ) async throws -> ReapedContainer {
        var wasRunning = false
        if try await inspect(container.id)?.phase == .running {
            // Who began it may be stopping it just now: it has no less time than that gives it.
            let seconds = max(Int(stopTimeout.seconds.rounded(.up)), container.stopSeconds ?? 0)
            wasRunning = try await stop(container.id, seconds: min(seconds, 300))
        }
        try await remove(container.id)
        return ReapedContainer(
            name: container.name,
            batch: container.attempt.batch,
            attempt: container.attempt.attempt,
            wasRunning: wasRunning
        )
    }

    /// The attempt that a container is labelled with; `nil` where it says none.
    private static func attempt(of entry: ContainerEntry) -> AttemptKey? {
        guard let batch = entry.labels?[ContainerLabel.batch].flatMap({ Int64($0) }),
            let attempt = entry.labels?[ContainerLabel.attempt].flatMap({ Int($0) })
        else { return nil }
        return AttemptKey(batch: batch, attempt: attempt)
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

extension ContainerState.Phase {
    /// The phase in one word.
    fileprivate var word: String {
        switch self {
        case .created: "created"
        case .running: "running"
        case .ending, .ended: "ended"
        }
    }
}
