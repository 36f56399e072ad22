package import FoundationEssentials

extension Inventory {
    /// Keeps a description of a pipeline behind the generation that it follows.
    ///
    /// - Parameter pipeline: The description.
    /// - Returns: The description as it is kept; `nil` where another one has been applied
    ///   meanwhile, and nothing was changed.
    /// - Throws: ``TrancheError`` `.invalidArgument` for a name that is none; of the store.
    package func apply(_ pipeline: PipelineBeginning) async throws -> PipelineRecord? {
        try PipelineRecord.validate(name: pipeline.name)
        return try await retrying { _ in try await store.apply(pipeline) }
    }

    /// Reads the last description of each pipeline, ascending by name; those that were removed are
    /// left out.
    ///
    /// - Throws: ``TrancheError`` of the store.
    public func pipelines() async throws -> [PipelineRecord] {
        try await retrying { _ in try await store.pipelines(named: nil) }.filter { !$0.isRemoved }
    }

    /// Reads the last description of a pipeline.
    ///
    /// - Parameter name: The pipeline.
    /// - Returns: The description; `nil` where none was ever applied. It may say that the pipeline
    ///   was removed.
    /// - Throws: ``TrancheError`` of the store.
    public func pipeline(named name: String) async throws -> PipelineRecord? {
        try await retrying { _ in try await store.pipelines(named: name) }.first
    }

    /// Reads the descriptions that a pipeline has had, the latest first.
    ///
    /// - Parameters:
    ///   - name: The pipeline.
    ///   - limit: Most descriptions; 100 by default.
    /// - Returns: The descriptions, those of removals among them.
    /// - Throws: ``TrancheError`` of the store.
    public func history(
        ofPipeline name: String,
        limit: Int = 100
    ) async throws -> [PipelineRecord] {
        try await retrying { _ in try await store.history(ofPipeline: name, limit: limit) }
    }

    /// Removes a pipeline: its processes end, and none can run it until it is applied again.
    ///
    /// The runs of its jobs, and what it had before, stay.
    ///
    /// - Parameters:
    ///   - name: The pipeline.
    ///   - reason: The reason.
    /// - Returns: What was removed; `nil` where it is not there.
    /// - Throws: ``TrancheError`` of the store.
    public func removePipeline(
        _ name: String,
        reason: String? = nil
    ) async throws -> PipelineRecord? {
        while true {
            try Task.checkCancellation()
            guard let last = try await pipeline(named: name), !last.isRemoved else { return nil }
            let beginning = PipelineBeginning(
                name: name,
                digest: "",
                text: nil,
                after: last.generation,
                note: ChangeNote(by: configuration.worker, reason: reason)
            )
            if try await apply(beginning) != nil { return last }
        }
    }

    /// Reads what the alerts of a pipeline have sent, and the inventory's time.
    package func alerts(
        ofPipeline pipeline: String
    ) async throws -> (alerts: [AlertRecord], now: Date) {
        try await retrying { _ in try await store.alerts(ofPipeline: pipeline) }
    }

    /// Replaces what is known of a condition, unless somebody else did meanwhile.
    package func save(_ alert: AlertRecord) async throws -> Bool {
        try await retrying { _ in try await store.save(alert) }
    }
}
