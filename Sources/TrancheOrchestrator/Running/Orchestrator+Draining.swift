import Tranche

/// Working on what there is now, and ending.
extension Orchestrator {
    /// Gathers what there is now, works on it, and ends; once.
    ///
    /// Links of inputs are worked on first, then those that follow them, each until it has nothing
    /// more to do; batches that failed for good do not hold up the end.
    ///
    /// - Throws: As ``check()``, and the first error of an input or a link; `CancellationError`.
    public func drain() async throws {
        let state = try await begin()
        defer { reports.finish() }
        var failure: (any Error)?
        for input in state.inputsInOrder {
            let log = self.log(of: input)
            reports.set(input.name, .running)
            do {
                try await input.gather(log)
            } catch let error as CancellationError {
                throw error
            } catch {
                // What the others gave is worked on all the same.
                reports.note(OrchestratorError(input.name, nil, error))
                reports.failed(input.name)
                failure = failure ?? error
            }
            reports.set(input.name, .stopped)
        }
        var rest = state.jobs(configuration.credentials)
        while !rest.isEmpty, stop.stage < .stopping {
            // Those that read the completions of others wait for them.
            let waiting = Set(rest.map(\.0.name))
            let next = rest.filter { job, _, _ in !waiting.contains(job.upstream ?? "") }
            rest.removeAll { job, _, _ in !waiting.contains(job.upstream ?? "") }
            let failed = try await drain(next)
            failure = failure ?? failed
        }
        for job in state.ownJobs where stop.stage < .stopping {
            reports.set(job.name, .running)
            do {
                try await work(on: job, drains: true)
            } catch let error as CancellationError {
                throw error
            } catch {
                reports.note(OrchestratorError(job.name, nil, error))
                failure = failure ?? error
            }
            reports.set(job.name, .stopped)
        }
        for input in state.inputsInOrder {
            do {
                var cleaner = cleaner(of: input)
                try await cleaner.clean()
            } catch let error as CancellationError {
                throw error
            } catch {
                reports.note(OrchestratorError(input.name, "its log cannot be cleaned", error))
                failure = failure ?? error
            }
        }
        await alertWatch(state)?.look()
        if let failure { throw failure }
    }

    /// Works on jobs that do not wait for each other, until each has nothing more to do.
    ///
    /// - Returns: The first error of a job; the others went on.
    /// - Throws: `CancellationError`.
    private func drain(
        _ jobs: [(LinkJob, any Input, any EventProcess)]
    ) async throws -> (any Error)? {
        try await withThrowingTaskGroup(of: (any Error)?.self) { tasks in
            for (job, input, process) in jobs {
                tasks.addTask { [self] in try await drain(job, of: input, by: process) }
            }
            var failure: (any Error)?
            for try await failed in tasks { failure = failure ?? failed }
            return failure
        }
    }

    private func drain(
        _ job: LinkJob,
        of input: any Input,
        by process: any EventProcess
    ) async throws -> (any Error)? {
        reports.set(job.name, .running)
        defer { reports.set(job.name, .stopped) }
        do {
            let group = try await group(of: job, of: input, by: process, end: .whenComplete)
            reports.drained(job.name, try await group.run().reason)
        } catch let error as CancellationError {
            throw error
        } catch {
            reports.note(OrchestratorError(job.name, nil, error))
            if (error as? TrancheError)?.code != .unknownRun { return error }
        }
        return nil
    }
}
