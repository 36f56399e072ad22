import Foundation
import Testing
import TranchePostgreSQL

@testable import Tranche
@testable import TrancheChains
@testable import TrancheCLI
@testable import TrancheSQL

@Suite("Odd JSON, records and texts", .timeLimit(.minutes(600)))
struct JSONFuzzTests {
    @Test("A program's last line is kept, whatever it is, and is strict JSON then")
    func results() async throws {
        try await FuzzRun(kind: "results", percent: 15).run { random in
            let text = random.json()
            let isStrict = JSONText.isValid(text)
            if isStrict {
                // What is taken for strict is so for Foundation, too.
                let read = try? JSONSerialization.jsonObject(
                    with: Data(text.utf8),
                    options: .fragmentsAllowed
                )
                #expect(read != nil, "\(text)")
            }
            var lines = LineCollector()
            _ = lines.add(random.bytes(5) + random.mutated(Array(text.utf8)) + [10])
            _ = lines.finish()
            for line in [lines.lastLine, .init(text: text)].compactMap({ $0 }) {
                guard let result = KeptResult(line) else { continue }
                #expect(JSONText.isValid(result.json), "\(line.text)")
                #expect(!result.json.contains("\0"), "\(line.text)")
            }
            let end = BatchProgram.End(
                exit: .code(1),
                lastLine: .init(text: text),
                isCutShort: false
            )
            #expect(end.failure != nil, "\(text)")
            _ = try? JSONText.decode(ProgramBlame.self, from: text)
        }
    }

    @Test("A state, a definition or a schema is read, or refused with words")
    func documents() async throws {
        let names = [
            "database", "table", "uid", "item", "weight", "filter", "identity", "settleColumn",
            "count", "columns",
            "rows", "id", "all", "hold", "until", "reason", "files", "generations",
        ]
        let keywords = [
            "type", "properties", "required", "enum", "const", "minimum", "maximum",
            "exclusiveMinimum", "multipleOf",
            "minLength", "maxLength", "pattern", "format", "items", "prefixItems", "minItems",
            "uniqueItems", "contains",
            "minContains", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "$ref", "$defs",
            "patternProperties",
            "additionalProperties", "dependentRequired", "propertyNames", "minProperties",
            "unevaluatedProperties",
            "rename", "group", "constant", "lowercase",
        ]
        try await FuzzRun(kind: "documents", percent: 8).run { random in
            let text = random.hits(oneIn: 2) ? random.object(names) : random.json()
            _ = try? JSONText.decode(SourceDefinition.self, from: text)
            _ = try? JSONText.decode(OutageGuard.self, from: text)
            _ = try? JSONText.decode(SQLWitness.self, from: text)
            _ = try? JSONText.decode(FieldMapping.self, from: text)
            _ = AuditPosition(packed: random.mutated("2:4711:20:80:55"))
            _ = SettlingState(
                ceiling: random.integer(),
                candidate: random.integer(),
                candidateAt: Date(timeIntervalSince1970: random.double()),
                packedHolders: random.mutated("e|3/7 1795748514020|4/9 1")
            ).passesAt(wait: random.duration(), lag: random.duration())
            do {
                let schema = try RecordSchema(json: random.object(keywords))
                let record = random.object(["a", "b", "type", "properties"]) + "\n"
                _ = try Self.faults(schema, record)
            } catch {
                #expect(!"\(error)".isEmpty)
            }
        }
    }

    @Test("A file of records is read, or each fault is told")
    func files() async throws {
        try await FuzzRun(kind: "records", percent: 5).run { random in
            var bytes: [UInt8] = []
            for _ in 0..<random.count(0...5) {
                let line =
                    random.hits(oneIn: 2)
                    ? random.object(["a", "b"])
                    : (0..<3).map { _ in random.text() }.joined(separator: ",")
                bytes +=
                    random.mutated(Array(line.utf8)) + random.pick([[10], [13, 10], [13], []])
            }
            if random.hits(oneIn: 10) { bytes = random.bytes(200) }
            let offset: Int64 = random.pick([0, 7, 1 << 40])
            for layout in [JSONLayout.lines, .objects, .sequence] {
                var parser = JSONParser(layout: layout)
                _ = try? parser.parse(bytes, at: offset, isLast: random.hits(oneIn: 2)) { _ in }
            }
            let format = CSVFormat()
            var csv = CSVParser(
                fields: try RecordFields(["a", "b", "c"]),
                dialect: try CSVDialect(format),
                format: format
            )
            let read = try? csv.parse(bytes, at: offset, isLast: random.hits(oneIn: 2)) { _ in }
            for record in read?.blocks.flatMap(\.records) ?? [] {
                var output: [UInt8] = []
                record.appendJSON(to: &output)
                #expect(
                    JSONText.isValid(String(decoding: output, as: UTF8.self))
                        || Self.mayBeLoose(output)
                )
            }
        }
    }

    @Test("A text is read as a number or a time, or is none")
    func texts() async throws {
        try await FuzzRun(kind: "texts", percent: 25).run { random in
            let text = Array(
                (random.hits(oneIn: 2)
                    ? random.text() : random.mutated("2024-02-29T23:59:60.5+05:30")).utf8
            )
            text.withUnsafeBufferPointer { bytes in
                _ = FieldText.integer(bytes)
                _ = FieldText.number(bytes)
                _ = FieldText.boolean(bytes)
                _ = FieldText.days(bytes)
                _ = FieldText.microseconds(bytes)
                _ = NumberText.cell(bytes)
                _ = NumberText.double(bytes)
                _ = TimeText(bytes)?.instant
                var output: [UInt8] = []
                _ = NumberText.appendJSON(bytes, to: &output)
            }
            _ = NumberText.spelling(random.double())
            _ = RecordTime.text(microseconds: random.integer())
            _ = RecordTime.text(days: random.integer())
            let calls = FilterCalls(in: random.text() + random.text())
            #expect(calls.functions.count <= calls.calls.count)
        }
    }

    /// What a chain lets through of a record's numbers that no double holds.
    private static func mayBeLoose(_ json: [UInt8]) -> Bool {
        let fault = StrictJSON.fault(in: String(decoding: json, as: UTF8.self)) ?? ""
        return fault.contains("double") || fault.contains("\\u0000")
            || fault.contains("within each other")
    }

    private static func faults(_ schema: RecordSchema, _ json: String) throws -> Int {
        var parser = JSONParser()
        var faults = 0
        let read = try parser.parse(Array(json.utf8), at: 0, isLast: true) { _ in faults += 1 }
        for record in read.blocks.flatMap(\.records) {
            let validator = try SchemaValidator(schema, fields: record.fields)
            _ = try validator.validate([record]) { faults += $0.errors.count }
        }
        return faults
    }
}
