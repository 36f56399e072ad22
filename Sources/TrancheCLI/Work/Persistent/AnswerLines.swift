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
    /// as a text it is one that is wrong.
    init?(_ line: some Collection<UInt8>) {
        let first = line.first { $0 != 0x20 && $0 != 0x09 }
        guard first == UInt8(ascii: "{") else { return nil }
        let bytes = Array(line)
        // Most of a program's own lines need not be read for it.
        guard String(decoding: bytes, as: UTF8.self).contains("\"done\"") else { return nil }
        let look = bytes.withUnsafeBufferPointer { StrictJSON.look(at: $0) }
        guard look.fault == nil else { return nil }
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
        switch text("exit") {
        case nil, "null": break
        case .some(let given):
            // A program exits with eight bits.
            if let code = Self.whole(given).flatMap({ Int32(exactly: $0) }) {
                exit = code != 0 && code & 0xFF == 0 ? 1 : code & 0xFF
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
        self.result = Self.kept(result)
        if !result.hasPrefix("{") {
            fault = fault ?? "the result of its answer is not a JSON object"
        }
    }

    /// A number as JSON has it; `nil` for one with a fraction, and for what is none.
    private static func whole(_ text: String) -> Int64? {
        // What cannot be decoded is no such number, which is a fault or no answer to who asks.
        Int64(text) ?? (try? JSONText.decode(Int64.self, from: text))
    }

    /// A result as it is kept of a last line.
    private static func kept(_ text: String) -> LineCollector.Line {
        let count = text.utf8.count
        guard count > LineCollector.longestLine else { return LineCollector.Line(text: text) }
        let kept = LineCollector.keptOfLonger
        return LineCollector.Line(
            text: String(decoding: text.utf8.prefix(kept), as: UTF8.self),
            fault: "it has \(count) bytes, of which the first \(kept) are kept"
        )
    }
}

/// Parts the output of a program that goes on from batch to batch into answers and all else.
struct AnswerLines: Sendable {
    /// A longer line is not an answer.
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

    /// Takes bytes.
    ///
    /// - Returns: What they complete, in order.
    mutating func add(_ bytes: some Collection<UInt8>) -> [Part] {
        pending += bytes
        var parts: [Part] = []
        var start = 0
        while let end = pending[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = pending[start...end]
            if !isLong, let answer = ProgramAnswer(line) {
                parts.append(.answer(answer))
            } else {
                Self.add(line, to: &parts)
            }
            isLong = false
            start = end + 1
        }
        pending.removeFirst(start)
        if pending.count > Self.longest {
            Self.add(pending[...], to: &parts)
            pending = []
            isLong = true
        }
        return parts
    }

    /// Ends the output.
    mutating func finish() -> [Part] {
        pending.isEmpty ? [] : add([UInt8(ascii: "\n")])
    }

    private static func add(_ bytes: ArraySlice<UInt8>, to parts: inout [Part]) {
        if case .other(let before) = parts.last {
            parts[parts.count - 1] = .other(before + bytes)
        } else {
            parts.append(.other(Array(bytes)))
        }
    }
}
