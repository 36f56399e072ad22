import Tranche
import TrancheChains
import TrancheConnectors

/// A workflow made ready to be begun and worked on.
struct WorkflowPlan: Sendable {
    let workflow: Workflow
    /// What tells the description from others.
    let digest: String
    let source: any MetaSourceDescription
    /// Whose batches are worked on, by this description alone.
    let request: BatchRequest
    /// What the records go through; `nil` for a program or a handler.
    let chain: SinkChain?

    /// Makes a workflow ready; nothing is opened yet.
    ///
    /// - Parameters:
    ///   - workflow: The workflow.
    ///   - digest: What tells its description from others, where it is kept.
    ///   - connectors: What makes sources and sinks of descriptions.
    ///   - context: What else belongs to them.
    ///   - worker: The name of the worker.
    /// - Throws: `SpecError` that names the field.
    init(
        _ workflow: Workflow,
        digest: String,
        _ connectors: Connectors,
        _ context: ConnectorContext,
        worker: String
    ) throws {
        self.workflow = workflow
        self.digest = digest
        let source = try Workflow.naming("source") {
            try connectors.source(workflow.source, context)
        }
        self.source = source
        var request = BatchRequest(
            job: workflow.job,
            run: workflow.run,
            ids: workflow.ids,
            limit: workflow.limit,
            policy: workflow.policy,
            // What an attempt was worked on by is seen where it is listed, and costs no column.
            worker: "\(worker)@\(digest.prefix(12))"
        )
        request.workflow = digest
        if case .records(let steps, let sink) = workflow.work {
            request.target = try Workflow.naming("sink") { try connectors.target(of: sink).text }
            var records = Chain<Record>(reading: source)
            for (place, step) in steps.enumerated() {
                records = try Workflow.naming("steps", "\(place)") { try step.applied(to: records) }
            }
            let opened = try Workflow.naming("sink") { try connectors.sink(sink, context) }
            chain = records.write(to: opened)
        } else {
            chain = nil
        }
        self.request = request
    }
}
