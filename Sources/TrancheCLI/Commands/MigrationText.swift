import Tranche
import TrancheSQL

/// What a migration did, or would do, for people and programs.
struct MigrationText: Sendable {
    let report: MigrationReport
    let verb: String
    let isDryRun: Bool

    func write(_ context: Context) throws {
        try context.write(MigrationDocument(report, isDryRun: isDryRun)) { text(context) }
    }

    /// Lists migrations, when they were applied, and who is at work.
    static func write(
        _ migrations: [MigrationStatus],
        _ workers: [WorkerStatus],
        _ context: Context
    ) throws {
        try context.write(MigrationsDocument(migrations, workers)) {
            var table = Table([
                .number("VERSION"), .text("NAME"), .text("APPLIED"), .text("BY"),
            ])
            for migration in migrations {
                let applied = migration.appliedAt.map { HumanText.relative($0, to: context.now()) }
                table.add([
                    "\(migration.version)", Table.Cell(migration.name),
                    Table.Cell(applied ?? "no", applied == nil ? .yellow : .green),
                    Table.Cell(migration.program ?? ""),
                ])
            }
            return table.text(context.style) + text(of: workers, context)
        }
    }

    private static func text(of workers: [WorkerStatus], _ context: Context) -> String {
        if workers.isEmpty { return "" }
        var table = Table([
            .text("AT WORK"), .text("VERSION"), .number("KNOWS"), .text("SEEN"),
        ])
        for worker in workers {
            table.add([
                Table.Cell(worker.name), Table.Cell(worker.program ?? "unknown"),
                Table.Cell(worker.knows.map(String.init) ?? "-"),
                Table.Cell(worker.seenAt.map { HumanText.relative($0, to: context.now()) } ?? "-"),
            ])
        }
        return "\n" + table.text(context.style)
    }

    /// Names workers that a migration stands in the way of, ten at most.
    static func words(
        for workers: [WorkerStatus],
        _ why: String,
        in inventory: String,
        _ context: Context
    ) -> String {
        let named = workers.prefix(10).map { worker in
            let version = worker.program.map { "tranche \($0)" } ?? "of an unknown version"
            let seen = worker.seenAt.map { ", seen \(HumanText.relative($0, to: context.now()))" }
            return "\(worker.name) (\(version)\(seen ?? ""))"
        }
        let more = workers.count > 10 ? " and \(workers.count - 10) more" : ""
        let are = workers.count == 1 ? "is" : "are"
        return "at work on \(inventory) \(are) \(named.joined(separator: ", "))\(more), \(why)"
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
