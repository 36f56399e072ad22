import Foundation
import Testing
import TrancheOrchestrator

@testable import TrancheCLI

@Suite("The schema of a pipeline's file", .timeLimit(.minutes(5)))
struct PipelineSchemaTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../..")

    /// What a validator from outside says of documents, by the schema that is printed.
    ///
    /// - Parameter documents: The documents, as JSON.
    /// - Returns: `right`, or what is wrong, for each; `nil` where the validator is not there.
    /// - Throws: What writing the documents, or the validator, does.
    private func verdicts(on documents: [String]) async throws -> [String]? {
        let bench = try await CommandLineBench(isMigrated: false)
        let schema = await bench.run("schema")
        #expect(schema.status == .done)
        try bench.write(schema.output, to: "schema.json")
        for (place, document) in documents.enumerated() {
            try bench.write(document, to: "\(place).json")
        }
        guard let python = ProcessInfo.processInfo.environment["TRANCHE_TEST_PYTHON"] else {
            return nil
        }
        let script = """
            import json, jsonschema
            schema = json.load(open("schema.json"))
            jsonschema.Draft202012Validator.check_schema(schema)
            check = jsonschema.Draft202012Validator(schema)
            for place in range(\(documents.count)):
                error = next(check.iter_errors(json.load(open(f"{place}.json"))), None)
                print("right" if error is None else "wrong: " + " ".join(error.message.split()))
            """
        try bench.write(script, to: "check.py")
        let outcome = try await Executable("/bin/sh").run(
            ["-c", "cd '\(bench.folder.path)' && exec '\(python)' check.py"],
            environment: bench.environment
        )
        let verdicts = outcome.output.split(separator: "\n").map { String($0) }
        #expect(verdicts.count == documents.count, "\(outcome.errors)")
        return verdicts
    }

    @Test("The schema takes what the program takes, as a validator from outside says")
    func files() async throws {
        let files = [
            (
                #"{"inputs":{"a":{"type":"schedule","cron":"@daily"}},"processes":"#
                    + #"[{"name":"p","type":"program","command":["x"]}],"links":["a -> p"]}"#, true
            ),
            (
                #"{"inputs":{"a":{"type":"schedule","crn":"@daily"}},"processes":{},"links":[]}"#,
                false
            ),
            (#"{"inputs":{},"processes":{},"links":["a -> b"],"more":1}"#, false),
            (#"{"inputs":{"a":{"type":"x"}},"processes":{},"links":["a -> b"]}"#, false),
            (#"{"inputs":{},"processes":{},"links":[{"from":"a","to":["b"],"cont":1}]}"#, false),
            (
                #"{"name":"n","inventory":{"env":"I"},"databases":{"d":{"file":"x"}},"#
                    + #""budgets":{"b":{"batches":1,"rate":"5/s"}},"jobs":{"j":{"source":"f","#
                    + #""count":1,"command":["x"],"policy":{"max_attempts":2}}},"alerts":{"a":"#
                    + #"{"webhook":{"env":"H"},"when":["held","lag above 1h",{"lag":"5m"}]}}}"#,
                true
            ),
            (#"{"jobs":{"j":{"source":"f","cuont":1}}}"#, false),
            (#"{"jobs":{},"alerts":{"a":{"program":["x"],"when":["late"]}}}"#, false),
            (#"{"jobs":{},"alerts":{"a":{"webhook":"http://h","when":["held"]}}}"#, false),
            (#"{"jobs":{},"databases":{"d":{"env":"A","file":"b"}}}"#, false),
            (#"{"jobs":{},"lineage":{"to":{"env":"L"},"namespace":"n"}}"#, true),
            (#"{"jobs":{},"lineage":{"namespace":"n"}}"#, false),
            (#"{"jobs":{"j":{"source":"f","count":1,"handler":"rest"}}}"#, true),
            (#"{"jobs":{"j":{"source":"f","count":1,"handler":"any"}}}"#, false),
        ]
        guard let verdicts = try await verdicts(on: files.map { $0.0 }) else { return }
        for (file, verdict) in zip(files, verdicts) {
            #expect((verdict == "right") == file.1, "\(file.0): \(verdict)")
        }
    }

    /// The files of the examples, and the parts of such files that the articles show, by name.
    private static func shown() throws -> [(name: String, text: String)] {
        var shown: [(name: String, text: String)] = []
        let sources = root.appending(path: "Sources").path
        let names = try FileManager.default.subpathsOfDirectory(atPath: sources)
        for name in names.sorted() where name.contains(".docc/") && name.hasSuffix(".md") {
            let text = try String(contentsOfFile: "\(sources)/\(name)", encoding: .utf8)
            for block in text.components(separatedBy: "```yaml\n").dropFirst() {
                shown.append((name, block.components(separatedBy: "```")[0]))
            }
        }
        let examples = root.appending(path: "examples/pipelines").path
        for name in try FileManager.default.contentsOfDirectory(atPath: examples).sorted() {
            let path = "\(examples)/\(name)/pipeline.yaml"
            shown.append((name, try String(contentsOfFile: path, encoding: .utf8)))
        }
        return shown
    }

    @Test("The schema takes what the articles and the examples show")
    func articles() async throws {
        let shown = try Self.shown()
        #expect(shown.count >= 9)
        let documents = try shown.map { name, text -> String in
            let root = try YAMLDocument(text: text, file: name).root
            let json = try root.json(file: name)
            // Parts of a file become one by jobs, of which there may be none.
            return root["jobs"] == nil ? #"{"jobs":{},"# + json.dropFirst() : json
        }
        guard let verdicts = try await verdicts(on: documents) else { return }
        for (part, verdict) in zip(shown, verdicts) {
            #expect(verdict == "right", "\(part.name): \(part.text)")
        }
    }
}
