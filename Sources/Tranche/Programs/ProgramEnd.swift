import FoundationEssentials

/// How a program that worked on a batch ended, on this machine or in a container.
package struct ProgramEnd: Sendable {
    /// How it exited.
    package var exit: Exit
    /// The last line of its output.
    package var lastLine: LineCollector.Line? {
        didSet { result = lastLine.flatMap { KeptResult($0) } }
    }
    /// The result: the last line, when it begins as a JSON object does.
    package private(set) var result: KeptResult?
    /// The items that lines before the last one blame: where that leaves some of them out, it
    /// cannot be told what is meant.
    package var badBefore: Set<ExactText> = []
    /// Whether a line before the last one may blame items, and is too long to be read.
    package var mayBlameBefore = false
    /// The items that earlier runs for the same batch blame.
    private var blameOfEarlier: Result<[ProgramBlame], Fault> = .success([])
    /// The numbers of the batch's events by their ids, by which it may name them; `nil` where the
    /// items are no events.
    package var events: [ExactText: [Int64]]?
    /// The end of its output.
    package var output = OutputTail()
    /// The end of what it wrote to standard error.
    package var errors = OutputTail()
    /// Why what follows its page could not be named; `nil` where nothing was in the way.
    package var namingFault: String?
    /// Whether it was cut short, whatever it says about itself: the batch is given back.
    package var isCutShort: Bool
    /// How an exit code is told.
    package var codeWords: @Sendable (Int32) -> String = { "exit code \($0)" }

    /// How a program exits.
    package enum Exit: Sendable, Hashable {
        case code(Int32)
        case signal(Int32)
    }

    /// What is wrong with what a program says.
    struct Fault: Error {
        let message: String
    }

    /// The exit status `EX_TEMPFAIL` of `sysexits.h`.
    private static let temporaryFailure: Int32 = 75

    /// Describes an end.
    package init(
        exit: Exit,
        lastLine: LineCollector.Line? = nil,
        output: OutputTail = OutputTail(),
        errors: OutputTail = OutputTail(),
        isCutShort: Bool
    ) {
        self.exit = exit
        self.lastLine = lastLine
        self.output = output
        self.errors = errors
        self.isCutShort = isCutShort
        result = lastLine.flatMap { KeptResult($0) }
    }

    /// The end of a later run for the same batch, with what both wrote.
    package func following(_ earlier: ProgramEnd) -> ProgramEnd {
        var end = self
        end.output = output.following(earlier.output)
        end.errors = errors.following(earlier.errors)
        end.blameOfEarlier = Result { () throws(Fault) in try earlier.blames() }
        return end
    }

    /// Whether trying the same again may succeed, as the program says.
    package var isTransient: Bool { exit == .code(Self.temporaryFailure) }

    /// The items to blame as the result names them, with what is wrong with each.
    ///
    /// - Parameter batch: The batch.
    /// - Returns: The reasons by the ids of the items.
    /// - Throws: ``Fault`` when it names something else; `TrancheError` `.invalidArgument` for what
    ///   names no item; the source's failure.
    func badItems(of batch: Batch) async throws -> [Int64: String?] {
        var reasons: [Int64: String?] = [:]
        for blame in try blames() {
            try await reasons.merge(blame.reasons(of: batch, named: events)) { $1 }
        }
        return reasons
    }

    /// The blame of earlier runs for the same batch, then its own.
    private func blames() throws(Fault) -> [ProgramBlame] {
        let own = try blame()
        if mayBlameBefore, isSuccess {
            throw Fault(
                message: "it seems to blame items in a long line that is not its last: the last "
                    + "line of its output names all bad items"
            )
        }
        let others = badBefore.subtracting(own?.reasons.keys.map { $0 } ?? []).map(\.text).sorted()
        guard let first = others.first else {
            return try blameOfEarlier.get() + (own.map { [$0] } ?? [])
        }
        let which =
            others.count == 1
            ? "item \(first)" : "\(others.count) items, such as \(first),"
        throw Fault(
            message: "it names \(which) as bad in a line that is not its last: the last line of "
                + "its output names all bad items"
        )
    }

    /// Whom and what the result blames; `nil` where it is not JSON.
    private func blame() throws(Fault) -> ProgramBlame? {
        guard let result else { return nil }
        guard result.note == nil else {
            // Whether it blames items cannot be told, and nothing that a program says is lost.
            guard isSuccess, result.mayBlame else { return nil }
            throw Fault(message: "its last line seems to blame items, and cannot be read")
        }
        do {
            return try JSONText.decode(ProgramBlame.self, from: result.json)
        } catch let fault as Fault {
            throw fault
        } catch {
            return nil
        }
    }

    private var isSuccess: Bool { exit == .code(0) }

    /// What is kept as the error of a failure: how it exited, and its last words.
    package var failure: String? {
        let words: String
        switch exit {
        case .code(0): return namingFault
        case .code(let code): words = codeWords(code)
        case .signal(let number): words = "killed by signal \(number)"
        }
        guard let line = lastWords else { return words }
        // No database keeps a NUL in a text. A password that is cut in two is not known as one.
        return "\(words): \(redacted(line).cut(to: 500).replacing("\0", with: "\u{FFFD}"))"
    }

    /// The line that says what went wrong: a result that names an error, else the last line of
    /// standard error, else that of the output.
    private var lastWords: String? {
        let line = lastLine?.text.trimmed()
        // What cannot be read is told where the items to blame are asked for.
        let blame = try? blame()
        if let error = blame?.error { return error }
        if let blame, blame.reasons.values.contains(where: { $0 != nil }) { return blame.words }
        if let words = errors.lastLine { return words }
        // What a line tells this program says nothing of what went wrong.
        guard result.map(\.isToldToTranche) ?? false else { return line }
        if let blame, !blame.reasons.isEmpty { return blame.words }
        return output.lastLine { line in
            !(KeptResult(LineCollector.Line(text: line))?.isToldToTranche ?? false)
        }
    }

    /// What is kept of what it wrote; `nil` where it wrote nothing.
    package var written: AttemptOutput? {
        AttemptOutput(
            standardError: errors.text,
            standardOutput: output.text,
            note: noteFault == nil ? note : nil
        ).ifAny
    }

    /// What it leaves for the next attempt, as its result says.
    private var note: String? {
        guard let result, result.note == nil else { return nil }
        // A result that is no object leaves none.
        return (try? JSONText.decode(ProgramNote.self, from: result.json))?.text
    }

    /// Why its note is not kept; `nil` where it is, or there is none.
    var noteFault: String? {
        do {
            try note.map(AttemptOutput.validate(note:))
            return nil
        } catch {
            return (error as? TrancheError)?.message
        }
    }
}
