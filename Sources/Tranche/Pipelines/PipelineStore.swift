public import FoundationEssentials

/// A store that keeps pipelines: their descriptions, each with a generation of its own, and the
/// messages of their alerts.
public protocol PipelineStore: Sendable {
    /// Keeps a description of a pipeline behind the generation that it follows.
    ///
    /// The description that the pipeline has last, said again, is not a new generation and changes
    /// nothing.
    ///
    /// - Parameter pipeline: The description.
    /// - Returns: The pipeline's last description, which is the one that was asked for; `nil` where
    ///   that is another one and `pipeline` does not follow it: it is to be read again. Nothing was
    ///   changed then.
    /// - Throws: ``TrancheError`` of the store.
    func apply(_ pipeline: PipelineBeginning) async throws -> PipelineRecord?

    /// Reads the last description of each pipeline, ascending by name.
    ///
    /// - Parameter name: The pipeline that is meant; `nil` for all.
    /// - Returns: The descriptions, those of removed pipelines among them.
    /// - Throws: ``TrancheError`` of the store.
    func pipelines(named name: String?) async throws -> [PipelineRecord]

    /// Reads the descriptions that a pipeline has had, the latest first.
    ///
    /// - Parameters:
    ///   - name: The pipeline.
    ///   - limit: Most descriptions; above 0.
    /// - Returns: The descriptions.
    /// - Throws: ``TrancheError`` of the store.
    func history(ofPipeline name: String, limit: Int) async throws -> [PipelineRecord]

    /// Reads what the alerts of a pipeline have sent, by alert, subject and condition.
    ///
    /// - Parameter pipeline: The pipeline.
    /// - Returns: The records, and the inventory's time.
    /// - Throws: ``TrancheError`` of the store.
    func alerts(ofPipeline pipeline: String) async throws -> (alerts: [AlertRecord], now: Date)

    /// Replaces what is known of a condition, unless somebody else did meanwhile.
    ///
    /// - Parameter alert: What is known now, with the version of the record that it replaces.
    /// - Returns: Whether it was replaced; the version is one higher then.
    /// - Throws: ``TrancheError`` of the store.
    func save(_ alert: AlertRecord) async throws -> Bool
}
