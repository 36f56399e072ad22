import FoundationEssentials
import Tranche
import TrancheHTTP
import TrancheOrchestrator
import TrancheWorkflows

/// Runs the programs that a pipeline's file names: of processes, jobs and alerts.
struct PipelinePrograms: Sendable {
    let guardian: ProcessGuard
    let stop: StopSource
    let grace: Grace
    let clock: any Clock<Duration>
    let progress: Progress
    let environment: [String: String]
    /// What tells elsewhere of the work.
    var lineage: Lineage?

    /// How long a program of an alert may take.
    private static let longestAlert = Duration.seconds(60)

    /// Makes the process of a file's part.
    func process(_ settings: PartSettings) -> (any EventProcess)? {
        guard let words = settings.requiredTexts("command") else { return nil }
        do {
            return ProgramProcess(name: settings.name, handler: try handler(words, environment))
        } catch {
            settings.fault("\(error)", key: "command")
            return nil
        }
    }

    /// How the processes that are workflows are worked on: with programs.
    var workflows: WorkflowOptions {
        var options = WorkflowOptions()
        options.stop = stop
        options.grace = grace.length
        options.run(programs: environment, guardian, stop, grace, clock, progress, lineage)
        return options
    }

    /// Makes the handler of a job.
    func handler(_ words: [String], _ workflow: Workflow) throws -> any BatchHandler {
        let variables = try WorkflowParameters(workflow.parameters).environment
        return try handler(words, environment.merging(variables) { _, own in own })
    }

    private func handler(
        _ words: [String],
        _ environment: [String: String]
    ) throws -> ProgramHandler {
        let program = BatchProgram(
            path: try path(of: words[0]),
            arguments: words,
            environment: environment,
            guardian: guardian,
            stop: stop,
            grace: grace,
            clock: clock,
            copy: { [progress] in progress.copy($0, of: $1, $2) },
            lineage: lineage,
            room: { [progress] in progress.waitForRoom() }
        )
        return ProgramHandler(program: program, progress: progress, report: { _ in })
    }

    /// Finds the programs of jobs and alerts, so that one that is missing is told at once.
    ///
    /// - Throws: ``UsageError``.
    func check(_ pipeline: Pipeline) throws {
        for job in pipeline.jobs {
            guard case .program(let words) = job.work else { continue }
            try find(words, of: "job '\(job.job)'")
        }
        for alert in pipeline.alerts {
            guard case .program(let words) = alert.target else { continue }
            try find(words, of: "alert '\(alert.name)'")
        }
    }

    private func find(_ words: [String], of part: String) throws {
        guard let name = words.first else { return }
        do {
            _ = try path(of: name)
        } catch {
            throw UsageError("\(part): \(error)")
        }
    }

    private func path(of name: String) throws -> String {
        try ProgramFinder(environment: environment).path(of: name)
    }

    // MARK: - Alerts

    /// Runs a program with a text on its standard input.
    ///
    /// - Throws: ``UsageError`` where it cannot be run, or ends badly; `CancellationError`.
    func alert(_ words: [String], _ text: String) async throws {
        let child = try await ChildProcess.start(
            path(of: words[0]),
            arguments: words,
            environment: environment.withoutBatch,
            guardian: guardian
        )
        defer { guardian.remove(child.number) }
        let exit = await withTaskCancellationHandler {
            await end(of: child, Array(text.utf8 + [0x0A]))
        } onCancel: {
            child.terminate(patience: grace.patience)
        }
        try Task.checkCancellation()
        guard exit == .code(0) else {
            let words = child.wasTerminated ? "took longer than a minute" : "ended with \(exit)"
            throw UsageError("its program \(words)")
        }
    }

    private func end(of child: ChildProcess, _ input: [UInt8]) async -> ChildProcess.Exit {
        await withTaskGroup(of: ChildProcess.Exit?.self) { group in
            group.addTask {
                // A program need not read what it is given: its exit says how it went.
                _ = try? await child.write(input)
                child.closeInput()
                return nil
            }
            group.addTask {
                _ = await child.readOutput {
                    progress.copy($0)
                    progress.waitForRoom()
                }
                return nil
            }
            group.addTask {
                _ = await child.readErrors {
                    progress.copy($0, of: nil, .errors)
                    progress.waitForRoom()
                }
                return nil
            }
            group.addTask {
                // It is cancelled once the program has ended.
                guard (try? await clock.sleep(for: Self.longestAlert)) != nil else { return nil }
                child.terminate(patience: grace.patience)
                return nil
            }
            group.addTask { await child.waitForExit() }
            var exit = ChildProcess.Exit.code(0)
            for await ended in group {
                guard let ended else { continue }
                exit = ended
                group.cancelAll()
            }
            return exit
        }
    }
}
