import Synchronization
import Tranche

/// Looking after the containers that other workers have left behind.
extension Orchestrator {
    /// Stops and removes containers of this inventory whose attempts hold their batches no longer,
    /// on the engines of the processes, at once and again and again until it is cancelled.
    ///
    /// One at work whose lease has ended alone has until the next look, and as long as its worker
    /// may be about to take the batch back, as where the inventory was away: for a minute, and on
    /// this host while its process lives. Nothing waits for the looks, and what
    /// goes wrong with them keeps nothing from going on.
    ///
    /// - Parameters:
    ///   - interval: How long it waits between two looks; 1 min by default.
    ///   - tell: Told of each container that was removed, and of an engine that does not answer,
    ///     once until it does.
    package func reap(
        every interval: Duration = .seconds(60),
        _ tell: @escaping @Sendable (String) -> Void
    ) async {
        let engines = engines
        if engines.isEmpty { return }
        let clock = inventory.configuration.clock
        var faults: [ContainerAddress: String] = [:]
        var spared: [ContainerAddress: Set<LeftContainer>] = [:]
        while !Task.isCancelled, stop.stage < .stopping {
            for engine in engines {
                do {
                    spared[engine.address] = try await reap(
                        on: engine,
                        sparedBefore: spared[engine.address] ?? [],
                        tell
                    )
                    faults[engine.address] = nil
                } catch {
                    if Task.isCancelled { return }
                    // What comes next is the first look again.
                    spared[engine.address] = nil
                    let words = "containers that were left behind cannot be looked for: \(error)"
                    if faults[engine.address] != words { tell(words) }
                    faults[engine.address] = words
                }
            }
            do {
                try await clock.sleep(for: interval)
            } catch {
                // Being cancelled is how this ends.
                return
            }
        }
    }

    /// Looks once at one engine.
    ///
    /// - Parameters:
    ///   - engine: The engine.
    ///   - before: The containers that the last look has left alone, though they are to go.
    ///   - tell: Told of each container that was removed.
    /// - Returns: The containers that this look has left alone.
    /// - Throws: ``ContainerError``; `TrancheError` of the store.
    private func reap(
        on engine: ContainerEngine,
        sparedBefore before: Set<LeftContainer>,
        _ tell: (String) -> Void
    ) async throws -> Set<LeftContainer> {
        let mark = try await inventory.containerMark
        var losses: [AttemptKey: AttemptLoss] = [:]
        let left = try await engine.leftovers(of: mark, now: inventory.now) { attempts in
            losses = try await inventory.losses(of: attempts)
            return losses.mapValues(\.reason)
        }
        let returning = try await inventory.returning(among: losses)
        var spared: Set<LeftContainer> = []
        for container in left where container.isDue {
            // With a heartbeat in between its lease has ended at another time.
            let isFirstLook = !before.contains(container)
            let hasLapsed = losses[container.attempt]?.mayReturn ?? false
            let mayReturn =
                returning.contains(container.attempt) || hasLapsed && isFirstLook
            if container.state == "running", mayReturn {
                spared.insert(container)
                continue
            }
            let removed = try await engine.remove(container)
            let verb = removed.wasRunning ? "stopped and removed" : "removed"
            tell(
                "\(verb) container \(container.name), left behind by attempt "
                    + "\(container.attempt.attempt) at batch \(container.attempt.batch): "
                    + container.reason
            )
        }
        return spared
    }

    /// The engines on which processes run containers, each once.
    private var engines: [ContainerEngine] {
        let processes = state.withLock { state in
            state.graph.processes.compactMap { state.processes[$0] as? ContainerProcess }
        }
        var engines: [ContainerEngine] = []
        for process in processes {
            do {
                let engine = try process.engine()
                let isKnown = engines.contains { $0.address == engine.address }
                if !isKnown { engines.append(engine) }
            } catch {
                // A batch that needs an engine which is not there says so.
            }
        }
        return engines
    }
}
