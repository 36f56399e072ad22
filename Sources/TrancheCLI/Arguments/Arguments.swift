/// The arguments of a command, taken apart.
struct Arguments: Sendable {
    /// Options with their values in order; an option without a value has an empty one.
    var values: [String: [String]] = [:]
    /// The operands.
    var operands: [String] = []
    /// The program and its arguments, after `--`.
    var program: [String] = []

    func has(_ option: String) -> Bool {
        values[option] != nil
    }

    /// Whether a help text is asked for rather than the command.
    var asksForHelp: Bool { has("help") || has("help-all") }

    func text(_ option: String) -> String? {
        values[option]?.last
    }

    func texts(_ option: String) -> [String] {
        values[option] ?? []
    }

    func required(_ option: String) throws -> String {
        guard let value = text(option) else { throw UsageError("--\(option) is missing") }
        return value
    }

    /// The value of an option, read by `parse`.
    ///
    /// - Throws: ``UsageError`` naming the option and the value.
    func value<Value>(_ option: String, _ parse: (String) throws -> Value) throws -> Value? {
        guard let text = text(option) else { return nil }
        return try read(text, of: "--\(option)", parse)
    }

    /// The operand at a place.
    ///
    /// - Throws: ``UsageError`` naming it where there is none.
    func operand(_ index: Int, _ name: String) throws -> String {
        guard operands.indices.contains(index) else { throw UsageError("\(name) is missing") }
        return operands[index]
    }

    /// The first operand, as one of the choices that its description gives.
    ///
    /// - Throws: ``UsageError`` where it is missing, or none of them.
    func choice<Choice: RawRepresentable<String>>(of command: CommandDescription) throws -> Choice {
        let name = command.operands[0].name
        let text = try operand(0, name)
        guard let choice = Choice(rawValue: text) else {
            throw UsageError("'\(text)' is none of \(name)")
        }
        return choice
    }

    /// The operand at a place, read by `parse`.
    func operand<Value>(
        _ index: Int,
        of command: CommandDescription,
        _ parse: (String) throws -> Value
    ) throws -> Value {
        let name = command.operands[index].name
        return try read(try operand(index, name), of: name, parse)
    }

    private func read<Value>(
        _ text: String,
        of name: String,
        _ parse: (String) throws -> Value
    ) throws -> Value {
        do {
            return try parse(text)
        } catch let error as ValueError {
            throw UsageError("\(name) '\(text)': \(error.message)")
        }
    }
}

/// A wrong command line.
struct UsageError: Error, Sendable, CustomStringConvertible {
    let description: String

    init(_ message: String) {
        description = message
    }
}

/// A value that is not what it should be; the caller that knows its name adds the name.
struct ValueError: Error, Sendable {
    let message: String

    init(_ message: String) {
        self.message = message
    }
}
