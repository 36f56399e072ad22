import Tranche

/// What looks after the inputs, links and jobs while they run.
extension Orchestrator {
    /// What looks for what alerts tell of; `nil` where there are none.
    func alertWatch(_ state: State) -> AlertWatch? {
        guard let (pipeline, alerts, sender) = state.alerts else { return nil }
        let (inventory, reports) = (inventory, reports)
        var jobs = state.jobs(configuration.credentials).map { job, input, _ in
            AlertWatch.Job(name: job.name) {
                guard let upstream = job.upstream else {
                    return try await inventory.source(input.source(for: job.link))
                }
                return try await inventory.source(InventorySource(job: upstream))
            }
        }
        jobs += state.ownJobs.map { job in
            AlertWatch.Job(name: job.job, run: job.run) {
                try await job.source(in: inventory)
            }
        }
        return AlertWatch(
            pipeline: pipeline,
            alerts: alerts,
            inventory: inventory,
            sender: sender,
            jobs: jobs,
            inputs: state.graph.inputs.map { name in
                AlertWatch.Input(name: name) { reports.trouble(of: name) }
            },
            note: { reports.note($0) }
        )
    }
}
