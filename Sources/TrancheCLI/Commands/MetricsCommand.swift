import Foundation
import Tranche

/// Prints the runs as metrics, once.
struct MetricsCommand: Command {
    static let description = CommandDescription(
        name: "metrics",
        summary: "Print the runs as metrics, in the text format of Prometheus",
        examples: ["tranche metrics --to /var/lib/node_exporter/tranche.prom"],
        groups: [
            RunOptions.group(jobIsRequired: false),
            .init(
                title: "Where to",
                options: [
                    .init(
                        "to",
                        "FILE",
                        "a file that is replaced as a whole, such as one that the node exporter's textfile "
                            + "collector reads; standard output by default"
                    )
                ]
            ),
        ],
        notes: """
            They are collected once: let cron do it every minute, as in

                * * * * * tranche metrics --to /var/lib/node_exporter/tranche.prom

            Each sample has the labels job_name, source and run; the label job is Prometheus's
            own. Weights are in the source's unit, times in seconds. examples/alerts has rules
            that tell when somebody is needed.

            """
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
        guard let path else {
            try context.output.write(text)
            return .done
        }
        try WholeFile(path: path, option: "--to").write(text)
        return .done
    }
}
