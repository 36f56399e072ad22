import Testing
import Tranche
import TrancheConnectors
import TrancheTestKit
import TrancheWorkflows

@testable import TrancheOrchestrator

@Suite("What a file says beside inputs, processes and links")
struct PipelineSectionTests {
    private static func types(_ variables: [String: String]?) -> PipelineTypes {
        var types = PipelineTypes.standard(Connectors([InventoryConnector()]))
        types.processes["nothing"] = { settings in ClosureProcess(settings.name) { _ in } }
        types.credentials = variables.map { Credentials($0) }
        return types
    }

    private static let parts = """

        inputs: {in: {type: directory, folder: /x}}
        processes: {p: {type: nothing}}
        links: [in -> p]
        """

    private func read(
        _ text: String,
        file: String = "p.yaml",
        _ variables: [String: String]? = nil
    ) throws -> Pipeline {
        try Pipeline(text: text, file: file, types: Self.types(variables))
    }

    private func faults(_ text: String, _ variables: [String: String]? = nil) -> [String] {
        do {
            _ = try read(text, variables)
            return []
        } catch let error as YAMLFaults {
            return error.faults.map { "\($0)" }
        } catch {
            return ["\(error)"]
        }
    }

    @Test("Budgets, jobs, alerts and databases are read")
    func whole() throws {
        let pipeline = try read(
            """
            name: nightly
            inventory: main
            databases: {main: {env: MAIN}, other: {file: /run/secret}, plain: "sqlite:x.db"}
            budgets:
              api: {batches: 4, rate: 10/s, burst: 30}
              disk: {weight: 1GiB}
            jobs:
              load: {source: "inventory:x", count: 5, command: [./load.sh], budgets: [api]}
              again: {job: load, run: may, ids: {lower: 1, upper: 9}, source: "inventory:x", count: 5,
                      program: [./load.sh]}
            alerts:
              ops: {webhook: {env: HOOK}, when: [failed, held, lag above 1h], links: [in/p, load]}
              me: {program: [./page.sh], when: [stuck, {lag: 5m}], repeat: 1h}
            """ + Self.parts
        )
        #expect(pipeline.name == "nightly")
        #expect(pipeline.inventory == .variable("MAIN"))
        #expect(
            pipeline.budgets == [
                PipelineBudget(
                    "api",
                    BudgetLimits(batches: 4, rate: BudgetRate(10, per: .seconds(1), burst: 30))
                ),
                PipelineBudget("disk", BudgetLimits(weight: 1_073_741_824)),
            ]
        )
        #expect(pipeline.jobs.map(\.job) == ["load", "load"])
        #expect(pipeline.jobs.map(\.run) == ["", "may"])
        #expect(pipeline.jobs[0].work == .program(["./load.sh"]))
        #expect(pipeline.jobs[1].ids == IDBounds(lower: 1, upper: 9))
        #expect(pipeline.alerts.map(\.name) == ["ops", "me"])
        #expect(pipeline.alerts[0].conditions == [.failed, .held, .lag(.seconds(3600))])
        #expect(pipeline.alerts[0].jobs == ["in/p", "load"])
        #expect(pipeline.alerts[0].again == .seconds(4 * 3600))
        #expect(pipeline.alerts[1].target == .program(["./page.sh"]))
        #expect(pipeline.alerts[1].again == .seconds(3600))
    }

    @Test("A place of OpenLineage events is a URL, a file, or where one stands, and a name space")
    func lineage() throws {
        func lineage(_ text: String) throws -> PipelineLineage? {
            try read("lineage: \(text)" + Self.parts).lineage
        }
        let url = "http://h:5000"
        #expect(try lineage(url) == PipelineLineage(.text(url)))
        #expect(try lineage("/x/l.jsonl") == PipelineLineage(.text("/x/l.jsonl")))
        let relative = try lineage("l.jsonl")?.place
        #expect(relative == .text(PipelineTypes.absolute("l.jsonl")))
        let whole = try lineage("{to: \(url), namespace: shop}")
        #expect(whole == PipelineLineage(.text(url), namespace: "shop"))
        #expect(try lineage("{to: {env: L}}") == PipelineLineage(.variable("L")))
        #expect(try read(Self.parts).lineage == nil)
        for (text, words) in [
            ("{namespace: x}", "p.yaml:1:10: /lineage: 'to' is missing"),
            ("ftp://h", "give a URL of http or https, or a file"),
            ("http://u:pass@h", "the URL holds a password"),
            ("{to: http://h, namespace: ''}", "it is empty"),
            ("{to: http://h, name: x}", "name"),
        ] {
            let faults = faults("lineage: \(text)" + Self.parts)
            #expect(faults.count == 1, "\(text): \(faults)")
            #expect(faults.first?.contains(words) == true, "\(text): \(faults)")
            #expect(faults.first?.contains("pass@") != true)
        }
    }

    @Test("A job for callers of the server has no process")
    func jobOfCallers() throws {
        let job = "jobs: {j: {source: 'inventory:x', count: 1, handler: rest}}"
        let pipeline = try read(job + Self.parts)
        #expect(pipeline.jobs.map(\.work) == [.handler("rest")])
        #expect(try pipeline.graph.users.isEmpty)
    }

    @Test("A job runs a process of the file, and is in the graph")
    func jobOfProcess() throws {
        let job = #"jobs: {j "1": {source: "inventory:x", count: 5, process: p}}"#
        let text = job.replacing(#"j "1""#, with: #"'j "1"'"#) + Self.parts
        let pipeline = try read(text)
        #expect(pipeline.jobs.map(\.work) == [.handler("p")])
        let graph = try pipeline.graph
        #expect(graph.users == [.init(job: #"j "1""#, process: "p")])
        #expect(graph.text(.text) == "in\n`-- p\n" + #"j "1" (a job)"# + "\n`-- p\n")
        let dot = graph.text(.dot)
        #expect(dot.contains(#""job 0" [label="j \"1\"", shape=folder];"#), "\(dot)")
        #expect(dot.contains(#""job 0" -> "p";"#))
        #expect(graph.text(.mermaid).contains(#"j0[("j #quot;1#quot;")]"#))
        // A process that a job alone runs is not one that never runs.
        let alone = text.replacing("links: [in -> p]", with: "links: []")
        #expect(faults(alone).contains { $0.contains("there is no link") })
        let only =
            #"{jobs: {j: {source: "inventory:x", count: 5, process: p}}, "#
            + "processes: {p: {type: nothing}}}"
        #expect(try read(only).graph.text(.text) == "j (a job)\n`-- p\n")
    }

    @Test("A file of jobs alone needs no inputs")
    func jobsAlone() throws {
        let text = #"jobs: {a: {source: "inventory:x", count: 1, command: [x]}}"#
        #expect(try read(text).jobs.count == 1)
        #expect(faults("jobs: {}").count == 0)
        #expect(faults("budgets: {}\n").contains { $0.contains("'inputs' is missing") })
    }

    @Test("A pipeline without a name has that of its file")
    func names() throws {
        let text = String(Self.parts.dropFirst())
        for (file, name) in [
            ("/etc/p/nightly.yaml", "nightly"), ("a b.c.yml", "a-b.c"), ("-x", "x"),
            ("ä.yaml", "pipeline"), (".hidden", "pipeline"),
        ] {
            #expect(try read(text, file: file).name == name, "\(file)")
        }
        // A name that is left empty is none.
        #expect(try read("name:" + Self.parts, file: "nightly.yaml").name == "nightly")
        #expect(faults("name: a b" + Self.parts).contains { $0.hasPrefix("p.yaml:1:7") })
    }

    @Test("Each fault is told where it stands")
    func everyFault() {
        for (text, place, words) in [
            (#"databases: {d: "postgresql://u:pw@h/d"}"#, "p.yaml:1:16", "holds a password"),
            ("databases: {d: {env: A, file: b}}", "p.yaml:1:16", "give one of {env: NAME}"),
            ("databases: {d: {env: \"\"}}", "p.yaml:1:16", "give one of {env: NAME}"),
            ("inventory: [x]", "p.yaml:1:12", "this is a list"),
            ("budgets: {b: {}}", "p.yaml:1:14", "a budget has 'batches'"),
            ("budgets: {b: {batch: 3, weight: 1}}", "p.yaml:1:15", "did you mean 'batches'?"),
            ("budgets: {b: {rate: fast}}", "p.yaml:1:21", "is not a rate"),
            ("budgets: {b: {batches: 1, burst: 5}}", "p.yaml:1:34", "goes with a 'rate'"),
            ("jobs: {j: {count: 1, command: [x]}}", "p.yaml:1:11", "source"),
            ("jobs: {j: {source: x, count: 1, command: [x], wrkers: 2}}", "p.yaml:1:", "wrkers"),
            ("jobs: {j: {source: x, count: 1}}", "p.yaml:1:11", "nothing says what is done"),
            (
                "jobs: {j: {source: x, command: [x]}}", "p.yaml:1:11",
                "/jobs/j: nothing says how large a batch is: give weight"
            ),
            (
                "jobs: {j: {source: x, count: 1, command: [x], program: [y]}}", "p.yaml:1:11",
                "mean the same"
            ),
            (
                "jobs: {j: {source: 'inventory:x', count: 1, process: q}}", "p.yaml:1:54",
                "did you mean 'p'?"
            ),
            (
                "jobs: {j: {source: 'inventory:x', count: 1, process: in}}", "p.yaml:1:54",
                "the process 'in'"
            ),
            (
                "jobs: {j: {source: x, count: 1, process: p, command: [x]}}", "p.yaml:1:42",
                "contradicts"
            ),
            ("jobs: {j: {source: x, count: 1, process: \"\"}}", "p.yaml:1:42", "is empty"),
            ("jobs: {j: {source: x, count: 1, handler: p}}", "p.yaml:1:42", "give 'process'"),
            ("jobs: {j: {source: x, count: 1, process: rest}}", "p.yaml:1:42", "is kept for"),
            (
                "jobs: {j: {source: x, count: 1, process: p, parameters: {a: b}}}", "p.yaml:1:57",
                "go with a 'command'"
            ),
            ("alerts: {a: {when: [failed]}}", "p.yaml:1:13", "an alert has a 'webhook'"),
            ("alerts: {a: {webhook: http://x, when: [failed]}}", "p.yaml:1:23", "{env: NAME}"),
            ("alerts: {a: {program: [x], when: [late]}}", "p.yaml:1:35", "is not a condition"),
            ("alerts: {a: {program: [x], when: [lag above soon]}}", "p.yaml:1:35", "no duration"),
            ("alerts: {a: {program: [x], when: []}}", "p.yaml:1:34", "one condition at least"),
            (
                "alerts: {a: {program: [x], when: [held], repeat: 1s}}", "p.yaml:1:50",
                "give 1m or more"
            ),
            (
                "alerts: {a: {program: [x], when: [held], links: [in/q]}}", "p.yaml:1:9",
                "did you mean 'in/p'?"
            ),
        ] {
            let found = faults(text + Self.parts)
            #expect(
                found.contains { $0.hasPrefix(place) && $0.contains(words) },
                "\(text): \(found)"
            )
        }
    }

    @Test("All that is wrong with the members of a job is told, and nothing that is not")
    func faultsOfAJob() {
        let found = faults(
            "jobs: {j: {source: 'inventory:x', count: 1, command: [x], workers: 0, wrkers: 2, "
                + "timeout: soon}}" + Self.parts
        )
        #expect(found.count == 3, "\(found)")
        for words in ["/workers", "wrkers", "/timeout"] {
            #expect(found.contains { $0.contains(words) }, "\(found)")
        }
        let size = faults("jobs: {j: {source: 'inventory:x', count: x, command: [x]}}" + Self.parts)
        #expect(size.count == 1 && size[0].contains("/count"), "\(size)")
    }

    @Test("An input takes its database by name, whose URL stands elsewhere")
    func databases() {
        let text = """
            databases: {shop: {env: SHOP}}
            inputs: {in: {type: postgresql, url: shop, tables: [t]}}
            processes: {p: {type: nothing}}
            links: [in -> p]
            """
        // Where a file is only looked at, the variable need not be set.
        #expect(faults(text) == [])
        #expect(faults(text, ["SHOP": "postgresql://u:pw@h/d"]) == [])
        let unset = faults(text, [:])
        #expect(unset.contains { $0.hasPrefix("p.yaml:2:") && $0.contains("SHOP is not set") })
        let literal = faults(text.replacing("url: shop", with: "url: \"postgresql://u:pw@h/d\""))
        #expect(literal.contains { $0.hasPrefix("p.yaml:2:") && $0.contains("under 'databases'") })
        #expect(!literal.joined().contains("pw@"), "\(literal)")
        let words = faults(text.replacing("url: shop", with: "url: \"host=h password=pw\""))
        #expect(words.contains { $0.contains("under 'databases'") }, "\(words)")
        let other = faults(text.replacing("url: shop", with: "url: shopp"))
        #expect(other.contains { $0.contains("did you mean 'shop'?") }, "\(other)")
        // The predecessor's name of the key.
        #expect(faults(text.replacing("url:", with: "connection_string:")) == [])
    }

    @Test("A webhook's variable is looked up before anything is run")
    func webhooks() {
        let text = "alerts: {a: {webhook: {env: HOOK}, when: [held]}}" + Self.parts
        #expect(faults(text) == [])
        #expect(faults(text, ["HOOK": "http://h/secret"]) == [])
        let unset = faults(text, [:])
        #expect(unset.contains { $0.hasPrefix("p.yaml:1:23") && $0.contains("HOOK is not set") })
    }

    @Test("A container's settings may stand under the predecessor's name")
    func executionContext() {
        let text = """
            inputs: {in: {type: directory, folder: x}}
            processes: {c: {type: container, execution_context: {image: busybox, pull: "true"}}}
            links: [in -> c]
            """
        #expect(faults(text) == [])
        let wrong = faults(text.replacing("busybox", with: "busybox, imge: x"))
        #expect(wrong.contains { $0.hasPrefix("p.yaml:2:") }, "\(wrong)")
    }
}

@Suite("What differs between pipelines")
struct PipelineDescriptionTests {
    private func describe(_ text: String) throws -> PipelineDescription {
        PipelineDescription(try YAMLDocument(text: text, file: "p.yaml"))
    }

    @Test("Files that mean the same are the same, whatever they look like")
    func canonical() throws {
        let first = try describe(
            """
            # A comment.
            name: one
            keep: 2h
            inputs: {a: {type: directory, folder: x, quiet: }}
            processes: {p: {type: nothing}, q: {type: nothing}}
            links: [a -> p -> q]
            """
        )
        let second = try describe(
            """
            {"links": [{"from": "p", "to": ["q"]}, {"to": "p", "from": "a"}],
             "processes": [{"type": "nothing", "name": "q"}, {"name": "p", "type": "nothing"}],
             "inputs": {"a": {"folder": "x", "type": "directory"}}, "keep": "2h"}
            """
        )
        #expect(first.text == second.text)
        #expect(first.digest == second.digest)
        #expect(first.digest.count == 64)
        #expect(try PipelineDescription(kept: first.text) == first)
        #expect(second.changes(since: first) == [])
    }

    @Test("Characters that YAML takes in escapes alone are kept so that they are read again")
    func escaped() throws {
        let first = try describe(
            #"processes: {p: {"\uFEFFid": "\x7F\x80\x85\u2028\u2029\uFFFE 世"}}"#
        )
        let kept = #""\ufeffid":"\u007f\u0080\u0085\u2028\u2029\ufffe 世""#
        #expect(first.text.contains(kept), "\(first.text)")
        #expect(try PipelineDescription(kept: first.text) == first)
    }

    @Test("What is kept may be longer than any file, as each link has what a list says once")
    func long() throws {
        let names = (0..<1000).map { "p\($0)" }.joined(separator: ", ")
        let word = String(repeating: "x", count: 2000)
        let first = try describe("links: [{from: a, to: [\(names)], word: \(word)}]")
        #expect(first.text.utf8.count > YAMLLimits().bytes)
        #expect(try PipelineDescription(kept: first.text) == first)
    }

    @Test("A file with such characters is applied, and is what is applied then")
    func appliedTwice() async throws {
        var types = PipelineTypes.standard(Connectors([InventoryConnector()]))
        types.processes["word"] = { settings in
            _ = settings.optionalText("word")
            return ClosureProcess(settings.name) { _ in }
        }
        let text = #"""
            inputs: {in: {type: directory, folder: /x}}
            processes: {p: {type: word, word: "\x7F"}}
            links: [in -> p]
            """#
        let pipeline = try Pipeline(text: text, file: "p.yaml", types: types)
        let applied = AppliedPipelines(Inventory(store: MemoryInventoryStore()))
        #expect(try await applied.apply(pipeline).record.generation == 1)
        let again = try await applied.apply(pipeline)
        #expect(again.record.generation == 1)
        #expect(again.difference.isApplied)
    }

    @Test("What is added, changed and removed is told by part and field")
    func changes() throws {
        let first = try describe(
            """
            keep: 2h
            inputs: {a: {type: directory, folder: x}, b: {type: schedule, cron: "@daily"}}
            links: [{from: a, to: [p, q], count: 10}]
            """
        )
        let second = try describe(
            """
            keep: 3h
            inputs: {a: {type: directory, folder: y, suffixes: [.csv]}}
            links: [{from: a, to: p, count: 20}, a -> r]
            budgets: {disk: {batches: 1}}
            """
        )
        #expect(
            second.changes(since: first).map { "\($0)" } == [
                #"~ setting keep: "2h" -> "3h""#,
                "+ budget disk",
                #"~ input a: folder "x" -> "y", suffixes (none) -> [".csv"]"#,
                "- input b",
                "~ link a/p: count 10 -> 20",
                "- link a/q",
                "+ link a/r",
            ]
        )
        #expect(first.changes(since: nil).allSatisfy { $0.kind == .added })
    }

    @Test("No password is kept")
    func passwords() throws {
        let text = try describe(#"inputs: {a: {type: x, url: "postgresql://u:pw@h/d"}}"#).text
        #expect(!text.contains("pw@"), "\(text)")
        let program = try describe(
            """
            processes:
              p: {command: [notify, --api-token, abc, --secret=def, --count, "3", -v]}
              q: {command: [curl, -H, "Authorization: Bearer ghi"]}
              r: {command: [send, token=jkl, max_tokens=9, "https://h/x?a=1&access_token=mno"]}
            """
        ).text
        for secret in ["abc", "def", "ghi", "jkl", "mno"] {
            #expect(!program.contains(secret), "\(program)")
        }
        for kept in [
            "notify", "--count", "\"3\"", "-v", "--secret=***", "Bearer ***", "max_tokens=9",
            "\"token=***\"", "access_token=***",
        ] {
            #expect(program.contains(kept), "\(program)")
        }
    }
}

@Suite("What becomes of a budget that is applied")
struct BudgetDifferenceTests {
    @Test(
        "What somebody has set by hand is not overwritten in silence",
        arguments: [
            // former, known, file, overwrites, action
            (nil, nil, 4, false, BudgetDifference.Action.set), (nil, 4, 4, false, .none),
            (nil, 5, 4, false, .conflict), (nil, 5, 4, true, .set), (4, 4, 8, false, .set),
            (4, 6, 4, false, .keep), (4, 6, 4, true, .set), (4, 6, 8, false, .conflict),
            (4, nil, 4, false, .set), (4, 8, 8, false, .none),
        ] as [(Int?, Int?, Int, Bool, BudgetDifference.Action)]
    )
    func actions(
        _ former: Int?,
        _ known: Int?,
        _ file: Int,
        _ overwrites: Bool,
        _ action: BudgetDifference.Action
    ) {
        let difference = BudgetDifference(
            "b",
            BudgetLimits(batches: file),
            after: former.map { BudgetLimits(batches: $0) },
            known: known.map { BudgetLimits(batches: $0) },
            overwrites: overwrites
        )
        #expect(difference.action == action)
        #expect(difference.description.isEmpty == (action == .none))
    }
}
