import Tranche

/// Working on what there is now, and ending.
extension Orchestrator {
    /// Gathers what there is now, works on it, and ends; once.
    ///
    /// Links of inputs are worked on first, then those that follow them, then the jobs, each until
    /// it has nothing more to do; batches that failed for good do not hold up the end. What jobs
    /// have completed may be the events of an input: all of it begins anew then, until nothing
    /// succeeds any more, and at most once for each link and job.
    ///
    /// - Throws: As ``check()``, and the first error of an input or a link; `CancellationError`.
    public func drain() async throws {
        let state = try await begin()
        defer { reports.finish() }
        let jobs = state.jobs(configuration.credentials)
        let mayFollow = state.inputsInOrder.contains { $0 is InventoryInput }
        var found = Found()
        for _ in 0...(jobs.count + state.ownJobs.count) {
            let before = (succeeded(jobs.map(\.0.name)), succeeded(state.ownJobs.map(\.name)))
            found.missing = [:]
            try await gather(state.inputsInOrder, &found)
            try await drain(jobs, &found)
            try await drain(state.ownJobs, &found)
            let isNew =
                succeeded(state.ownJobs.map(\.name)) > before.1
                || mayFollow && succeeded(jobs.map(\.0.name)) > before.0
            guard isNew, stop.stage < .stopping else { break }
        }
        for (name, error) in found.missing.sorted(by: { $0.key < $1.key }) {
            reports.note(OrchestratorError(name, nil, error))
            // A link waits for its job to be begun; a job was to work on it.
            if state.ownJobs.contains(where: { $0.name == name }) { found.note(error, of: name) }
        }
        try await clean(state.inputsInOrder, &found)
        await alertWatch(state)?.look()
        if let failure = found.failure { throw failure }
    }

    /// What was found out while it drains.
    private struct Found {
        /// The first error.
        var failure: (any Error)?
        /// The parts that failed: they are not tried anew.
        var broken: Set<String> = []
        /// What is wrong with links and jobs that read the completions of a job which is not
        /// there, by their names.
        var missing: [String: any Error] = [:]

        mutating func note(_ error: any Error, of part: String) {
            failure = failure ?? error
            broken.insert(part)
        }
    }

    /// How a link ended.
    private enum Drained: Sendable {
        case done
        case missing(String, any Error)
        case failed(String, any Error)
    }

    /// How many batches of parts have succeeded so far.
    private func succeeded(_ names: [String]) -> Int {
        names.reduce(0) { $0 + reports.part($1).succeeded }
    }

    private func gather(_ inputs: [any Input], _ found: inout Found) async throws {
        for input in inputs where !found.broken.contains(input.name) {
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
                found.note(error, of: input.name)
            }
            reports.set(input.name, .stopped)
        }
    }

    private func drain(
        _ jobs: [(LinkJob, any Input, any EventProcess)],
        _ found: inout Found
    ) async throws {
        var rest = jobs
        while !rest.isEmpty, stop.stage < .stopping {
            // Those that read the completions of others wait for them.
            let waiting = Set(rest.map(\.0.name))
            let next = rest.filter { job, _, _ in !waiting.contains(job.upstream ?? "") }
            rest.removeAll { job, _, _ in !waiting.contains(job.upstream ?? "") }
            let broken = found.broken
            for end in try await drain(next.filter { !broken.contains($0.0.name) }) {
                switch end {
                case .done: break
                case .missing(let name, let error): found.missing[name] = error
                case .failed(let name, let error): found.note(error, of: name)
                }
            }
        }
    }

    private func drain(_ jobs: [OrchestratorJob], _ found: inout Found) async throws {
        for job in jobs where stop.stage < .stopping && !found.broken.contains(job.name) {
            reports.set(job.name, .running)
            do {
                try await work(on: job, drains: true)
            } catch let error as CancellationError {
                throw error
            } catch let error as TrancheError where error.code == .unknownRun {
                found.missing[job.name] = error
            } catch {
                reports.note(OrchestratorError(job.name, nil, error))
                found.note(error, of: job.name)
            }
            reports.set(job.name, .stopped)
        }
    }

    private func clean(_ inputs: [any Input], _ found: inout Found) async throws {
        for input in inputs {
            do {
                var cleaner = cleaner(of: input)
                try await cleaner.clean()
            } catch let error as CancellationError {
                throw error
            } catch {
                reports.note(OrchestratorError(input.name, "its log cannot be cleaned", error))
                found.note(error, of: input.name)
            }
        }
    }

    /// Works on jobs that do not wait for each other, until each has nothing more to do.
    ///
    /// - Returns: How each ended; after an error the others went on.
    /// - Throws: `CancellationError`.
    private func drain(
        _ jobs: [(LinkJob, any Input, any EventProcess)]
    ) async throws -> [Drained] {
        try await withThrowingTaskGroup(of: Drained.self) { tasks in
            for (job, input, process) in jobs {
                tasks.addTask { [self] in try await drain(job, of: input, by: process) }
            }
            var ends: [Drained] = []
            for try await end in tasks { ends.append(end) }
            return ends
        }
    }

    private func drain(
        _ job: LinkJob,
        of input: any Input,
        by process: any EventProcess
    ) async throws -> Drained {
        reports.set(job.name, .running)
        defer { reports.set(job.name, .stopped) }
        do {
            let group = try await group(of: job, of: input, by: process, end: .whenComplete)
            reports.drained(job.name, try await group.run().reason)
        } catch let error as CancellationError {
            throw error
        } catch {
            // The job may be begun behind it: whether it is there is known at the end.
            if (error as? TrancheError)?.code == .unknownRun { return .missing(job.name, error) }
            reports.note(OrchestratorError(job.name, nil, error))
            return .failed(job.name, error)
        }
        return .done
    }
}
