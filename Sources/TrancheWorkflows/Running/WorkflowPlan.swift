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
    /// - Throws: `SpecError` that names the field.
    init(
        _ workflow: Workflow,
        _ connectors: Connectors,
        _ context: ConnectorContext,
        worker: String
    ) throws {
        self.workflow = workflow
        digest = try workflow.digest
        let source = try Self.naming("source") {
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
            request.target = try Self.naming("sink") { try connectors.target(of: sink).text }
            var records = Chain<Record>(reading: source)
            for (place, step) in steps.enumerated() {
                records = try Self.naming("steps", "\(place)") { try step.applied(to: records) }
            }
            let opened = try Self.naming("sink") { try connectors.sink(sink, context) }
            chain = records.write(to: opened)
        } else {
            chain = nil
        }
        self.request = request
    }

    private static func naming<Result>(
        _ field: String...,
        body: () throws -> Result
    ) throws -> Result {
        do {
            return try body()
        } catch let error as SpecError {
            throw error.within(field)
        } catch let error as TrancheError where error.code == .invalidArgument {
            throw SpecError(.unusable, field: field, error.message)
        }
    }
}
