import FoundationEssentials
import Tranche

/// A page that shows the runs: one file, without scripts, that loads nothing.
struct ReportPage {
    let title: String
    let reading: ReportReading
    let now: Date

    private var overview: Overview { reading.status.overview }

    /// The page.
    var text: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <title>\(HTMLText.escaped(redacted(title)))</title>
        <style>
        \(ReportStyle.text)
        </style>
        </head>
        <body>
        <header>
        <h1>\(HTMLText.escaped(redacted(title)))</h1>
        <p class="quiet">as of <time>\(HTMLText.time(now))</time>, tranche \(Program.version)</p>
        </header>
        <main>
        \(verdict)\(numbers)\(runs)\(throughput)\(failures)\(holders)</main>
        </body>
        </html>

        """
    }

    // MARK: Sections

    private var verdict: String {
        guard !reading.findings.isEmpty else {
            return "<p class=\"verdict well\">All is well.</p>\n"
        }
        let shown = reading.findings.prefix(10).map { finding in
            let key = RunKey(metaTable: finding.meta, job: finding.job, run: finding.run)
            return "<li>\(HTMLText.escaped("\(key) \(redacted(finding.message))"))</li>"
        }.joined(separator: "\n")
        let count = Set(reading.findings.map { [$0.job, $0.meta, $0.run] }).count
        let words = count == 1 ? "1 run needs" : "\(HumanText.number(count)) runs need"
        let left = reading.findings.count - 10
        let more = left > 0 ? "<li>and \(HumanText.number(left)) more</li>" : ""
        return
            "<div class=\"verdict ill\"><p>\(words) somebody:</p>\n<ul>\n\(shown)\n\(more)</ul></div>\n"
    }

    private var numbers: String {
        let oldest = overview.oldestAt.map { HumanText.age(since: $0, at: now) } ?? "–"
        let sign = overview.isExact ? "" : "~"
        let parts = [
            (sign + HumanText.number(overview.waitingItems), "items waiting"),
            (oldest, "the oldest"),
            (HumanText.number(overview.inFlight), "batches in flight"),
            (HumanText.number(overview.failedLastHour), "failed in the last hour"),
        ]
        let cells = parts.map { number, words in
            "<div><dd>\(HTMLText.escaped(number))</dd><dt>\(HTMLText.escaped(words))</dt></div>"
        }.joined(separator: "\n")
        return "<dl class=\"numbers\">\n\(cells)\n</dl>\n"
    }

    private var runs: String {
        guard !overview.runs.isEmpty else { return "<p>No run has begun yet.</p>\n" }
        let open = Dictionary(
            grouping: reading.failures + reading.held + reading.lapsed + reading.released,
            by: \.key
        )
        let shown = overview.runs.prefix(ReportReading.mostBars)
        let rows = shown.map { run in
            let bar = CoverageBar(
                run,
                lowest: reading.lowest[run.run.key],
                batches: open[run.run.key] ?? [],
                now: now
            )
            return row(run, bar)
        }
        let legend = CoverageBar.State.allCases.map {
            "<li><span class=\"key \($0.rawValue)\"></span>\($0.words)</li>"
        }.joined()
        let left = overview.runs.count - shown.count
        let more = left > 0 ? "<p>And \(HumanText.count(left, "more run")).</p>\n" : ""
        return "<section><h2>Runs</h2>\n"
            + HTMLText.table(
                ["Job", "State", "Ids", "Waiting", "Oldest", "Drains in", "Per hour", "Failed"],
                rows,
                numbers: [3, 4, 5, 6, 7]
            ) + "<ul class=\"legend\">\(legend)</ul>\n\(more)</section>\n"
    }

    private func row(_ run: RunStatus, _ bar: CoverageBar?) -> [String] {
        let key = run.run.key
        let name = key.run.isEmpty ? key.job : "\(key.job) / \(key.run)"
        let drain = run.drains(hasWeights: run.run.source?.weight != nil)
        let done = run.itemsOfHour.map { ($0.isEstimate ? "~" : "") + HumanText.number($0.count) }
        let share = bar.map { HumanText.fixed(($0.share * 100).rounded(.down), 0) + " %" } ?? ""
        let waiting = (run.backlog?.isExact ?? true ? "" : "~") + HumanText.number(run.waitingItems)
        let drawing = bar.map { "\($0.drawing)<span class=\"quiet\">\(share)</span>" } ?? "–"
        return [
            "<strong>\(HTMLText.escaped(name))</strong><br><span class=\"quiet\">"
                + "\(HTMLText.escaped(key.metaTable))</span>",
            "<span class=\"state \(run.state.name)\">"
                + "\(HTMLText.escaped(redacted(run.state.words(now))))</span>",
            drawing,
            run.run.isFormer ? "–" : run.backlog == nil ? "?" : waiting,
            run.oldestAt.map { HumanText.age(since: $0, at: now) } ?? "–",
            drain.map { HumanText.range($0.shortest, $0.longest) } ?? "–",
            done ?? "–",
            HumanText.number(run.failedBatches),
        ]
    }

    private var throughput: String {
        guard let chart = ThroughputChart(reading.successes, now: now) else { return "" }
        let isCut = reading.successes.count >= ReportReading.mostSuccesses
        let cut =
            isCut ? ", of the newest \(HumanText.number(reading.successes.count)) batches" : ""
        return "<section><h2>Throughput</h2>\n<figure>\(chart.drawing)\n<figcaption>"
            + "<span><time>\(HTMLText.time(chart.start))</time></span>"
            + "<span>\(HTMLText.escaped(chart.words + cut))</span>"
            + "<span><time>\(HTMLText.time(now))</time></span></figcaption></figure></section>\n"
    }

    private var failures: String {
        guard !reading.failures.isEmpty else { return "" }
        let rows = reading.failures.prefix(ReportReading.most).map { batch in
            let status = batch.isFinal ? batch.status.rawValue : "retrying"
            return [
                String(batch.id), HTMLText.escaped(batch.key.job),
                "<span class=\"state \(status)\">\(status)</span>",
                HTMLText.escaped(HumanText.ids(batch.idStart, batch.idEnd)),
                HumanText.number(batch.attempt),
                HumanText.relative(batch.endedAt ?? batch.startedAt, to: now),
                "<pre>\(HTMLText.escaped(redacted(batch.logging ?? "")))</pre>",
            ]
        }
        return "<section><h2>Failures</h2>\n"
            + HTMLText.table(
                ["Batch", "Job", "Status", "Ids", "Attempt", "When", "Why"],
                rows,
                numbers: [0, 4]
            ) + cut(reading.failures) + "</section>\n"
    }

    private var holders: String {
        guard !reading.held.isEmpty else { return "" }
        let rows = reading.held.map { batch in
            [
                String(batch.id), HTMLText.escaped(batch.key.job),
                HTMLText.escaped(HumanText.ids(batch.idStart, batch.idEnd)),
                HumanText.number(batch.count), HTMLText.escaped(batch.worker ?? "somebody"),
                HumanText.relative(batch.startedAt, to: now),
                batch.leaseExpiresAt.map { HumanText.relative($0, to: now) } ?? "–",
            ]
        }
        return "<section><h2>In flight</h2>\n"
            + HTMLText.table(
                ["Batch", "Job", "Ids", "Items", "Held by", "Since", "Lease ends"],
                rows,
                numbers: [0, 3]
            ) + cut(reading.held) + "</section>\n"
    }

    private func cut(_ batches: [BatchRecord]) -> String {
        batches.count >= ReportReading.most
            ? "<p>Only the newest are shown; 'tranche batches' lists more.</p>\n" : ""
    }
}
