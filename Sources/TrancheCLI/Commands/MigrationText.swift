import Tranche
import TrancheSQL

/// What a migration did, or would do, for people and programs.
struct MigrationText: Sendable {
    let report: MigrationReport
    let verb: String
    let isDryRun: Bool

    func write(_ context: Context) throws {
        try context.write(document) { text(context) }
    }

    /// Lists migrations and when they were applied.
    static func write(_ migrations: [MigrationStatus], _ context: Context) throws {
        let documents = migrations.map { migration in
            JSON.object([
                ("version", JSON(migration.version)),
                ("name", .string(migration.name)),
                ("applied_at", JSON(migration.appliedAt)),
            ])
        }
        try context.write(.object([("migrations", .array(documents))])) {
            var table = Table([.number("VERSION"), .text("NAME"), .text("APPLIED")])
            for migration in migrations {
                let applied = migration.appliedAt.map { HumanText.relative($0, to: context.now()) }
                table.add([
                    "\(migration.version)", Table.Cell(migration.name),
                    Table.Cell(applied ?? "no", applied == nil ? .yellow : .green),
                ])
            }
            return table.text(context.style)
        }
    }

    private var document: JSON {
        .object([
            ("dry_run", .bool(isDryRun)),
            ("steps", .array(report.steps.map { .string($0) })),
            ("sql", .array(isDryRun ? report.sql.map { .string($0) } : [])),
            ("adopted", report.adopted.map(document) ?? .null),
            (
                "removed",
                .array(
                    report.losses.map { loss in
                        .object([
                            ("job", .string(loss.job)), ("what", .string(loss.what)),
                            ("count", JSON(loss.count)),
                        ])
                    }
                )
            ),
        ])
    }

    private func document(_ adoption: MigrationReport.Adoption) -> JSON {
        let runs = adoption.runs.map { run in
            JSON.object([
                ("job", .string(run.key.job)), ("meta", .string(run.key.metaTable)),
                ("run", .string(run.key.run)), ("bounds", JSON(run.bounds)),
                ("cursor", .integer(run.cursor)), ("running", JSON(run.running)),
                ("failed", JSON(run.failed)),
            ])
        }
        let overlaps = adoption.overlaps.map { overlap in
            JSON.object([
                ("job", .string(overlap.key.job)), ("meta", .string(overlap.key.metaTable)),
                ("run", .string(overlap.key.run)),
                ("batches", .array(overlap.batches.map { .integer($0) })),
                ("id_start", .integer(overlap.ids.lowerBound)),
                ("id_end", .integer(overlap.ids.upperBound)),
            ])
        }
        return .object([
            ("rows", JSON(adoption.rows)), ("runs", .array(runs)), ("overlaps", .array(overlaps)),
        ])
    }

    private func text(_ context: Context) -> String {
        if isDryRun {
            let losses = report.losses.isEmpty ? "" : "-- removes \(removed)\n"
            return losses
                + (report.sql.isEmpty ? "-- nothing to do" : report.sql.joined(separator: "\n"))
        }
        var text = report.steps.map { "\(verb) \($0)\n" }.joined()
        if !report.losses.isEmpty { text += "removed \(removed)\n" }
        if report.steps.isEmpty { text = "nothing to do: the inventory is as asked for\n" }
        if let adoption = report.adopted { text += words(adoption, context) }
        return text
    }

    /// What is removed, on a line of its own whatever a job is called.
    private var removed: String { HumanText.oneLine(report.losses.words) }

    private func words(_ adoption: MigrationReport.Adoption, _ context: Context) -> String {
        var table = Table([
            .text("JOB"), .text("META"), .text("RUN"), .number("GOES ON AFTER"), .number("RUNNING"),
            .number("FAILED"),
        ])
        for run in adoption.runs {
            table.add([
                Table.Cell(run.key.job), Table.Cell(run.key.metaTable),
                Table.Cell(run.key.run.isEmpty ? "-" : "\(run.key.run) (\(run.bounds))"),
                "\(run.cursor)", "\(run.running)", "\(run.failed)",
            ])
        }
        let overlaps = adoption.overlaps.map { overlap in
            let ids = HumanText.ids(overlap.ids.lowerBound, overlap.ids.upperBound)
            let batches = overlap.batches.map(String.init).joined(separator: " and ")
            return "batches \(batches) of \(overlap.key) both hold ids \(ids); both are kept\n"
        }
        return "took over \(HumanText.number(adoption.rows)) rows of pybatchintory's\n"
            + table.text(context.style) + overlaps.joined()
    }
}
