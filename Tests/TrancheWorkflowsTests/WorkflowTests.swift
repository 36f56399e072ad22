import Foundation
import Testing
import Tranche
import TrancheChains
import TrancheConnectors
import TrancheWorkflows

@Suite("Workflow descriptions")
struct WorkflowTests {
    static let least = #"{"job":"load","source":"csv:x.csv","sink":"none","weight":100}"#

    @Test("What goes without saying is left out of the text, and out of the digest")
    func canonical() throws {
        let said = """
            {"workers": 1, "weight": "100", "source": {"at": "csv:x.csv"}, "sink": "none",
             "job": "load", "budgets": [], "policy": {"lease": "60s"}, "steps": [], "run": ""}
            """
        let (first, second) = (try Workflow(json: Self.least), try Workflow(json: said))
        #expect(first == second)
        #expect(
            try second.text == #"{"job":"load","sink":"none","source":"csv:x.csv","weight":100}"#
        )
        #expect(try first.digest == second.digest)
        #expect(try first.digest.count == 64)
    }

    @Test("A description that is written and read again is the same")
    func roundTrip() throws {
        let json = """
            {"job": "load", "run": "fix", "ids": {"lower": 1, "upper": 9},
             "source": {"at": "csv:x.csv", "delimiter": ";"},
             "steps": [{"clean": true}, {"map": {"rename": {"a": "b"}}},
                       {"validate": {"schema": {"properties": {"b": {"enum": [null, "x", 1.5]}}},
                                     "strict_types": true, "rejects": "r.jsonl"}},
                       {"rejects": "more.jsonl"}],
             "sink": {"at": "table:t", "key": ["id"]}, "weight": "1MiB", "count": 5,
             "stages": {"readers": 2, "writers": 3, "read_ahead": "8MiB",
                        "write_retry": {"attempts": 3, "backoff": "2s", "codes": ["sinkFailed"]}},
             "parallelism": 0, "budgets": ["b", "a"],
             "policy": {"lease": "90s", "max_attempts": 2, "backoff": "1s", "backoff_limit": "1m",
                        "extended_retries": "5m", "settle_lag": "2s", "watch": "1h"},
             "promise": "idempotent", "timeout": "10m", "idle": 30, "parameters": {"day": "x"}}
            """
        let workflow = try Workflow(json: json)
        #expect(try Workflow(json: workflow.text) == workflow)
        #expect(workflow.stages?.writeRetry.backoff == .seconds(2))
        #expect(workflow.limit == .weight(1 << 20, count: 5))
        #expect(workflow.policy.maxAttempts == 2)
        #expect(workflow.idle == .seconds(30))
        #expect(try workflow.text.contains(#"[null,"x",1.5]"#))
    }

    @Test(
        "What cannot be is refused with its field",
        arguments: [
            (#""jobb":1"#, "jobb is not a field of a workflow; did you mean job?"),
            (#""policy":{"leese":"1s"}"#, "policy.leese is not a field of a policy; did you mean"),
            (#""steps":[{"clean":true},{"cleen":1}]"#, "steps.1.cleen is not a field of a step"),
            (#""program":["x"]"#, "program contradicts sink"),
            (#""workers":0"#, "workers '0' is not 1 to 1000"),
            (#""workers":"four""#, "workers must be a whole number"),
            (#""stages":{"readers":2},"workers":3"#, "workers contradicts stages"),
            (#""stages":{},"prefetch":1"#, "prefetch contradicts stages"),
            (#""stages":{"read_ahead":150}"#, "stages.read_ahead is less than two batches of 100"),
            (#""stages":{"readers":0}"#, "0 readers"),
            (
                #""stages":{"write_retry":{"attempts":2,"codes":["sinkFaled"]}}"#,
                "stages.write_retry.codes 'sinkFaled' is not an error's code; did you mean "
                    + "sinkFailed?"
            ),
            (
                #""stages":{"read_retry":{"attempts":2,"never_codes":["x"]}}"#,
                "stages.read_retry.never_codes 'x' is not an error's code; there are "
                    + "accessRefused, "
            ),
            (
                #""stages":{"write_retry":{"attempts":2,"codes":["timedOut"],"#
                    + #""never_codes":["timedOut"]}}"#,
                "stages.write_retry.never_codes 'timedOut' stands in codes, too"
            ),
            (
                #""stages":{"write_retry":{"attempts":2,"categories":["x"]}}"#,
                "stages.write_retry.categories 'x' is not a category"
            ),
            (#""timeout":"5s","idle":"5s""#, "idle '5s' is no less than timeout"),
            (#""timeout":"5 parsec""#, "timeout '5 parsec': 'parsec' is not a unit of time"),
            (#""ids":{"lower":1}"#, "ids: the bounds"),
            (#""ids":{"from":1}"#, "ids.from is not a field of the ids"),
            (#""policy":{"max_attempts":0}"#, "policy: max attempts is 0"),
            (#""budgets":["a","a"]"#, "budgets 'a' stands there twice"),
            (#""budgets":["*"]"#, "budgets '*' is not named by a run"),
            (#""execution":"once""#, "execution"),
            (
                #""execution":"atMostOnce","policy":{"on_exhausted":"split"}"#,
                "policy: splitting what failed contradicts at most once"
            ),
            (
                #""execution":"atMostOnce","policy":{"extended_retries":"5m"}"#,
                "policy: extended retries contradict at most once"
            ),
            (
                #""execution":"atMostOnce","stages":{"write_retry":{"attempts":2}}"#,
                "stages.write_retry: trying again to write contradicts at most once"
            ),
            (#""parallelism":-1"#, "parallelism '-1' is below 0"),
            (#""parameters":{"a-b":"x"}"#, "parameters.a-b is not a parameter's name"),
            (#""parameters":{"db":"postgresql://u:secret@h/x"}"#, "parameters.db holds a password"),
            (
                #""steps":[{"clean":true},{"map":{"constant":{"a":"ftp://u:secret@h/x"}}}]"#,
                "steps.1.map holds a password"
            ),
            (#""steps":[{"rejects":"s3://u:secret@h/x"}]"#, "steps.0.rejects holds a password"),
            (
                #""steps":[{"validate":{"schema":{},"rejects":"s3://u:secret@h/x"}}]"#,
                "steps.0.validate.rejects holds a password"
            ),
            (
                #""steps":[{"validate":{"schema":{"default":"ftp://u:secret@h/x"}}}]"#,
                "steps.0.validate.schema holds a password"
            ),
        ]
    )
    func refused(_ more: String, _ words: String) throws {
        let json = Self.least.dropLast() + "," + more + "}"
        let error = #expect(throws: SpecError.self) { try Workflow(json: String(json)) }
        let text = error.map { "\($0)" } ?? ""
        #expect(text.contains(words), "\(text)")
        #expect(!text.contains("secret"))
    }

    @Test("The execution is part of the description, and leaves those that do not name it alone")
    func execution() throws {
        let usual = try Workflow(json: Self.least)
        let words = #","execution":"atLeastOnce"}"#
        let named = try Workflow(json: String(Self.least.dropLast() + words))
        #expect(try named.digest == usual.digest)
        let once = #","execution":"atMostOnce","stages":{"read_retry":{"attempts":2}}}"#
        let workflow = try Workflow(json: String(Self.least.dropLast() + once))
        #expect(workflow.execution == .atMostOnce)
        #expect(workflow.policy == RunPolicy(execution: .atMostOnce))
        #expect(try workflow.text.contains(#""execution":"atMostOnce""#))
        #expect(try !workflow.text.contains("policy"))
        #expect(try Workflow(json: workflow.text) == workflow)
        #expect(try workflow.digest != usual.digest)
    }

    @Test("What is missing is said", arguments: ["job", "source", "sink", "weight"])
    func missing(_ field: String) throws {
        let all = ["job": "\"load\"", "source": "\"csv:x\"", "sink": "\"none\"", "weight": "1"]
        let members = all.filter { $0.key != field }.map { "\"\($0.key)\":\($0.value)" }
        let json = "{\(members.sorted().joined(separator: ","))}"
        let error = #expect(throws: SpecError.self) { try Workflow(json: json) }
        #expect(error?.field == [field])
        #expect(error?.code == .missing)
    }

    @Test("A member that is null says no more than one that is absent")
    func null() throws {
        let said = try Workflow(
            json: Self.least.dropLast() + #","program":null,"handler":null,"run":null}"#
        )
        #expect(try said == Workflow(json: Self.least))
    }

    @Test("A program takes neither steps, stages nor a promise")
    func program() throws {
        let start = #"{"job":"a","source":"t","count":1,"program":["x"],"#
        for (more, field) in [
            (#""steps":[]"#, "steps"), (#""stages":{}"#, "stages"),
            (#""promise":"idempotent""#, "promise"),
        ] {
            let error = #expect(throws: SpecError.self) { try Workflow(json: start + more + "}") }
            #expect(error?.field == [field])
        }
    }

    @Test("A password among the words of a program is refused with its place")
    func passwordOfProgram() throws {
        for word in ["postgresql://u:secret@h/x", "password=secret"] {
            let json = #"{"job":"a","source":"t","count":1,"program":["x","\#(word)"]}"#
            let error = #expect(throws: SpecError.self) { try Workflow(json: json) }
            #expect(error?.code == .holdsPassword)
            #expect(error?.field == ["program", "1"])
            #expect(error.map { "\($0)".contains("secret") } == false)
        }
    }

    @Test("The digest is that of the schema's content, not of its file's name")
    func schemaFile() throws {
        let path = FileManager.default.temporaryDirectory.path + "/schema-\(UUID()).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let json =
            Self.least.dropLast() + #","steps":[{"validate":{"schema":"\#(path)"}}]}"#
        let workflow = try Workflow(json: String(json))
        #expect(throws: SpecError.self) { try workflow.readingFiles() }
        try Data(#"{"required": ["id"]}"#.utf8).write(to: URL(filePath: path))
        let first = try workflow.readingFiles()
        #expect(try first.text.contains(#""schema":{"required":["id"]}"#))
        try Data(#"{"required": ["name"]}"#.utf8).write(to: URL(filePath: path))
        #expect(try workflow.readingFiles().digest != first.digest)
    }

    @Test("Parameters replace those of the same name")
    func parameters() throws {
        let json = Self.least.dropLast() + #","parameters":{"a":"1","b":"2"}}"#
        let workflow = try Workflow(json: String(json)).with(parameters: ["b": "3", "c": "4"])
        #expect(workflow.parameters == ["a": "1", "b": "3", "c": "4"])
    }

    @Test("The digest is SHA-256")
    func digest() throws {
        // Source: FIPS 180-4, the examples for one and for two blocks.
        let known = [
            "": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq":
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ]
        for (text, digest) in known {
            #expect(SHA256.hexadecimal(of: Array(text.utf8)) == digest)
        }
    }
}
