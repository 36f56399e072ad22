import Foundation
import Tranche

/// Runs the program for one batch.
struct BatchProgram: Sendable {
    let path: String
    let arguments: [String]
    var environment: [String: String]
    let guardian: ProcessGuard
    let stop: StopSource
    /// What a program is given to end.
    var grace: Grace
    let clock: any Clock<Duration>
    /// Given whole lines of the program's standard output, and its standard error as it comes.
    let copy: @Sendable ([UInt8]) -> Void
    /// What the program gets on its standard input; `nil` (the default) for the items.
    var input: [UInt8]?
    /// What is said once of a program that succeeds without having read its items; `nil` for
    /// nothing, where it gets them in another way.
    var unread: OneRemark? = OneRemark { _ in
        "the program succeeded without having read its input: each batch's items are lines of JSON "
            + "on its standard input"
    }

    /// How the program ended.
    typealias End = ProgramEnd

    /// Runs the program to its end; cancelled, it ends the program.
    ///
    /// - Parameters:
    ///   - batch: What it works on.
    ///   - progress: Told of each line that the program writes.
    /// - Returns: How it ended.
    /// - Throws: What reading the items throws; ``SystemError`` when the program cannot be started.
    func run(_ batch: Batch, _ progress: BatchProgress) async throws -> End {
        let child = try await ChildProcess.start(
            path,
            arguments: arguments,
            environment: environment.merging(try await batch.programVariables()) { _, own in own },
            guardian: guardian
        )
        defer { guardian.remove(child.number) }
        return try await withTaskCancellationHandler {
            var end = try await supervise(child, batch, progress)
            if !end.isCutShort { end.isCutShort = await wasCutShort(child, end) }
            noteUnread(child, end, batch)
            return end
        } onCancel: {
            child.terminate(patience: grace.patience)
        }
    }

    /// Whether a program that was not told to end by this process did so for a reason that is not
    /// its own.
    private func wasCutShort(_ child: ChildProcess, _ end: End) async -> Bool {
        if end.exit == .code(0) { return false }
        guard let moment = Grace.moment(after: end) else { return false }
        return await stop.isAsked(within: moment, clock: clock)
    }

    /// Says it of a program that did what it does without a look at the items.
    private func noteUnread(_ child: ChildProcess, _ end: End, _ batch: Batch) {
        // A page's cursor, and an event, are in the environment, too.
        guard input == nil, !batch.isOfPages, end.exit == .code(0), !end.isCutShort,
            child.leftItsInput, let words = unread?.words(on: batch.record)
        else { return }
        note(words)
    }

    private enum Part: Sendable {
        case fed(Result<Void, any Error>)
        case output(LineCollector.Line?, OutputTail)
        case errors(OutputTail)
        case exit(ChildProcess.Exit)
        case named(fault: String?)
    }

    private func supervise(
        _ child: ChildProcess,
        _ batch: Batch,
        _ progress: BatchProgress
    ) async throws -> End {
        try await withThrowingTaskGroup(of: Part.self) { group in
            group.addTask { .fed(await feed(child, batch)) }
            let successors = batch.isOfPages ? SuccessorLines() : nil
            if let successors {
                group.addTask {
                    do {
                        return .named(fault: try await successors.register(for: batch) { note($0) })
                    } catch {
                        child.terminate(patience: grace.patience)
                        throw error
                    }
                }
            }
            group.addTask {
                let output = await child.readOutput { bytes in
                    progress.report()
                    successors?.add(bytes)
                    copy(bytes)
                }
                successors?.finish()
                return .output(output.last, output.tail)
            }
            group.addTask {
                let errors = await child.readErrors { bytes in
                    progress.report()
                    copy(bytes)
                }
                return .errors(errors)
            }
            group.addTask { .exit(await child.waitForExit()) }
            var end = End(exit: .code(0), isCutShort: false)
            var fed: Result<Void, any Error>?
            for try await part in group {
                switch part {
                case .fed(let result):
                    if case .failure = result { child.terminate(patience: grace.patience) }
                    fed = result
                case .output(let line, let tail): (end.lastLine, end.output) = (line, tail)
                case .errors(let tail): end.errors = tail
                case .exit(let how): end.exit = how
                case .named(let fault): end.namingFault = fault
                }
            }
            try fed?.get()
            end.isCutShort = child.wasTerminated
            return end
        }
    }

    /// Writes the items as JSON Lines, read as the program takes them.
    private func feed(_ child: ChildProcess, _ batch: Batch) async -> Result<Void, any Error> {
        defer { child.closeInput() }
        do {
            if let input {
                _ = try await child.write(input)
                return .success(())
            }
            try await batch.writeItems { try await child.write($0) }
            return .success(())
        } catch is CancellationError {
            // The program is ended.
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    /// Tells the user something of the program's own.
    private func note(_ words: String) { copy(Array("tranche: \(words)\n".utf8)) }
}
