package import FoundationEssentials

/// All runs as metrics, in the text format that Prometheus reads.
///
/// Source: Prometheus, "Exposition formats", text version 0.0.4.
package struct MetricsText: Sendable {
    private let overview: Overview
    private let names: [String: String]
    private let unreachable: Set<RunKey>
    private let openSince: Date?
    private let version: String
    private let now: Date
    private let seconds: Double

    /// Makes the text's content.
    ///
    /// - Parameters:
    ///   - overview: The runs.
    ///   - labels: Labels of all samples besides those of a run.
    ///   - unreachable: The runs whose sources could not be looked at.
    ///   - openSince: When the oldest open transaction of the inventory's database began.
    ///   - version: The program's version.
    ///   - now: When the runs were looked at.
    ///   - seconds: How long that took.
    package init(
        _ overview: Overview,
        labels: [String: String] = [:],
        unreachable: Set<RunKey> = [],
        openSince: Date? = nil,
        version: String,
        now: Date,
        seconds: Double
    ) {
        self.overview = overview
        names = labels
        self.unreachable = unreachable
        self.openSince = openSince
        self.version = version
        self.now = now
        self.seconds = seconds
    }

    /// The metrics, with a line break at their end.
    package var text: String {
        // The labels of a run are those of all its samples.
        let runs = overview.runs.map { LabelledRun(status: $0, labels: labels($0)) }
        let metrics =
            waiting(runs) + working(runs) + results(runs) + troubles(runs) + whole
        return metrics.filter { !$0.samples.isEmpty }.map { text(of: $0) }.joined()
    }

    // MARK: Metrics

    private struct Metric {
        var name: String
        var kind = "gauge"
        var help: String
        var samples: [Sample] = []
    }

    private struct Sample {
        /// As they stand between braces.
        var labels = ""
        var value: Double
    }

    private struct LabelledRun {
        var status: RunStatus
        var labels: String
    }

    private func metric(
        _ name: String,
        _ help: String,
        kind: String = "gauge",
        _ runs: [LabelledRun],
        _ value: (RunStatus) -> Double?
    ) -> Metric {
        Metric(
            name: name,
            kind: kind,
            help: help,
            samples: runs.compactMap { run in
                value(run.status).map { Sample(labels: run.labels, value: $0) }
            }
        )
    }

    private func waiting(_ runs: [LabelledRun]) -> [Metric] {
        [
            metric("tranche_backlog_items", "Items that wait.", runs) {
                $0.backlog == nil ? nil : Double($0.waitingItems)
            },
            metric("tranche_backlog_weight", "Weight of the items that wait.", runs) {
                $0.backlog == nil || !$0.isWeightKnown ? nil : $0.waitingWeight
            },
            metric(
                "tranche_backlog_oldest_timestamp_seconds",
                "Since when the oldest item waits at least, in seconds since 1970.",
                runs
            ) { $0.oldestAt?.timeIntervalSince1970 },
            Metric(
                name: "tranche_drain_seconds",
                help: "How long it takes until nothing waits, as long as nothing is added.",
                samples: runs.flatMap { run -> [Sample] in
                    let hasWeights = run.status.waitingWeight > 0
                    guard let drain = run.status.drains(hasWeights: hasWeights) else { return [] }
                    return [("shortest", drain.shortest), ("longest", drain.longest)].map {
                        let bound = Self.label("bound", $0.0)
                        return Sample(labels: "\(run.labels),\(bound)", value: $0.1)
                    }
                }
            ),
        ]
    }

    private func working(_ runs: [LabelledRun]) -> [Metric] {
        [
            Metric(
                name: "tranche_run_state",
                help: "What the run is doing: 1 for its state.",
                samples: runs.map {
                    let state = Self.label("state", $0.status.state.name)
                    return Sample(labels: "\($0.labels),\(state)", value: 1)
                }
            ),
            metric("tranche_in_flight_batches", "Batches that somebody holds.", runs) {
                Double($0.held.batches)
            },
            metric("tranche_in_flight_weight", "Weight of the batches that somebody holds.", runs) {
                $0.held.weight
            },
            metric(
                "tranche_last_success_timestamp_seconds",
                "When a batch last succeeded, in seconds since 1970.",
                runs
            ) { $0.summary.lastSuccess?.timeIntervalSince1970 },
            metric("tranche_source_up", "Whether the source could be looked at.", runs) {
                unreachable.contains($0.run.key) ? 0 : $0.backlog == nil ? nil : 1
            },
        ]
    }

    private func results(_ runs: [LabelledRun]) -> [Metric] {
        [
            metric(
                "tranche_batches_succeeded_total",
                "Batches that succeeded.",
                kind: "counter",
                runs
            ) { Double($0.batches(.succeeded)) },
            metric(
                "tranche_items_succeeded_total",
                "Items of batches that succeeded.",
                kind: "counter",
                runs
            ) { Double($0.summary.totals[.succeeded]?.items ?? 0) },
            metric(
                "tranche_weight_succeeded_total",
                "Weight of batches that succeeded.",
                kind: "counter",
                runs
            ) { $0.summary.totals[.succeeded]?.weight ?? 0 },
        ]
    }

    private func troubles(_ runs: [LabelledRun]) -> [Metric] {
        [
            metric(
                "tranche_failed_batches",
                "Batches that failed for good or are quarantined.",
                runs
            ) { Double($0.failedBatches) },
            metric("tranche_quarantined_items", "Items that are quarantined.", runs) {
                Double($0.summary.totals[.quarantined]?.items ?? 0)
            },
            metric("tranche_retrying_batches", "Batches that failed and are tried again.", runs) {
                Double($0.summary.retrying.batches + $0.summary.runningAgain)
            },
            metric("tranche_released_batches", "Batches that were given back.", runs) {
                Double($0.batches(.released))
            },
            metric("tranche_stuck_batches", "Batches that have used up their attempts.", runs) {
                Double($0.summary.causes[.stuck]?.batches ?? 0)
            },
            metric(
                "tranche_recent_failures",
                "Attempts that failed or lapsed in the last hour.",
                runs
            ) { Double($0.summary.lastHour.failures) },
            metric("tranche_open_gaps", "Ranges of ids that writers may still commit.", runs) {
                Double($0.openGaps)
            },
        ]
    }

    private var whole: [Metric] {
        [
            Metric(
                name: "tranche_oldest_transaction_timestamp_seconds",
                help: "When the oldest open transaction began, if that is over a minute ago.",
                samples: openSince.map { [Sample(value: $0.timeIntervalSince1970)] } ?? []
            ),
            Metric(
                name: "tranche_collected_timestamp_seconds",
                help: "When these metrics were collected, in seconds since 1970.",
                samples: [Sample(value: now.timeIntervalSince1970)]
            ),
            Metric(
                name: "tranche_collection_duration_seconds",
                help: "How long that took.",
                samples: [Sample(value: seconds)]
            ),
            Metric(
                name: "tranche_build_info",
                help: "The program that collected these metrics.",
                samples: [Sample(labels: Self.label("version", version), value: 1)]
            ),
        ]
    }

    private func labels(_ run: RunStatus) -> String {
        let key = run.run.key
        return [("job_name", key.job), ("source", key.metaTable), ("run", key.run)]
            .map { Self.label($0.0, $0.1) }.joined(separator: ",")
    }

    // MARK: Text

    private func text(of metric: Metric) -> String {
        var text = "# HELP \(metric.name) \(metric.help)\n# TYPE \(metric.name) \(metric.kind)\n"
        let common = names.sorted { $0.key < $1.key }.map { Self.label($0.key, $0.value) }
            .joined(separator: ",")
        for sample in metric.samples {
            text += metric.name
            let between = sample.labels.isEmpty || common.isEmpty ? "" : ","
            let labels = sample.labels + between + common
            if !labels.isEmpty { text += "{\(labels)}" }
            text += " \(Self.number(sample.value))\n"
        }
        return text
    }

    private static func label(_ name: String, _ value: String) -> String {
        "\(name)=\"\(escaped(value))\""
    }

    /// A label's value as it stands between quotes.
    private static func escaped(_ value: String) -> String {
        let isPlain = !value.utf8.contains {
            $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\n")
        }
        if isPlain { return value }
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if value == value.rounded(), value.magnitude < 1e15 { return String(Int64(value)) }
        return "\(value)"
    }
}
