package import FoundationEssentials
package import Tranche

/// The descriptions of pipelines, and what their alerts have sent.
extension SQLInventoryStore {
    package func apply(_ pipeline: PipelineBeginning) async throws -> PipelineRecord? {
        try await wrapping {
            // The key lets one in of several that follow the same generation.
            let rows = try await database.write([
                insert(pipeline), selectPipelines(pipeline.name, all: false, limit: 1),
            ])
            let last = try rows[1].map { try self.pipeline(&$0) }.first
            guard let last, last.digest == pipeline.digest else { return nil }
            // Said again after a lost answer, it is what was kept.
            let isNext = last.generation == pipeline.former + 1
            return isNext || last.generation == pipeline.former ? last : nil
        }
    }

    private func insert(_ pipeline: PipelineBeginning) -> SQLStatement {
        """
        INSERT INTO \(tables.pipeline)
            (name, generation, digest, description, applied_by, reason, applied_at)
        SELECT \(pipeline.name), \(pipeline.former + 1), \(pipeline.digest), \(pipeline.text),
            \(pipeline.note.by), \(pipeline.note.reason), \(now)
        WHERE \(pipeline.former) = coalesce(
                (SELECT max(generation) FROM \(tables.pipeline) WHERE name = \(pipeline.name)), 0
            )
            AND NOT EXISTS (
                SELECT 1 FROM \(tables.pipeline)
                WHERE name = \(pipeline.name) AND generation = \(pipeline.former)
                    AND digest = \(pipeline.digest)
            )
        ON CONFLICT DO NOTHING
        """
    }

    package func pipelines(named name: String?) async throws -> [PipelineRecord] {
        try await wrapping {
            try await database.read(selectPipelines(name, all: false, limit: .max))[0]
                .map { try pipeline(&$0) }
        }
    }

    package func history(ofPipeline name: String, limit: Int) async throws -> [PipelineRecord] {
        try await wrapping {
            try await database.read(selectPipelines(name, all: true, limit: limit))[0]
                .map { try pipeline(&$0) }
        }
    }

    private func selectPipelines(_ name: String?, all: Bool, limit: Int) -> SQLStatement {
        var condition: SQLStatement = "1 = 1"
        if let name { condition = "p.name = \(name)" }
        if !all {
            condition.append(
                """
                 AND p.generation = (
                    SELECT max(l.generation) FROM \(tables.pipeline) AS l WHERE l.name = p.name
                )
                """
            )
        }
        return """
            SELECT p.name, p.generation, p.digest, p.description, p.applied_by, p.reason,
                \(dialect.milliseconds("p.applied_at"))
            FROM \(tables.pipeline) AS p
            WHERE \(condition)
            ORDER BY p.name, p.generation DESC
            LIMIT \(limit)
            """
    }

    private func pipeline(_ row: inout SQLRow) throws -> PipelineRecord {
        let name = try row.text()
        let generation = Int(try row.integer())
        let (digest, text) = (try row.text(), row.optionalText())
        let (by, reason) = (row.optionalText(), row.optionalText())
        return PipelineRecord(
            name: name,
            generation: generation,
            digest: digest,
            text: text,
            note: ChangeNote(by: by, reason: reason),
            appliedAt: try row.instant()
        )
    }

    // MARK: Alerts

    package func alerts(
        ofPipeline pipeline: String
    ) async throws -> (alerts: [AlertRecord], now: Date) {
        let select: SQLStatement = """
            SELECT alert, subject, condition, version, content
            FROM \(tables.alert)
            WHERE pipeline = \(pipeline)
            ORDER BY alert, subject, condition
            """
        return try await wrapping {
            let rows = try await database.read(select, readClock)
            var clock = rows[1][0]
            let alerts = try rows[0].map { row in
                AlertRecord(
                    pipeline: pipeline,
                    alert: try row.text(),
                    subject: try row.text(),
                    condition: try row.text(),
                    version: try row.integer(),
                    content: try row.text()
                )
            }
            return (alerts, try clock.instant())
        }
    }

    package func save(_ alert: AlertRecord) async throws -> Bool {
        let statement: SQLStatement =
            alert.version == 0
            ? """
            INSERT INTO \(tables.alert) (pipeline, alert, subject, condition, version, content)
            VALUES (
                \(alert.pipeline), \(alert.alert), \(alert.subject), \(alert.condition), 1,
                \(alert.content)
            )
            ON CONFLICT DO NOTHING
            RETURNING version
            """
            : """
            UPDATE \(tables.alert) SET content = \(alert.content), version = version + 1
            WHERE pipeline = \(alert.pipeline) AND alert = \(alert.alert)
                AND subject = \(alert.subject) AND condition = \(alert.condition)
                AND version = \(alert.version)
            RETURNING version
            """
        return try await wrapping { try await !database.write([statement])[0].isEmpty }
    }
}
