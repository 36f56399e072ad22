import Foundation
import Tranche

/// Runs the program for one batch.
struct BatchProgram: Sendable {
    let path: String
    let arguments: [String]
    let environment: [String: String]
    let guardian: ProcessGuard
    let stop: StopSource
    /// What a program is given to end.
    let grace: Grace
    let clock: any Clock<Duration>
    /// Given whole lines of the program's standard output, and its standard error as it comes.
    let copy: @Sendable ([UInt8]) -> Void

    /// How the program ended.
    struct End: Sendable {
        var exit: ChildProcess.Exit
        /// The last line of its output.
        var lastLine: LineCollector.Line? {
            didSet { result = lastLine.flatMap { KeptResult($0) } }
        }
        /// The result: the last line, when it begins as a JSON object does.
        private(set) var result: KeptResult?
        /// The end of its output.
        var output = OutputTail()
        /// The end of what it wrote to standard error.
        var errors = OutputTail()
        /// Why what follows its page could not be named; `nil` where nothing was in the way.
        var namingFault: String?
        /// Whether it was cut short, whatever it says about itself: the batch is given back.
        var isCutShort: Bool
    }

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
            environment: environment.merging(try await Self.variables(of: batch)) { _, own in own },
            guardian: guardian
        )
        defer { guardian.remove(child.number) }
        return try await withTaskCancellationHandler {
            var end = try await supervise(child, batch, progress)
            if !end.isCutShort { end.isCutShort = await wasCutShort(child, end) }
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
            var lines: [UInt8] = []
            for try await item in batch.itemStream {
                item.appendJSON(to: &lines)
                lines.append(UInt8(ascii: "\n"))
                guard lines.count > 1 << 15 else { continue }
                guard try await child.write(lines) else { return .success(()) }
                lines.removeAll(keepingCapacity: true)
            }
            _ = try await child.write(lines)
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

    private static func variables(of batch: Batch) async throws -> [String: String] {
        var variables = [
            "TRANCHE_JOB": batch.job,
            "TRANCHE_RUN": batch.run,
            "TRANCHE_KIND": batch.kind.rawValue,
            "TRANCHE_EXACT": batch.isExact ? "1" : "0",
            "TRANCHE_BATCH": String(batch.id),
            "TRANCHE_ATTEMPT": String(batch.attempt),
            "TRANCHE_ID_START": String(batch.ids.lowerBound),
            "TRANCHE_ID_END": String(batch.ids.upperBound),
        ]
        if batch.isOfPages, batch.count == 1 {
            variables["TRANCHE_PAGE"] = try await batch.items.first?.text
        }
        return variables
    }
}

extension BatchProgram.End {
    /// The exit status `EX_TEMPFAIL` of `sysexits.h`.
    private static let temporaryFailure: Int32 = 75

    /// Whether trying the same again may succeed, as the program says.
    var isTransient: Bool { exit == .code(Self.temporaryFailure) }

    /// The items to blame, as the result of a program that failed names them.
    ///
    /// - Throws: ``ValueError`` when it names something else.
    func badItems() throws -> Set<Int64> {
        guard let result, result.note == nil else { return [] }
        do {
            return Set(try JSONText.decode(BadItems.self, from: result.json).badIDs ?? [])
        } catch {
            throw ValueError("its \"bad_ids\" are no list of ids")
        }
    }

    /// The part of a result that blames items.
    private struct BadItems: Decodable {
        var badIDs: [Int64]?

        enum CodingKeys: String, CodingKey {
            case badIDs = "bad_ids"
        }
    }

    /// What is kept as the error of a failure: how it exited, and its last words.
    var failure: String? {
        let words: String
        switch exit {
        case .code(0): return namingFault
        case .code(let code): words = "exit code \(code)"
        case .signal(let number): words = "killed by signal \(number)"
        }
        guard let line = lastWords else { return words }
        // No database keeps a NUL in a text. A password that is cut in two is not known as one.
        return "\(words): \(redacted(line).prefix(500).replacing("\0", with: "\u{FFFD}"))"
    }

    /// The line that says what went wrong: a result that names an error, else the last line of
    /// standard error, else that of the output.
    private var lastWords: String? {
        let line = lastLine?.text.trimmingCharacters(in: .whitespaces)
        return namesError ? line : errors.lastLine ?? line
    }

    /// Whether the result is about the failure.
    private var namesError: Bool {
        struct Blame: Decodable {
            var error: String?
        }
        guard let result, result.note == nil else { return false }
        return (try? JSONText.decode(Blame.self, from: result.json))?.error != nil
    }

    /// What is kept of what it wrote; `nil` where it wrote nothing.
    var written: AttemptOutput? {
        AttemptOutput(standardError: errors.text, standardOutput: output.text).ifAny
    }
}
