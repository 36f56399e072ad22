import FoundationEssentials
import Synchronization
import Tranche

/// A process that goes on from batch to batch.
///
/// On its standard input it gets, for each batch, a line that begins with `{"batch":`, a line for
/// each item, and a line `{"end":N}` with the batch's number. When it has worked on it, it writes a
/// line `{"done":N}` to its standard output, with `"exit"` and `"result"` where it has more to say.
/// All other lines are its own.
final class ProgramSession: Sendable {
    private let child: ChildProcess
    private let program: BatchProgram
    private let state = Mutex(State())

    private struct State {
        var lines = AnswerLines()
        /// What it writes to its standard error, until a line is whole.
        var errorLines = LineCollector()
        /// What is worked on; `nil` between batches.
        var work: Work?
        /// How the process ended; `nil` while it runs.
        var exit: ChildProcess.Exit?
        /// Whether it goes on with another batch.
        var isReady = true
        /// How many batches it has answered.
        var answers = 0
        /// Whether nothing is read of it until there is room for more of what it writes.
        var isWaiting = false
    }

    /// A batch in hand.
    private struct Work {
        let record: BatchRecord
        let progress: BatchProgress
        let live = LiveOutput()
        /// The lines that are no answers.
        var lines = LineCollector()
        var output = OutputTail()
        var errors = OutputTail()
        var answer: Answer?
        var waiter: CheckedContinuation<Answer, Never>?

        /// Takes the first answer there is.
        mutating func resolve(_ answer: Answer) {
            guard self.answer == nil else { return }
            self.answer = answer
            waiter?.resume(returning: answer)
            waiter = nil
        }
    }

    /// What becomes of a batch in hand.
    private enum Answer: Sendable {
        case said(ProgramAnswer)
        case ended(ChildProcess.Exit)
        case wrong(String)
    }

    init(_ child: ChildProcess, _ program: BatchProgram) {
        self.child = child
        self.program = program
    }

    /// Whether the process has ended.
    var hasEnded: Bool { state.withLock { $0.exit != nil } }

    /// Whether it waits for another batch.
    var isReady: Bool { state.withLock { $0.isReady && $0.exit == nil } }

    /// Tells the process that no batch follows.
    func closeInput() { child.closeInput() }

    /// Ends the process: SIGTERM, and SIGKILL later.
    func terminate() {
        state.withLock { $0.isReady = false }
        child.terminate(patience: program.grace.patience)
    }

    // MARK: - Watching

    /// Reads what the process writes, until it has ended.
    func watch() async {
        async let reading: Void = child.readBoth(
            output: { [self] in
                take(output: $0)
                waitForRoom()
            },
            errors: { [self] in
                take(errors: $0)
                waitForRoom()
            }
        )
        let exit = await child.waitForExit()
        await reading
        program.guardian.remove(child.number)
        let (rest, isIdle) = state.withLock { state in
            let rest = state.lines.finish(inHand: state.work?.record.id)
            let isIdle = state.work == nil && !child.wasTerminated
            return (rest, isIdle)
        }
        take(rest)
        let (last, record) = state.withLock { ($0.errorLines.finish(), $0.work?.record) }
        if !last.isEmpty { program.copy(last, record, .errors) }
        state.withLock { state in
            state.exit = exit
            state.work?.resolve(.ended(exit))
        }
        if isIdle, exit != .code(0) {
            note("the program ended with \(exit.words) between batches")
        }
    }

    /// Waits until there is room for more; what the process cannot write meanwhile is no fault of
    /// its own.
    private func waitForRoom() {
        state.withLock { state in
            state.isWaiting = true
            state.work?.progress.beginWait()
        }
        program.room()
        state.withLock { state in
            state.isWaiting = false
            state.work?.progress.endWait()
        }
    }

    private func take(output bytes: ArraySlice<UInt8>) {
        take(state.withLock { $0.lines.add(bytes, inHand: $0.work?.record.id) })
    }

    private func take(_ parts: [AnswerLines.Part]) {
        for part in parts {
            switch part {
            case .answer(let answer): take(answer)
            case .other(let bytes):
                let work = state.withLock { state in
                    state.work?.output.add(bytes)
                    _ = state.work?.lines.add(bytes)
                    return state.work
                }
                work?.progress.report()
                work?.live.add(output: bytes)
                program.copy(bytes, work?.record, .output)
            }
        }
    }

    private func take(errors bytes: ArraySlice<UInt8>) {
        let (work, whole) = state.withLock { state in
            state.work?.errors.add(bytes)
            return (state.work, state.errorLines.add(Array(bytes)))
        }
        work?.progress.report()
        work?.live.add(errors: bytes)
        if !whole.isEmpty { program.copy(whole, work?.record, .errors) }
    }

    private func take(_ answer: ProgramAnswer) {
        let isAsked = state.withLock { state in
            guard let batch = state.work?.record.id, state.work?.answer == nil else { return false }
            state.answers += 1
            if let fault = answer.fault {
                state.work?.resolve(.wrong(fault))
            } else if answer.batch == batch {
                state.work?.resolve(.said(answer))
            } else {
                let words = "it answered batch \(answer.batch) while it worked on batch \(batch)"
                state.work?.resolve(.wrong(words))
            }
            return true
        }
        if !isAsked { note("the program answered batch \(answer.batch), which it has not in hand") }
    }

    private func note(_ words: String) {
        program.copy(Array("tranche: \(words)\n".utf8), nil, .errors)
    }

    // MARK: - Working

    private enum Part: Sendable {
        case fed(Result<Void, any Error>)
        case answered(Answer)
        case impatient
        case silent
        case kept
    }

    /// How long a program may have its whole batch before it is said that it has not answered.
    static let longestSilence = Duration.seconds(30)

    /// Has the process work on a batch; cancelled, it ends the process.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - form: What the process gets of an item.
    ///   - progress: Receives each line that it writes.
    /// - Returns: How that ended; `nil` where the process had ended by itself, with 0, after it had
    ///   answered what it had in hand: another is to work on this batch.
    /// - Throws: What reading the items throws.
    func work(
        on batch: Batch,
        as form: ItemForm,
        _ progress: BatchProgress
    ) async throws -> BatchProgram.End? {
        let header = try await Array(batch.programHeader().utf8)
        let begun = Work(record: batch.record, progress: progress)
        begin(begun)
        let (answer, fed) = await withTaskCancellationHandler {
            await converse(batch, header, form, begun.live)
        } onCancel: {
            terminate()
        }
        let (work, answers) = state.withLock { state in
            defer { state.work = nil }
            return (state.work, state.answers)
        }
        try fed.get()
        if case .ended(.code(0)) = answer, answers > 0, batch.execution != .atMostOnce,
            !child.wasTerminated
        {
            return nil
        }
        return end(answer, work)
    }

    private func begin(_ work: Work) {
        state.withLock { state in
            state.work = work
            if state.isWaiting { work.progress.beginWait() }
            if let exit = state.exit { state.work?.resolve(.ended(exit)) }
        }
    }

    /// Writes the batch, and waits until it is answered and read.
    private func converse(
        _ batch: Batch,
        _ header: [UInt8],
        _ form: ItemForm,
        _ live: LiveOutput
    ) async -> (Answer, Result<Void, any Error>) {
        await withTaskGroup(of: Part.self) { group in
            group.addTask {
                await live.keep(with: batch, clock: batch.inventory.configuration.clock)
                return .kept
            }
            group.addTask { [self] in .fed(await feed(batch, header, form)) }
            group.addTask { [self] in .answered(await givenAnswer()) }
            var (answer, fed): (Answer?, Result<Void, any Error>?)
            while answer == nil || fed == nil, let part = await group.next() {
                switch part {
                case .fed(let result):
                    fed = result
                    if case .failure = result { terminate() }
                    guard answer == nil else { break }
                    // What speaks no such protocol waits for more, and so does this.
                    group.addTask { [program] in
                        _ = try? await program.clock.sleep(for: Self.longestSilence)
                        return .silent
                    }
                case .answered(let given):
                    answer = given
                    if case .wrong = given { terminate() }
                    // What has answered is to read on to the batch's end.
                    group.addTask { [program] in
                        _ = try? await program.clock.sleep(for: program.grace.patience)
                        return .impatient
                    }
                case .impatient: if fed == nil { terminate() }
                case .silent: if answer == nil { noteSilence(batch) }
                case .kept: break
                }
            }
            group.cancelAll()
            return (answer ?? .wrong("it was not asked"), fed ?? .success(()))
        }
    }

    /// Says, once, that a program has all of its batch and does not answer.
    private func noteSilence(_ batch: Batch) {
        guard !Task.isCancelled, let words = program.silent.words(on: batch.record) else { return }
        program.copy(Array("tranche: \(words)\n".utf8), batch.record, .errors)
    }

    private func givenAnswer() async -> Answer {
        await withCheckedContinuation { continuation in
            state.withLock { state in
                if let answer = state.work?.answer {
                    continuation.resume(returning: answer)
                } else {
                    state.work?.waiter = continuation
                }
            }
        }
    }

    private func feed(
        _ batch: Batch,
        _ header: [UInt8],
        _ form: ItemForm
    ) async -> Result<Void, any Error> {
        do {
            guard try await child.write(header + "\n".utf8) else { return .success(()) }
            var takesMore = true
            try await batch.writeItems(as: form) { lines in
                takesMore = try await child.write(lines)
                return takesMore
            }
            if takesMore { _ = try await child.write(Array("{\"end\":\(batch.id)}\n".utf8)) }
            return .success(())
        } catch is CancellationError {
            // The process is ended.
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    private func end(_ answer: Answer, _ work: Work?) -> BatchProgram.End {
        var end: BatchProgram.End
        switch answer {
        case .said(let said):
            end = BatchProgram.End(exit: .code(said.exit), isCutShort: false)
            end.lastLine = said.result
            end.codeWords = { "status \($0)" }
        case .wrong(let words):
            end = BatchProgram.End(exit: .code(1), isCutShort: false)
            end.codeWords = { _ in words }
        case .ended(.code(0)):
            end = BatchProgram.End(exit: .code(1), isCutShort: child.wasTerminated)
            end.codeWords = { _ in "ended before it answered" }
        case .ended(let exit):
            end = BatchProgram.End(exit: exit, isCutShort: child.wasTerminated)
        }
        if let lines = work?.lines {
            end.badBefore = lines.badBefore.union(lines.badAtLast)
            end.mayBlameBefore = lines.mayBlameBefore || lines.mayBlameAtLast
        }
        end.output = work?.output ?? OutputTail()
        end.errors = work?.errors ?? OutputTail()
        return end
    }
}

extension ProgramEnd.Exit {
    /// The exit, in words.
    fileprivate var words: String {
        switch self {
        case .code(let code): "exit code \(code)"
        case .signal(let number): "signal \(number)"
        }
    }
}

extension Batch {
    /// The line that begins a batch for a program that goes on from one to the next: the document
    /// of the hand-out without its items, and what the program's variables would be.
    ///
    /// - Returns: The line, without its end.
    /// - Throws: What reading the note of the attempt before throws, or the items of pages.
    func programHeader() async throws -> String {
        var text = try HandedOutDocument(self).documentText()
        text.removeLast("\"items\":[]}".count)
        let variables = try await programVariables().sorted { $0.key < $1.key }
        let members = try variables.map { name, value in
            try name.documentText() + ":" + value.documentText()
        }
        return text + "\"env\":{\(members.joined(separator: ","))}}"
    }
}
