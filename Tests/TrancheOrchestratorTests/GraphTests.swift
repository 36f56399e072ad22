import Testing
import Tranche
import TrancheOrchestrator

@Suite("Graphs of inputs and processes")
struct GraphTests {
    private func graph(_ links: [(String, String)] = []) throws -> PipelineGraph {
        var graph = PipelineGraph()
        for name in ["in", "other"] { try graph.addInput(name) }
        for name in ["a", "b", "c"] { try graph.addProcess(name) }
        for (source, process) in links { try graph.add(Link(from: source, to: process)) }
        return graph
    }

    @Test("A link from a process is a job for each way to it")
    func jobs() throws {
        let graph = try graph([("in", "a"), ("other", "a"), ("a", "b"), ("in", "b")])
        #expect(graph.jobs.map(\.name) == ["in/a", "in/b", "other/a", "in/a/b", "other/a/b"])
        #expect(graph.jobs.map(\.upstream) == [nil, nil, nil, "in/a", "other/a"])
        #expect(graph.jobs.map(\.input) == ["in", "in", "other", "in", "other"])
    }

    @Test(
        "What is no graph is refused, and nothing is changed",
        arguments: [
            ("x", "a", GraphError.unknownSource("x", to: "a")),
            ("in", "x", .unknownProcess("x", from: "in")),
            ("in", "other", .leadsToInput("other", from: "in")),
            ("a", "a", .selfLink("a")),
            ("in", "a", .duplicateLink(from: "in", to: "a")),
            ("c", "a", .cycle(["c", "a", "b", "c"])),
        ]
    )
    func refused(source: String, process: String, error: GraphError) throws {
        let known = try graph([("in", "a"), ("a", "b"), ("b", "c")])
        var changed = known
        #expect(throws: error) { try changed.add(Link(from: source, to: process)) }
        #expect(changed == known)
    }

    @Test("What goes with links from inputs alone, and names that are too long, are refused")
    func linksFromProcesses() throws {
        var graph = try graph([("in", "a")])
        #expect(throws: GraphError.needsInput("a/b")) {
            try graph.add(Link(from: "a", to: "b", start: .end))
        }
        #expect(throws: GraphError.neverRuns("a/b")) {
            try graph.add(Link(from: "a", to: "b", operations: [.update, .delete]))
        }
        var deep = PipelineGraph()
        let names = (0..<4).map { "\($0)" + String(repeating: "x", count: 39) }
        try deep.addInput(names[0])
        for name in names.dropFirst() { try deep.addProcess(name) }
        try deep.add(Link(from: names[0], to: names[1]))
        try deep.add(Link(from: names[1], to: names[2]))
        #expect(throws: GraphError.self) { try deep.add(Link(from: names[2], to: names[3])) }
        #expect(deep.links.count == 2)
    }

    @Test("An unknown process is told in known words")
    func words() {
        #expect(
            "\(GraphError.unknownProcess("clean", from: "raw"))"
                == #"unable to run "raw" -> "clean" part of process, process "clean" is unknown"#
        )
    }

    @Test("Names are given once, to what can have them", arguments: ["in", "a", "", "a b", "-x"])
    func names(name: String) throws {
        var graph = try graph()
        #expect(throws: GraphError.self) { try graph.addInput(name) }
        #expect(throws: GraphError.self) { try graph.addProcess(name) }
        #expect(graph.inputs == ["in", "other"])
    }

    @Test("Ways that would be too many jobs are refused")
    func paths() throws {
        var graph = PipelineGraph()
        try graph.addInput("in")
        var last = ["in"]
        var refused: GraphError?
        for level in 0..<12 where refused == nil {
            let names = (0..<3).map { "p\(level)-\($0)" }
            for name in names { try graph.addProcess(name) }
            for source in last {
                for name in names where refused == nil {
                    do {
                        try graph.add(Link(from: source, to: name))
                    } catch {
                        refused = error
                    }
                }
            }
            last = names
        }
        #expect(refused == .tooManyPaths(1000))
        #expect(graph.jobs.count <= 1000)
    }

    @Test("A graph is printed for people, for Graphviz and for Mermaid")
    func printing() throws {
        var graph = try graph([("in", "a"), ("a", "b")])
        var link = Link(from: "in", to: "c", limit: .count(10), operations: [.delete, .create])
        link.workers = 2
        try graph.add(link)
        #expect(
            graph.text(.text) == """
                in
                |-- a
                |   `-- b
                `-- c (create, delete; up to 10 at once)
                other

                """
        )
        #expect(
            graph.text(.dot) == """
                digraph pipeline {
                    rankdir=LR;
                    "in" [shape=cds];
                    "other" [shape=cds];
                    "a" [shape=box];
                    "b" [shape=box];
                    "c" [shape=box];
                    "in" -> "a";
                    "a" -> "b";
                    "in" -> "c" [label="create, delete; up to 10 at once"];
                }

                """
        )
        #expect(
            graph.text(.mermaid) == """
                flowchart LR
                    v0(["in"])
                    v1(["other"])
                    v2["a"]
                    v3["b"]
                    v4["c"]
                    v0 --> v2
                    v2 --> v3
                    v0 -->|"create, delete; up to 10 at once"| v4

                """
        )
    }
}
