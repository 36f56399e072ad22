import Tranche

/// The next batch as a program would get it.
struct WorkPreviewDocument: Codable, Sendable, Hashable {
    let batch: Int64
    let attempt: Int
    let kind: BatchKind
    let idStart: Int64
    let idEnd: Int64
    let count: Int
    let weight: Double
    let command: [String]
    let calls: Int
    let environment: [String]
    let input: [String]
    let isWhole: Bool

    /// Makes the document.
    ///
    /// - Parameters:
    ///   - batch: The batch; a new one has the number 0.
    ///   - given: What the program is given of it.
    ///   - variables: The program's variables, by name.
    init(_ batch: Batch, _ given: ProgramPreview, _ variables: [String: String]) {
        self.batch = batch.id
        attempt = batch.attempt
        kind = batch.kind
        idStart = batch.ids.lowerBound
        idEnd = batch.ids.upperBound
        count = batch.count
        weight = batch.weight
        command = given.command
        calls = given.calls
        environment = variables.map { "\($0.key)=\($0.value)" }.sorted()
        input = given.lines
        isWhole = given.isWhole
    }

    private enum CodingKeys: String, CodingKey {
        case batch, attempt, kind
        case idStart = "id_start"
        case idEnd = "id_end"
        case count, weight, command, calls, environment, input
        case isWhole = "input_complete"
    }

    /// Arguments that people are shown.
    private static let mostArguments = 10

    /// For people.
    ///
    /// - Parameter weighsBytes: Whether weights are bytes.
    /// - Returns: Lines.
    func text(weighsBytes: Bool) -> String {
        let name = batch == 0 ? "new, and gets its number later" : "batch \(batch) once more"
        var lines = [
            "the next batch is \(name): \(HumanText.count(count, "item")), "
                + "ids \(HumanText.ids(idStart, idEnd)), "
                + "weight \(HumanText.weight(weight, isBytes: weighsBytes)), attempt \(attempt)",
            "", calls > 1 ? "command, the first of \(HumanText.number(calls)) calls" : "command",
        ]
        lines += command.prefix(Self.mostArguments).enumerated().map { place, word in
            "  [\(place)] \(HumanText.oneLine(word))"
        }
        let left = command.count - Self.mostArguments
        if left > 0 { lines.append("  … and \(HumanText.number(left)) more (all with --json)") }
        lines += ["", "environment"]
        lines += environment.map { "  \(HumanText.oneLine($0))" }
        lines += ["", input.isEmpty ? "standard input: empty" : "standard input"]
        lines += input.map { "  \(HumanText.oneLine($0))" }
        if !isWhole { lines.append("  …") }
        return lines.joined(separator: "\n") + "\n"
    }
}
