internal import CPosix
import FoundationEssentials
import Glibc
import Synchronization
import Tranche

/// Takes a command line apart by its command's table of options, with getopt_long.
struct ArgumentParser {
    /// getopt_long keeps its place in the line in global variables: one line at a time.
    private static let turn = Mutex<Void>(())

    /// Above what getopt_long answers for characters.
    private static let firstCode: Int32 = 1000

    /// What options are called elsewhere.
    private static let otherNames = [
        "table": "meta", "source": "meta", "from-table": "meta", "database": "meta-db",
        "db": "inventory", "filter": "where", "id": "uid", "primary-key": "uid",
        "batch-size": "count", "limit": "count", "size": "weight", "threads": "workers",
        "parallel": "workers", "concurrency": "workers", "retries": "max-attempts",
        "max-retries": "max-attempts", "force": "yes", "watch": "follow", "verbose": "log",
        "quiet": "log", "start": "from", "end": "to",
    ]

    private let command: CommandDescription
    private let options: [CommandDescription.Option]
    private let stopsAtOperand: Bool

    /// Makes a parser.
    ///
    /// - Parameters:
    ///   - command: The command.
    ///   - stopsAtOperand: Whether what follows the first operand is left as it is.
    init(_ command: CommandDescription, stopsAtOperand: Bool = false) {
        self.command = command
        self.stopsAtOperand = stopsAtOperand
        options = command.options + CommandDescription.OptionGroup.global.options
    }

    /// Takes arguments apart.
    ///
    /// - Parameter arguments: The arguments, without the program's or command's name.
    /// - Returns: The arguments; when a help text is asked for, required ones may be missing.
    /// - Throws: ``UsageError``.
    func parse(_ arguments: [String]) throws -> Arguments {
        let parsed = try Self.turn.withLock { _ in try scan(arguments) }
        if !parsed.asksForHelp, !stopsAtOperand { try check(parsed) }
        return parsed
    }

    // MARK: - Scanning

    private func scan(_ arguments: [String]) throws -> Arguments {
        let copies = ([command.name] + arguments).map { strdup($0) } + [nil]
        let names = options.map { strdup($0.name) }
        defer { for copy in copies + names { free(copy) } }
        // Numbers of their own, or an abbreviation of several would be taken for the first of them.
        var table = options.indices.map { place in
            option(
                name: names[place],
                has_arg: options[place].placeholder == nil ? no_argument : required_argument,
                flag: nil,
                val: Self.firstCode + Int32(place)
            )
        }
        table.append(option(name: nil, has_arg: 0, flag: nil, val: 0))
        var parsed = Arguments()
        tranche_getopt_reset()
        let count = Int32(arguments.count + 1)
        // A leading '+' stops at the first operand, '-' gives operands in order; ':' tells a
        // missing value from an unknown option.
        let short = stopsAtOperand ? "+:h" : "-:h"
        var place = tranche_getopt_index()
        while true {
            let code = tranche_getopt(count, copies, short, table, nil)
            if code == -1 { break }
            let value = tranche_getopt_argument().map { String(cString: $0) }
            let here = arguments.dropFirst(Int(max(place, 1)) - 1).first ?? ""
            place = tranche_getopt_index()
            switch code {
            case Self.firstCode...:
                try add(options[Int(code - Self.firstCode)], value ?? "", to: &parsed)
            case 1: parsed.operands.append(value ?? "")
            case Int32(UInt8(ascii: "h")): parsed.values["help"] = [""]
            case Int32(UInt8(ascii: ":")): throw UsageError("\(here) needs a value")
            default: throw unknown(here)
            }
        }
        let rest = Array(arguments.dropFirst(Int(tranche_getopt_index()) - 1))
        if stopsAtOperand { parsed.operands = rest } else { parsed.program = rest }
        return parsed
    }

    private func add(
        _ option: CommandDescription.Option,
        _ value: String,
        to parsed: inout Arguments
    ) throws {
        if parsed.has(option.name), !option.isRepeatable, option.placeholder != nil {
            throw UsageError("--\(option.name) is given twice; give it once")
        }
        parsed.values[option.name, default: []].append(value)
    }

    // MARK: - Checking

    private func check(_ parsed: Arguments) throws {
        if command.operands.last?.isRepeatable != true,
            let extra = parsed.operands.dropFirst(command.operands.count).first
        {
            let hint = command.takesProgram ? "; the program to run goes after '--'" : ""
            throw UsageError("unexpected argument '\(extra)'\(hint)\(seeHelp)")
        }
        if command.takesProgram, parsed.program.isEmpty {
            throw UsageError("the program to run is missing: give it after '--'\(seeHelp)")
        }
        if !command.takesProgram, let extra = parsed.program.first {
            throw UsageError("unexpected argument '\(extra)'\(seeHelp)")
        }
        if let missing = command.operands.dropFirst(parsed.operands.count).first,
            !missing.isOptional
        {
            guard missing.choices.isEmpty else {
                let choices = missing.choices.joined(separator: ", ")
                throw UsageError("give one of \(choices)\(seeHelp)")
            }
            throw UsageError("\(missing.name) is missing\(seeHelp)")
        }
        for (operand, value) in zip(command.operands, parsed.operands)
        where !operand.choices.isEmpty && !operand.choices.contains(value) {
            let choices = operand.choices.joined(separator: ", ")
            throw UsageError("'\(value)' is not one of \(choices)\(seeHelp)")
        }
        let missing = command.options.filter { $0.isRequired && !parsed.has($0.name) }
        guard missing.isEmpty else {
            let names = missing.map { "--\($0.name) \($0.placeholder ?? "")" }.joined(
                separator: ", "
            )
            throw UsageError("\(names) \(missing.count == 1 ? "is" : "are") missing\(seeHelp)")
        }
    }

    private var seeHelp: String {
        command.name.isEmpty ? "; see 'tranche --help'" : "; see 'tranche \(command.name) --help'"
    }

    private func unknown(_ argument: String) -> UsageError {
        let asked = argument.drop { $0 == "-" }.prefix { $0 != "=" }
        let names = options.map(\.name)
        if argument.hasPrefix("--"), names.contains(String(asked)) {
            return UsageError("--\(asked) takes no value")
        }
        let starting = names.filter { $0.hasPrefix(asked) }
        if argument.hasPrefix("--"), starting.count > 1 {
            let list = starting.map { "--\($0)" }.joined(separator: ", ")
            return UsageError("--\(asked) may be \(list); write more of it")
        }
        let known = Self.otherNames[String(asked)].flatMap { names.contains($0) ? $0 : nil }
        let nearest =
            (known ?? NearestName(names).to(String(asked))).map { "; did you mean --\($0)?" }
            ?? seeHelp
        let shown = argument.hasPrefix("--") ? "--\(asked)" : String(argument.prefix(2))
        return UsageError("unknown option '\(shown)'\(nearest)")
    }
}
