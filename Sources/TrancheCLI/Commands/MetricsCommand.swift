import FoundationEssentials
import Tranche

/// Prints the runs as metrics, once.
struct MetricsCommand: Command {
    static let description = CommandDescription(
        name: "metrics",
        summary: "Print metrics of the runs, in the text format of Prometheus",
        examples: ["tranche metrics --to /var/lib/node_exporter/tranche.prom"],
        groups: [
            RunOptions.group(jobIsRequired: false),
            .init(
                title: "Where to",
                options: [
                    .init(
                        "to",
                        "FILE",
                        "file to replace, such as one for the textfile collector of the "
                            + "node exporter (default: standard output)"
                    )
                ]
            ),
        ],
        notes: """
            Each call collects them once. Let cron call it every minute, as in

                * * * * * tranche metrics --to /var/lib/node_exporter/tranche.prom

            Each sample of a run has the labels job_name, source and run; the label job belongs
            to Prometheus. Weights are in the unit of the source, times in seconds. The article
            "Operating" lists the metrics; examples/alerts has alerting rules.

            """,
        hasDocument: false
    )

    private let selection: RunOptions
    private let path: String?

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments)
        path = arguments.text("to")
        if arguments.has("json") {
            throw UsageError("metrics have a format of their own, not JSON")
        }
        if let path, path.isEmpty { throw UsageError("--to is empty; name a file") }
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let start = ContinuousClock.now
        let file = path.map { WholeFile(path: $0, option: "--to") }
        try file?.requireNoDatabase()
        let text = try await context.withInventory { inventory in
            let asked = try await selection.known(in: inventory)
            let reading = try await StatusReading(asked, inventory, context)
            return MetricsText(
                reading.overview,
                unreachable: Set(reading.faults.keys),
                openSince: reading.openTransaction?.since,
                version: Program.version,
                now: context.now(),
                seconds: (ContinuousClock.now - start).seconds
            ).text
        }
        guard let file else {
            try context.output.write(text)
            return .done
        }
        try file.write(text)
        return .done
    }
}
