package import FoundationEssentials
package import Tranche

/// A workflow as it was begun.
package struct WorkflowDocument: Codable, Sendable, Hashable {
    package let job: String
    package let meta: String
    package let run: String
    package let generation: Int
    package let digest: String
    package let startedBy: String?
    package let startedAt: Date
    package let description: RawJSON

    /// Makes the document of a workflow.
    package init(_ handle: WorkflowHandle) {
        let record = handle.record
        job = record.key.job
        meta = record.key.metaTable
        run = record.key.run
        generation = record.generation
        digest = record.digest
        startedBy = record.startedBy
        startedAt = record.startedAt
        description = RawJSON(record.text)
    }

    enum CodingKeys: String, CodingKey {
        case job, meta, run, generation, digest
        case startedBy = "started_by"
        case startedAt = "started_at"
        case description
    }
}

/// Workflows, in order of source, job and run.
package struct WorkflowsDocument: Codable, Sendable, Hashable {
    package let workflows: [WorkflowDocument]

    /// Makes the document of workflows.
    package init(_ handles: [WorkflowHandle]) {
        workflows = handles.map { WorkflowDocument($0) }
    }
}

/// How a workflow ended, or a process's part in it.
package struct WorkflowResultDocument: Codable, Sendable, Hashable {
    package let ending: String
    package let reason: String?
    package let progress: WorkflowProgress

    /// Makes the document of a result.
    package init(_ result: WorkflowResult) {
        ending = result.ending.name
        progress = result.progress
        reason =
            switch result.ending {
            case .superseded(let generation):
                NoBatchReason.superseded(by: generation).description
            case .unfinished(let reason): reason.description
            case .complete, .completeWithFailures, .cancelled, .stopped: nil
            }
    }
}
