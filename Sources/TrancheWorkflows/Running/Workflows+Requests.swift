package import Tranche

extension Workflows {
    /// What is asked for a workflow's batches, for who works on them outside of this program.
    ///
    /// - Parameter handle: The workflow, begun.
    /// - Returns: The request, whose worker is this inventory's, and the source.
    /// - Throws: `SpecError` that names the field.
    package func request(
        for handle: WorkflowHandle
    ) throws -> (request: BatchRequest, source: any MetaSourceDescription) {
        let plan = try plan(handle.description, digest: handle.record.digest)
        return (plan.request, plan.source)
    }
}
