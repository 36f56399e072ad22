import Testing

@testable import TrancheCLI

/// The graph of a file whose jobs have sources and work of their own.
@Suite(.timeLimit(.minutes(10))) struct OwnJobGraphTests {
    private func bench() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        try bench.write(
            """
            jobs:
              one: {source: files, count: 5, command: [cat, -n]}
              two: {source: files, weight: 1MiB, sink: "jsonl:out"}
            """,
            to: "p.yaml"
        )
        return bench
    }

    @Test("Jobs are shown for people and as JSON")
    func shown() async throws {
        let bench = try await bench()
        let graph = await bench.run("graph", bench.path("p.yaml"))
        #expect(graph.status == .done, "\(graph.errors)")
        let lines = graph.output.split(separator: "\n")
        #expect(lines.count == 4)
        #expect(lines.prefix(3) == ["one (a job over files)", "`-- cat", "two (a job over files)"])
        #expect(lines.last?.hasPrefix("`-- jsonl:") == true, "\(graph.output)")
        let json = await bench.run("graph", bench.path("p.yaml"), "--json")
        #expect(json.output.contains(#"{"job":"one","from":null,"to":"cat","upstream":null}"#))
        #expect(json.output.contains(#"{"job":"two","from":null,"to":"jsonl:"#), "\(json.output)")
    }

    @Test("Jobs are shown for Graphviz and for Mermaid")
    func languages() async throws {
        let bench = try await bench()
        let dot = await bench.run("graph", bench.path("p.yaml"), "--format", "dot")
        #expect(dot.output.contains(#"    "own job 0" [label="one", shape=folder];"#))
        #expect(dot.output.contains(#"    "source 0" -> "own job 0" -> "work 0";"#))
        let mermaid = await bench.run("graph", bench.path("p.yaml"), "--format", "mermaid")
        #expect(mermaid.output.contains(#"    o0[("one")]"#), "\(mermaid.output)")
        #expect(mermaid.output.contains("    s0 --> o0 --> w0"), "\(mermaid.output)")
    }
}
