public import Foundation
public import Tranche

extension MemoryTables {
    /// Keeps a description of a pipeline; see `PipelineStore`.
    mutating func apply(_ pipeline: PipelineBeginning, now: Date) -> PipelineRecord? {
        let last = pipelines.last { $0.name == pipeline.name }
        if let last, last.digest == pipeline.digest {
            let known = [pipeline.former, pipeline.former + 1]
            return known.contains(last.generation) ? last : nil
        }
        guard last?.generation ?? 0 == pipeline.former else { return nil }
        let made = PipelineRecord(
            name: pipeline.name,
            generation: pipeline.former + 1,
            digest: pipeline.digest,
            text: pipeline.text,
            note: pipeline.note,
            appliedAt: now
        )
        pipelines.append(made)
        return made
    }

    /// The last description of each pipeline.
    func pipelines(named name: String?) -> [PipelineRecord] {
        let names = Set(pipelines.map(\.name)).filter { name == nil || $0 == name }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            .compactMap { name in pipelines.last { $0.name == name } }
    }

    /// Replaces what is known of a condition, if its version is the one that is there.
    mutating func save(_ alert: AlertRecord) -> Bool {
        var made = alert
        made.version += 1
        let place = alerts.firstIndex { known in
            known.pipeline == alert.pipeline && known.alert == alert.alert
                && known.subject == alert.subject && known.condition == alert.condition
        }
        guard let place else {
            guard alert.version == 0 else { return false }
            alerts.append(made)
            return true
        }
        guard alerts[place].version == alert.version else { return false }
        alerts[place] = made
        return true
    }

    /// What the alerts of a pipeline have sent.
    func alerts(ofPipeline pipeline: String) -> [AlertRecord] {
        alerts.filter { $0.pipeline == pipeline }.sorted { first, second in
            let places = [first, second].map { [$0.alert, $0.subject, $0.condition] }
            return places[0].lexicographicallyPrecedes(places[1]) {
                $0.utf8.lexicographicallyPrecedes($1.utf8)
            }
        }
    }
}

extension MemoryInventoryStore {
    /// Keeps a description of a pipeline; see `PipelineStore`.
    public func apply(_ pipeline: PipelineBeginning) async throws -> PipelineRecord? {
        try change { $0.apply(pipeline, now: $1) }
    }

    /// Reads the last description of each pipeline.
    public func pipelines(named name: String?) async throws -> [PipelineRecord] {
        try change { tables, _ in tables.pipelines(named: name) }
    }

    /// Reads the descriptions that a pipeline has had, the latest first.
    public func history(ofPipeline name: String, limit: Int) async throws -> [PipelineRecord] {
        try change { tables, _ in
            Array(tables.pipelines.filter { $0.name == name }.reversed().prefix(limit))
        }
    }

    /// Reads what the alerts of a pipeline have sent.
    public func alerts(
        ofPipeline pipeline: String
    ) async throws -> (alerts: [AlertRecord], now: Date) {
        try change { ($0.alerts(ofPipeline: pipeline), $1) }
    }

    /// Replaces what is known of a condition; see `PipelineStore`.
    public func save(_ alert: AlertRecord) async throws -> Bool {
        try change { tables, _ in tables.save(alert) }
    }
}
