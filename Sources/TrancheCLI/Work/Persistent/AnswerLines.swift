import FoundationEssentials
import Tranche

/// What a program that goes on from batch to batch says of one.
struct ProgramAnswer: Sendable, Hashable {
    /// The batch's number.
    var batch: Int64
    /// What a program that ends with its batch would exit with: 0, or as it failed.
    var exit: Int32 = 0
    /// What the last line of such a program would be; `nil` where there is none.
    var result: LineCollector.Line?
    /// What keeps it from being an answer that is understood.
    var fault: String?

    private static let names: Set<String> = ["done", "exit", "result"]

    /// Reads a line; `nil` where it is not an answer.
    ///
    /// What is a JSON object with a member `done` that is a whole number is one. With such a number
    /// as a text it is one that is wrong, as is an object with such a member that is not JSON.
    ///
    /// - Parameters:
    ///   - line: The line.
    ///   - inHand: The batch that is worked on: a line that is not JSON and has its number at any
    ///     place of the outermost object is one that is wrong, too.
    init?(_ line: some Collection<UInt8>, inHand: Int64? = nil) {
        guard let (bytes, look) = Self.look(at: line) else { return nil }
        if let complaint = look.complaint(about: "its answer") {
            guard let number = Self.batch(ofBroken: bytes, look.members, inHand) else { return nil }
            batch = number
            fault = complaint
            return
        }
        func text(_ name: String) -> String? {
            look.members.last { $0.name == name }.map {
                String(decoding: bytes[$0.value], as: UTF8.self)
            }
        }
        // A line of the program's own may have such a member, and another kind of value.
        guard let done = text("done") else { return nil }
        if let number = Self.whole(done) {
            batch = number
        } else if done.hasPrefix("\""), let number = Int64(done.dropFirst().dropLast()) {
            batch = number
            fault = "its answer's \"done\" is a text, and not a number"
        } else {
            return nil
        }
        if let given = text("exit"), given != "null" {
            if let code = Self.code(given) {
                exit = code
            } else {
                fault = fault ?? "its answer's \"exit\" is not a whole number of 32 bits"
            }
        }
        if let other = Set(look.members.map(\.name)).subtracting(Self.names).min() {
            fault =
                fault
                ?? "its answer has a member \"\(other.prefix(80))\": beside \"done\" stand "
                + "\"exit\" and \"result\" alone"
        }
        guard let result = text("result"), result != "null" else { return }
        self.result = Self.kept(result, isValid: String(validating: bytes, as: UTF8.self) != nil)
        if !result.hasPrefix("{") {
            fault = fault ?? "the result of its answer is not a JSON object"
        }
    }

    /// Reads the start of a line that is too long to be an answer; `nil` where it does not begin as
    /// one, with the number of the batch.
    init?(tooLong start: some Collection<UInt8>) {
        guard let (bytes, look) = Self.look(at: start),
            let number = Self.done(in: bytes, look.members)
        else { return nil }
        batch = number
        fault = Self.tooLong
    }

    /// Reads the end of a line that is too long to be an answer, and begins as an object does;
    /// `nil` where it does not end as one for the batch in hand.
    init?(tooLongUpTo end: some Collection<UInt8>, inHand: Int64) {
        let bytes = Array(end)
        guard String(decoding: bytes, as: UTF8.self).trimmed(.all).hasSuffix("}"),
            Self.isNamed(inHand, in: bytes)
        else { return nil }
        batch = inHand
        fault = Self.tooLong
    }

    private static let tooLong = "its answer has more than \(AnswerLines.longest) bytes"

    /// A line that may be an answer, and what is found in it; `nil` where it is none.
    private static func look(
        at line: some Collection<UInt8>
    ) -> (bytes: [UInt8], look: StrictJSON.Look)? {
        let first = line.first { $0 != 0x20 && $0 != 0x09 }
        guard first == UInt8(ascii: "{") else { return nil }
        let bytes = Array(line)
        // Most of a program's own lines need not be read for it.
        guard String(decoding: bytes, as: UTF8.self).contains("\"done\"") else { return nil }
        return (bytes, bytes.withUnsafeBufferPointer { StrictJSON.look(at: $0) })
    }

    /// The number of the batch that a line answers which is not JSON; `nil` where it answers none.
    ///
    /// It is read where it stands before what is wrong, as the last member, and at any place of the
    /// outermost object where it is the batch in hand. What has no end is a line of the program's
    /// own.
    private static func batch(
        ofBroken bytes: [UInt8],
        _ members: [StrictJSON.Member],
        _ inHand: Int64?
    ) -> Int64? {
        let line = String(decoding: bytes, as: UTF8.self).trimmed(.all)
        guard line.hasSuffix("}") else { return nil }
        if let number = done(in: bytes, members) { return number }
        if let colon = line.lastIndex(of: ":"), line[..<colon].trimmed().hasSuffix("\"done\""),
            let number = whole(line[colon...].dropFirst().dropLast().trimmed())
        {
            return number
        }
        return inHand.flatMap { isNamed($0, in: bytes) ? $0 : nil }
    }

    /// Whether a batch is the value of a member `done` at any place of the outermost object, of
    /// which a text is the end at least.
    private static func isNamed(_ batch: Int64, in bytes: [UInt8]) -> Bool {
        bytes.ranges(of: Array("\"done\"".utf8)).contains { name in
            let rest = bytes[name.upperBound...]
            let start = String(decoding: rest.prefix(64), as: UTF8.self)
            let value = start.prefixMatch(of: #/\s*:\s*(-?[0-9]+)\s*[,}]/#)
            guard let value, Int64(value.output.1) == batch else { return false }
            return !isOfInnerObject(rest)
        }
    }

    /// Whether the object that has a member is a value within another.
    ///
    /// What stands before may be unknown, or no JSON: what follows the object's end tells it.
    ///
    /// - Parameter rest: What follows the member's name.
    /// - Returns: Whether it is.
    private static func isOfInnerObject(_ rest: ArraySlice<UInt8>) -> Bool {
        var depth = 1
        var isInText = false
        var isEscaped = false
        for (place, byte) in zip(rest.indices, rest) {
            if isEscaped {
                isEscaped = false
                continue
            }
            switch byte {
            case UInt8(ascii: "\\"): isEscaped = isInText
            case UInt8(ascii: "\""): isInText.toggle()
            case _ where isInText: break
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
            guard depth == 0 else { continue }
            let next = rest[(place + 1)...].first { !" \t\r\n".utf8.contains($0) }
            return next.map { ",]}".utf8.contains($0) } ?? false
        }
        return false
    }

    /// The number of the batch in the members of a line, as far as these were read.
    private static func done(in bytes: [UInt8], _ members: [StrictJSON.Member]) -> Int64? {
        members.last { $0.name == "done" }.flatMap {
            whole(String(decoding: bytes[$0.value], as: UTF8.self))
        }
    }

    /// A number as JSON has it; `nil` for one with a fraction, and for what is none.
    private static func whole(_ text: String) -> Int64? {
        // What cannot be decoded is no such number, which is a fault or no answer to who asks.
        Int64(text) ?? (try? JSONText.decode(Int64.self, from: text))
    }

    /// An exit code in the eight bits that a program exits with; `nil` for what is none.
    private static func code(_ text: String) -> Int32? {
        guard let code = whole(text).flatMap({ Int32(exactly: $0) }) else { return nil }
        return code != 0 && code & 0xFF == 0 ? 1 : code & 0xFF
    }

    /// A result as it is kept of a last line.
    private static func kept(_ text: String, isValid: Bool) -> LineCollector.Line {
        let count = text.utf8.count
        guard count > LineCollector.longestLine else {
            return LineCollector.Line(text: text, fault: isValid ? nil : "it is not UTF-8")
        }
        let kept = LineCollector.keptOfLonger
        return LineCollector.Line(
            text: String(decoding: text.utf8.prefix(kept), as: UTF8.self),
            fault: "it has \(count) bytes, of which the first \(kept) are kept",
            mayBlame: BlameMark.isFound(in: text.utf8)
        )
    }
}

/// Parts the output of a program that goes on from batch to batch into answers and all else.
struct AnswerLines: Sendable {
    /// A longer line is not an answer; one that begins as an answer is one that is wrong.
    static let longest = 8 << 20

    /// A part of the output.
    enum Part: Sendable, Hashable {
        case answer(ProgramAnswer)
        /// Whole lines, or a piece of a very long one.
        case other([UInt8])
    }

    private var pending: [UInt8] = []
    /// Whether what comes belongs to a line of which pieces were passed on.
    private var isLong = false
    /// The end of these pieces, where the line begins as an object does and is no answer so far.
    private var endOfLong: [UInt8]?

    /// How much is looked at of the end of a line that is too long.
    private static let lookedAt = 256

    /// Takes bytes.
    ///
    /// - Parameters:
    ///   - bytes: The bytes.
    ///   - batch: The batch that is worked on, which a wrong answer may be known by.
    /// - Returns: What they complete, in order.
    mutating func add(_ bytes: some Collection<UInt8>, inHand batch: Int64? = nil) -> [Part] {
        pending += bytes
        var parts: [Part] = []
        var start = 0
        while let end = pending[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = pending[start...end]
            if !isLong, let answer = ProgramAnswer(line, inHand: batch) {
                parts.append(.answer(answer))
            } else {
                Self.add(line, to: &parts)
                if let endOfLong, let batch,
                    let answer = ProgramAnswer(
                        tooLongUpTo: (endOfLong + line).suffix(Self.lookedAt),
                        inHand: batch
                    )
                {
                    parts.append(.answer(answer))
                }
            }
            isLong = false
            endOfLong = nil
            start = end + 1
        }
        pending.removeFirst(start)
        if pending.count > Self.longest {
            Self.add(pending[...], to: &parts)
            if !isLong, let answer = ProgramAnswer(tooLong: pending) {
                parts.append(.answer(answer))
            } else if isLong ? endOfLong != nil : Self.beginsAsObject(pending) {
                endOfLong = Array(pending.suffix(Self.lookedAt))
            }
            pending = []
            isLong = true
        }
        return parts
    }

    /// Ends the output.
    ///
    /// - Parameter batch: The batch that is worked on.
    /// - Returns: What is left.
    mutating func finish(inHand batch: Int64? = nil) -> [Part] {
        pending.isEmpty ? [] : add([UInt8(ascii: "\n")], inHand: batch)
    }

    private static func beginsAsObject(_ line: [UInt8]) -> Bool {
        line.first { $0 != 0x20 && $0 != 0x09 } == UInt8(ascii: "{")
    }

    private static func add(_ bytes: ArraySlice<UInt8>, to parts: inout [Part]) {
        if case .other(let before) = parts.last {
            parts[parts.count - 1] = .other(before + bytes)
        } else {
            parts.append(.other(Array(bytes)))
        }
    }
}
