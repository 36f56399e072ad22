import Tranche
package import TrancheConnectors
package import TrancheOrchestrator
package import TrancheWorkflows

/// What callers of a server may work on: the jobs of a pipeline's file, and nothing else.
package struct ServedJobs: Sendable {
    /// The jobs.
    package let workflows: [Workflow]
    /// Which processes run on what; `nil` without a file.
    package let graph: PipelineGraph?
    let connectors: Connectors
    let context: ConnectorContext

    /// Takes the jobs of a pipeline; none without one.
    package init(
        _ pipeline: Pipeline? = nil,
        connectors: Connectors,
        context: ConnectorContext
    ) throws {
        workflows = pipeline?.jobs ?? []
        graph = try pipeline?.graph
        self.connectors = connectors
        self.context = context
    }

    /// A job by its name and run.
    func workflow(job: String, run: String) -> Workflow? {
        workflows.first { $0.job == job && $0.run == run }
    }

    /// A job by its name: its incremental run, or the first of the runs that are declared.
    func workflow(job: String) -> Workflow? {
        workflow(job: job, run: "") ?? workflows.first { $0.job == job }
    }

    /// The workflows of an inventory.
    func all(in inventory: Inventory) -> Workflows { Workflows(inventory, connectors, context) }
}
