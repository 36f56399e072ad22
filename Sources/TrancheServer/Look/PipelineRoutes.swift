import FoundationEssentials
import Tranche
import TrancheOrchestrator
import TrancheWorkflows

/// What is read of workflows and of the pipeline.
struct PipelineRoutes: Sendable {
    let state: ServerState

    var routes: [Route] {
        [
            .get(
                "/v1/workflows",
                "List workflows, with their descriptions.",
                WorkflowsDocument.self
            ) { try await workflows($0) },
            .get(
                "/v1/graph",
                "Tell which processes run on what, and which jobs may be worked on.",
                ServedGraphDocument.self
            ) { try await graph($0) },
            .get(
                "/v1/runs/{job}/{run}/plan",
                "Tell the batches that would be handed out, and hand out none.",
                query: [.meta, .limit],
                PlanDocument.self
            ) { try await plan($0) },
        ]
    }

    private func workflows(_ call: Call) async throws -> HTTPServerResponse {
        let all = state.jobs.all(in: state.inventory)
        let handles = try await all.list().filter { call.caller.has(job: $0.key.job) }
        return try .document(WorkflowsDocument(handles))
    }

    private func graph(_ call: Call) async throws -> HTTPServerResponse {
        try .document(
            ServedGraphDocument(state.jobs) { call.caller.has(job: $0) }
        )
    }

    private func plan(_ call: Call) async throws -> HTTPServerResponse {
        let run = try await state.run(of: call)
        // Whoever plans takes the run's line, so that nobody is handed out what is told.
        try await state.readOnly.refuseChange()
        let inventory = state.inventory
        let source = try await state.source(run, inventory)
        var request = BatchRequest(
            job: run.key.job,
            run: run.key.run,
            limit: BatchLimit(count: 1000)
        )
        request.ids = run.bounds
        request.rootIDs = run.rootIDs
        if let workflow = state.jobs.workflow(job: run.key.job, run: run.key.run) {
            request.limit = workflow.limit
        }
        let forecast = try await inventory.plan(request, from: source, batches: call.limit)
        let opened = try await inventory.source(source)
        let summary = try await inventory.summaries(RunSelection(run.key)).first
        return try .document(
            PlanDocument(forecast, of: opened.definition, risks: opened.risks, summary: summary)
        )
    }
}

/// The graph of a pipeline, and its jobs.
package struct ServedGraphDocument: Codable, Sendable, Hashable {
    package let inputs: [String]
    package let processes: [String]
    package let links: [Link]
    package let jobs: [Job]

    /// A link, which is a job over what its input tells.
    package struct Link: Codable, Sendable, Hashable {
        package let job: String
        package let from: String
        package let to: String
        package let upstream: String?
    }

    /// A job that may be worked on.
    package struct Job: Codable, Sendable, Hashable {
        package let job: String
        package let run: String
        package let source: String
    }

    init(_ served: ServedJobs, isShown: (String) -> Bool) {
        let graph = served.graph
        links = (graph?.jobs ?? []).filter { isShown($0.name) }.map {
            Link(job: $0.name, from: $0.link.source, to: $0.link.process, upstream: $0.upstream)
        }
        let names = Set(links.flatMap { [$0.from, $0.to] })
        inputs = (graph?.inputs ?? []).filter { names.contains($0) || isShown($0) }
        processes = (graph?.processes ?? []).filter { names.contains($0) || isShown($0) }
        jobs = served.workflows.filter { isShown($0.job) }.map {
            Job(job: $0.job, run: $0.run, source: redacted("\($0.source)"))
        }
    }
}
