import FoundationEssentials
import Synchronization
import Tranche
import TrancheHTTP

/// Runs the program for one batch.
struct BatchProgram: Sendable {
    let path: String
    var arguments: [String]
    /// The environment, of which the program gets all but what it says of another batch.
    let environment: [String: String]
    /// What the program finds there beside the batch's own variables.
    var variables: [String: String] = [:]
    let guardian: ProcessGuard
    let stop: StopSource
    /// What a program is given to end.
    var grace: Grace
    let clock: any Clock<Duration>
    /// Given whole lines of the program's output, and what it wrote them to.
    let copy: @Sendable ([UInt8], BatchRecord?, LogLine.Stream) -> Void
    /// The lineage that the work is reported to, which the program can name as its parent.
    var lineage: Lineage?
    /// The standard input of the program; `nil` (the default) for the items.
    var input: [UInt8]?
    /// How the program is given the items; as lines of JSON by default.
    var way = ProgramInput.lines(.json(nil))
    /// What is said once of a program that succeeds without having read its items; `nil` for
    /// nothing, where it gets them in another way.
    var unread: OneRemark? = OneRemark { _ in
        "the program succeeded without having read its input: each batch's items are lines of JSON "
            + "on its standard input"
    }

    /// What is said once of a program that goes on from batch to batch, and does not answer.
    var silent = OneRemark { batch in
        "the program has had its whole batch for \(ProgramSession.longestSilence.words) and has not "
            + "answered; with --persistent it answers each batch with a line {\"done\": \(batch.id)}"
    }

    /// Waits until there is room for more of what programs write; called on threads that may block.
    var room: @Sendable () -> Void = {}

    /// How the program ended.
    typealias End = ProgramEnd

    /// Runs the program to its end; cancelled, it ends the program.
    ///
    /// Where the items are its arguments, it runs as often as the system's limits need, until a run
    /// fails.
    ///
    /// - Parameters:
    ///   - batch: What it works on.
    ///   - progress: Receives each line that the program writes.
    /// - Returns: How it ended; of several runs, the last, with what all of them wrote.
    /// - Throws: What reading the items throws; ``SystemError`` when the program cannot be started;
    ///   ``UnfitItems`` where an item cannot be given as the program is to be given it.
    func run(_ batch: Batch, _ progress: BatchProgress) async throws -> End {
        switch way {
        case .persistent(let pool): return try await pool.run(self, batch, progress)
        case .lines: return try await runOnce(batch, progress, environment(for: batch))
        case .arguments(let words):
            var last = End(exit: .code(0), isCutShort: false)
            var call = self
            call.input = []
            // The same for each call: a note that one of them leaves is for the next attempt.
            let whole = try await environment(for: batch)
            for words in try await words.calls(for: batch, environment: whole) {
                call.arguments = words
                last = try await call.runOnce(batch, progress, whole).following(last)
                if last.isCutShort || last.failure != nil { break }
            }
            return last
        }
    }

    /// Does something while processes may go on from batch to batch, and ends them then.
    ///
    /// - Parameter body: Has them work.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    func whileWorking<R: Sendable>(_ body: () async throws -> R) async throws -> R {
        guard case .persistent(let pool) = way else { return try await body() }
        return try await pool.whileWorking(grace, clock, body)
    }

    private func runOnce(
        _ batch: Batch,
        _ progress: BatchProgress,
        _ environment: [String: String]
    ) async throws -> End {
        let child = try await ChildProcess.start(
            path,
            arguments: arguments,
            environment: environment,
            guardian: guardian
        )
        defer { guardian.remove(child.number) }
        return try await withTaskCancellationHandler {
            var end = try await supervise(child, batch, progress)
            if !end.isCutShort { end.isCutShort = await wasCutShort(end) }
            noteUnread(child, end, batch)
            return end
        } onCancel: {
            child.terminate(patience: grace.patience)
        }
    }

    private func environment(for batch: Batch) async throws -> [String: String] {
        var own = try await batch.programVariables().merging(variables) { $1 }
        if let lineage { own["OPENLINEAGE_PARENT_ID"] = "\(lineage.parent(of: batch))" }
        return environment.withoutBatch.merging(own) { $1 }
    }

    /// Whether a program that was not told to end by this process did so for a reason that is not
    /// its own.
    func wasCutShort(_ end: End) async -> Bool {
        if end.exit == .code(0) { return false }
        guard let moment = Grace.moment(after: end) else { return false }
        return await stop.isAsked(within: moment, clock: clock)
    }

    /// Says it of a program that did what it does without a look at the items.
    private func noteUnread(_ child: ChildProcess, _ end: End, _ batch: Batch) {
        // A page's cursor, and an event, are in the environment, too.
        guard case .lines = way, input == nil, !batch.isOfPages, end.exit == .code(0),
            !end.isCutShort, child.leftItsInput, let words = unread?.words(on: batch.record)
        else { return }
        note(words, batch)
    }

    private enum Part: Sendable {
        case fed(Result<Void, any Error>)
        case output(LineCollector, OutputTail)
        case errors(OutputTail)
        case exit(ChildProcess.Exit)
        case named(fault: String?)
        case kept
    }

    private func supervise(
        _ child: ChildProcess,
        _ batch: Batch,
        _ progress: BatchProgress
    ) async throws -> End {
        try await withThrowingTaskGroup(of: Part.self) { group in
            let live = LiveOutput()
            let successors = batch.isOfPages ? SuccessorLines() : nil
            group.addTask {
                await live.keep(with: batch, clock: batch.inventory.configuration.clock)
                return .kept
            }
            group.addTask { .fed(await feed(child, batch)) }
            if let successors {
                group.addTask { try await name(successors, child, batch) }
            }
            group.addTask { await readOutput(child, batch, progress, successors, live) }
            group.addTask {
                .errors(await copyErrors(of: child, batch, progress, live))
            }
            group.addTask { .exit(await child.waitForExit()) }
            var end = End(exit: .code(0), isCutShort: false)
            var fed: Result<Void, any Error>?
            var left = successors == nil ? 4 : 5
            for try await part in group {
                switch part {
                case .fed(let result):
                    if case .failure = result { child.terminate(patience: grace.patience) }
                    fed = result
                case .output(let lines, let tail):
                    (end.lastLine, end.output) = (lines.lastLine, tail)
                    end.badBefore = lines.badBefore
                    end.mayBlameBefore = lines.mayBlameBefore
                case .errors(let tail): end.errors = tail
                case .exit(let how): end.exit = how
                case .named(let fault): end.namingFault = fault
                case .kept: continue
                }
                left -= 1
                if left == 0 { group.cancelAll() }
            }
            try fed?.get()
            end.isCutShort = child.wasTerminated
            return end
        }
    }

    /// Copies the program's standard error, in whole lines.
    private func copyErrors(
        of child: ChildProcess,
        _ batch: Batch,
        _ progress: BatchProgress,
        _ live: LiveOutput
    ) async -> OutputTail {
        let lines = Mutex(LineCollector())
        let errors = await child.readErrors { bytes in
            progress.report()
            live.add(errors: bytes)
            let whole = lines.withLock { $0.add(bytes) }
            if !whole.isEmpty { copy(whole, batch.record, .errors) }
            waitForRoom(progress)
        }
        let rest = lines.withLock { $0.finish() }
        if !rest.isEmpty { copy(rest, batch.record, .errors) }
        return errors
    }

    /// Waits until there is room for more; what the program cannot write meanwhile is no fault of
    /// its own.
    private func waitForRoom(_ progress: BatchProgress) {
        progress.beginWait()
        room()
        progress.endWait()
    }

    /// Registers what follows the page of a batch, as the program names it.
    private func name(
        _ successors: SuccessorLines,
        _ child: ChildProcess,
        _ batch: Batch
    ) async throws -> Part {
        do {
            let fault = try await successors.register(for: batch) { note($0, batch) }
            return .named(fault: fault)
        } catch {
            child.terminate(patience: grace.patience)
            throw error
        }
    }

    private func readOutput(
        _ child: ChildProcess,
        _ batch: Batch,
        _ progress: BatchProgress,
        _ successors: SuccessorLines?,
        _ live: LiveOutput
    ) async -> Part {
        let output = await child.readOutput { bytes in
            progress.report()
            successors?.add(bytes)
            live.add(output: bytes)
            copy(bytes, batch.record, .output)
            waitForRoom(progress)
        }
        successors?.finish()
        return .output(output.lines, output.tail)
    }

    /// Writes the items as JSON Lines, read as the program takes them.
    private func feed(_ child: ChildProcess, _ batch: Batch) async -> Result<Void, any Error> {
        defer { child.closeInput() }
        do {
            if let input {
                _ = try await child.write(input)
                return .success(())
            }
            let form = if case .lines(let form) = way { form } else { ItemForm.json(nil) }
            try await batch.writeItems(as: form) { try await child.write($0) }
            return .success(())
        } catch is CancellationError {
            // The program is ended.
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    /// Tells the user something of the program's own.
    private func note(_ words: String, _ batch: Batch) {
        copy(Array("tranche: \(words)\n".utf8), batch.record, .errors)
    }
}
