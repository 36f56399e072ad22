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

    private struct Members: Decodable {
        var done: Int64
        var exit: Int32?
    }

    /// Reads a line; `nil` where it is not an answer.
    ///
    /// What is a JSON object with a member `done` that is a whole number is one.
    init?(_ line: some Collection<UInt8>) {
        let first = line.first { $0 != 0x20 && $0 != 0x09 }
        guard first == UInt8(ascii: "{") else { return nil }
        let text = String(decoding: line, as: UTF8.self)
        guard text.contains("\"done\""), StrictJSON.fault(in: text) == nil else { return nil }
        // A line of the program's own may have such a member, and another kind of value.
        guard let members = try? JSONText.decode(Members.self, from: text) else { return nil }
        batch = members.done
        // A program exits with eight bits.
        let code = members.exit ?? 0
        exit = code != 0 && code & 0xFF == 0 ? 1 : code & 0xFF
        let spelt = JSONMembers(text)
        if let other = spelt.names.subtracting(Self.names).min() {
            fault =
                "its answer has a member \"\(other.prefix(80))\": beside \"done\" stand \"exit\" and "
                + "\"result\" alone"
        }
        guard let result = spelt["result"], result != "null" else { return }
        self.result = Self.kept(result)
        if !result.hasPrefix("{") {
            fault = fault ?? "the result of its answer is not a JSON object"
        }
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

/// The members of a JSON object as they are spelt.
struct JSONMembers {
    private var texts: [String: String] = [:]

    /// Reads the members of a text that is a strict JSON object.
    init(_ text: String) {
        let bytes = Array(text.utf8)
        guard var place = bytes.firstIndex(of: UInt8(ascii: "{")) else { return }
        place += 1
        while let quote = bytes[place...].firstIndex(of: UInt8(ascii: "\"")) {
            let nameEnd = Self.end(ofValueAt: quote, in: bytes)
            guard let colon = bytes[nameEnd...].firstIndex(of: UInt8(ascii: ":")) else { return }
            let start = bytes[(colon + 1)...].firstIndex { !Self.isBlank($0) } ?? bytes.endIndex
            let end = Self.end(ofValueAt: start, in: bytes)
            let name = String(decoding: bytes[quote..<nameEnd], as: UTF8.self)
            // It is strict JSON: whatever cannot be read as a text is none of the names looked for.
            if let key = try? JSONText.decode(String.self, from: name) {
                texts[key] = String(decoding: bytes[start..<end], as: UTF8.self)
            }
            place = end
        }
    }

    /// The members' names.
    var names: Set<String> { Set(texts.keys) }

    subscript(_ name: String) -> String? { texts[name] }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    /// Where a value ends that begins at a place.
    private static func end(ofValueAt start: Int, in bytes: [UInt8]) -> Int {
        var (place, depth, isInText) = (start, 0, false)
        while place < bytes.count {
            let byte = bytes[place]
            if isInText {
                if byte == UInt8(ascii: "\\") { place += 1 }
                isInText = byte != UInt8(ascii: "\"")
            } else if byte == UInt8(ascii: "\"") {
                isInText = true
            } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                depth += 1
            } else if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") {
                if depth == 0 { return place }
                depth -= 1
            } else if depth == 0, byte == UInt8(ascii: ",") || isBlank(byte) {
                return place
            }
            place += 1
            let isClosing = byte == UInt8(ascii: "\"") || byte | 0x20 == UInt8(ascii: "}")
            if depth == 0, !isInText, isClosing { return place }
        }
        return place
    }
}
