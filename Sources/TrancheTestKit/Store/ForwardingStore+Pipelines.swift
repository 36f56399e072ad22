public import Foundation
public import Tranche

extension ForwardingStore {
    /// Passes the request on; see `PipelineStore`.
    public func apply(_ pipeline: PipelineBeginning) async throws -> PipelineRecord? {
        try await forward(.change) { try await base.apply(pipeline) }
    }

    /// Passes the request on; see `PipelineStore`.
    public func pipelines(named name: String?) async throws -> [PipelineRecord] {
        try await forward(.read) { try await base.pipelines(named: name) }
    }

    /// Passes the request on; see `PipelineStore`.
    public func history(ofPipeline name: String, limit: Int) async throws -> [PipelineRecord] {
        try await forward(.read) { try await base.history(ofPipeline: name, limit: limit) }
    }

    /// Passes the request on; see `PipelineStore`.
    public func alerts(
        ofPipeline pipeline: String
    ) async throws -> (alerts: [AlertRecord], now: Date) {
        try await forward(.read) { try await base.alerts(ofPipeline: pipeline) }
    }

    /// Passes the request on; see `PipelineStore`.
    public func save(_ alert: AlertRecord) async throws -> Bool {
        try await forward(.change) { try await base.save(alert) }
    }
}
