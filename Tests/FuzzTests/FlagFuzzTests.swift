import Foundation
import Testing
import Tranche
import TrancheConnectors
import TrancheHTTP
import TrancheMongo
import TranchePostgreSQL

@testable import TrancheCLI

@Suite("Odd command lines and settings", .timeLimit(.minutes(600)))
struct FlagFuzzTests {
    @Test("A command line is read, or refused with words")
    func flags() async throws {
        try await FuzzRun(kind: "flags", percent: 10).run { random in
            let type = random.pick(Program.commands)
            let line = Self.line(for: type.description, &random)
            do {
                let parsed = try ArgumentParser(type.description).parse(line)
                _ = try type.init(parsed)
                let settings = try Settings(parsed, environment: Self.environment(&random))
                _ = try Connectors.ofProgram.inventory(settings.inventory, settings.connecting)
                _ = try settings.tables
                _ = try settings.configuration()
                _ = try ObjectStoreConfiguration(environment: settings.credentials)
            } catch {
                #expect(!"\(error)".isEmpty, "\(line)")
            }
        }
    }

    @Test("A value of a flag is read, or refused with words")
    func values() async throws {
        try await FuzzRun(kind: "values", percent: 10).run { random in
            let text = random.text()
            let readers: [(String) throws -> Any] = [
                parseDuration, parseWeight, { try parseCount($0) }, parseID, parseBounds, parseIDs,
                { try Connectors.ofProgram.source(SourceSpec($0), ConnectorContext()) },
                { try Connectors.ofProgram.target(of: SinkSpec($0)) },
                { try Connectors.ofProgram.inventory(DatabaseSpec($0), ConnectorContext()) },
                { try PostgreSQLURL($0) }, { try MongoLocation($0) }, { try CypherLocation($0) },
            ]
            // Slower than the others together.
            if random.hits(oneIn: 20) { #expect(redacted(text).isEmpty == text.isEmpty) }
            for read in readers {
                do {
                    let value = try read(text)
                    if let duration = value as? Duration { #expect(!duration.words.isEmpty) }
                } catch {
                    #expect(!"\(error)".isEmpty, "\(text)")
                }
            }
            let (value, other) = (random.double(), random.double())
            _ = HumanText.weight(value, isBytes: random.hits(oneIn: 2))
            _ = HumanText.relative(
                .init(timeIntervalSince1970: value),
                to: .init(timeIntervalSince1970: other)
            )
            _ = random.duration().words
            let document = try [text: value].documentText()
            #expect(document.utf8.starts(with: #"{""#.utf8) && document.utf8.last == 0x7D)
        }
    }

    @Test("A file of settings is read, or refused with words")
    func dotenv() async throws {
        try await FuzzRun(kind: "settings", percent: 10).run { random in
            var text = ""
            for _ in 0..<random.count(0...6) {
                let name = random.hits(oneIn: 4) ? random.text() : random.pick(Settings.keys)
                text +=
                    random.pick(["", "export ", " ", "#"]) + name + random.pick(["=", " = ", ""])
                text +=
                    random.pick(["", "'", "\""]) + random.text()
                    + random.pick(["\n", "'\n", "\"\n", " # c\n", "\\"])
            }
            do {
                let entries = try Dotenv(text, file: "f").entries
                let environment = Dictionary(
                    entries.map { ($0.key, $0.value) },
                    uniquingKeysWith: { $1 }
                )
                let settings = try Settings(Arguments(), environment: environment)
                _ = try settings.configuration()
                _ = try settings.inventory
            } catch {
                #expect(!"\(error)".isEmpty, "\(text)")
            }
        }
    }

    /// A command line of the command's own options, with odd values.
    private static func line(for command: CommandDescription, _ random: inout FuzzRandom)
        -> [String]
    {
        var line: [String] = []
        for option in command.options where option.isRequired && !random.hits(oneIn: 10) {
            line += words(of: option, &random)
        }
        let options = command.options
        for _ in 0..<random.count(0...5) where !options.isEmpty {
            line += words(of: random.pick(options), &random)
        }
        for operand in command.operands where !random.hits(oneIn: 6) {
            let isKnown = !operand.choices.isEmpty && !random.hits(oneIn: 4)
            line.append(isKnown ? random.pick(operand.choices) : random.text())
        }
        if random.hits(oneIn: 8) { line.append(random.text()) }
        if random.hits(oneIn: 8) { line.append("--" + random.text()) }
        if command.takesProgram || random.hits(oneIn: 20) { line += ["--", "true", random.text()] }
        // No process is given a NUL in an argument.
        return line.map { $0.replacing("\0", with: "0") }
    }

    private static func words(
        of option: CommandDescription.Option,
        _ random: inout FuzzRandom
    ) -> [String] {
        let name = "--" + option.name
        guard option.placeholder != nil else { return [name] }
        let isKnown = !option.choices.isEmpty && random.hits(oneIn: 2)
        let value = isKnown ? random.pick(option.choices) : random.text()
        return random.hits(oneIn: 3) ? ["\(name)=\(value)"] : [name, value]
    }

    private static func environment(_ random: inout FuzzRandom) -> [String: String] {
        var environment = ["TRANCHE_INVENTORY": "sqlite:x"]
        for key in Settings.keys where random.hits(oneIn: 8) { environment[key] = random.text() }
        for key in ["AWS_ENDPOINT_URL", "AWS_REGION", "MONGO_PORT", "MONGO_HOST"]
        where random.hits(oneIn: 16) {
            environment[key] = random.text()
        }
        return environment
    }
}
