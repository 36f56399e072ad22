import FoundationEssentials
import Synchronization
import Tranche

/// What a group of workers shows while it works: one live line on a terminal, else a line per
/// batch.
final class Progress: Sendable {
    /// The least time between two drawings.
    private static let pause: Duration = .milliseconds(200)

    private let writer: any Writer
    /// What the writer writes through, where that is done on another thread.
    private let queue: QueuedWriter?
    /// What results are written through, where that is done on another thread.
    private let results: QueuedWriter?
    private let style: Style
    private let clock: any Clock<Duration>
    private let stopwatch: Stopwatch
    private let now: @Sendable () -> Date
    private let state: Mutex<State>

    private struct State {
        var tally: ProgressTally
        var isShown = false
        var drawnAt: Duration?
        /// Whether something has changed since then.
        var isStale = false
        /// When it was last said why nothing is handed out, by the words.
        var waits: [String: Duration] = [:]
    }

    init(
        _ writer: any Writer,
        through queue: QueuedWriter? = nil,
        results: QueuedWriter? = nil,
        style: Style,
        weighsBytes: Bool,
        hasWeights: Bool,
        clock: any Clock<Duration> = ContinuousClock(),
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.writer = writer
        self.queue = queue
        self.results = results
        self.style = style
        self.clock = clock
        self.now = now
        stopwatch = Stopwatch(clock)
        state = Mutex(State(tally: ProgressTally(weighsBytes: weighsBytes, hasWeights: hasWeights)))
    }

    /// Makes the progress of what a command works on: from now on until ``finish(elapsed:isOver:)``
    /// nobody waits for who reads standard error, and nothing is acquired while results wait for
    /// who reads standard output.
    convenience init(
        _ context: Context,
        weighsBytes: Bool = false,
        hasWeights: Bool = false,
        clock: any Clock<Duration>
    ) {
        self.init(
            context.errors,
            through: context.queue,
            results: context.results,
            style: Style(context.errors, environment: context.environment),
            weighsBytes: weighsBytes,
            hasWeights: hasWeights,
            clock: clock,
            now: context.now
        )
        context.queue?.writeLater()
        context.results?.writeLater()
    }

    /// Whether there is a live line.
    var isLive: Bool { style.canDraw }

    /// The counts so far.
    var tally: ProgressTally { state.withLock { $0.tally } }

    /// Changes the counts, and says a line about it where there is no live one.
    ///
    /// - Parameters:
    ///   - line: The line.
    ///   - colour: Its colour on a terminal, and its level in a log.
    ///   - isAlwaysShown: Whether to say it on a terminal too.
    ///   - batch: What it is about.
    ///   - change: Changes the counts.
    func update(
        _ line: String? = nil,
        colour: Colour? = nil,
        isAlwaysShown: Bool = false,
        about batch: BatchRecord? = nil,
        _ change: (inout ProgressTally) -> Void = { _ in }
    ) {
        state.withLock { state in
            change(&state.tally)
            if let line, isAlwaysShown || !isLive {
                say(line, colour, about: batch, &state)
            }
            draw(&state, isChange: true)
        }
    }

    /// Copies whole lines that a batch's program wrote, with the batch's number before each.
    ///
    /// - Parameters:
    ///   - lines: The lines; a very long one may come in pieces, each as a line.
    ///   - batch: The batch; `nil` for a program that has none.
    ///   - stream: What they were written to.
    func copy(_ lines: [UInt8], of batch: BatchRecord? = nil, _ stream: LogLine.Stream = .output) {
        let newline = UInt8(ascii: "\n")
        var parts = lines.split(separator: newline, omittingEmptySubsequences: false)
        if parts.last?.isEmpty == true { parts.removeLast() }
        state.withLock { state in
            clear(&state)
            if let log = writer as? LogWriter {
                for part in parts {
                    let text = redacted(String(decoding: part, as: UTF8.self))
                    var line = LogLine(.info, text, about: batch, at: now())
                    line.stream = stream
                    write(line, to: log)
                }
            } else {
                let mark = batch.map { "[\($0.id)] " } ?? ""
                var text = ""
                for part in parts { text += "\(mark)\(HumanText.programLine(part))\n" }
                // Work goes on when nobody can read how it goes.
                try? writer.copy(Array(text.utf8))
            }
            draw(&state, isChange: true)
        }
    }

    /// Waits until there is room for more of what programs write; on a thread that may block.
    func waitForRoom() {
        queue?.waitForRoom()
    }

    /// Lets nobody wait for that room any more.
    func stopWaitingForRoom() {
        queue?.stopWaitingForRoom()
    }

    /// Keeps the live line up to date until cancelled: drawn each second, and after changes.
    func run() async {
        guard isLive else { return }
        while !Task.isCancelled {
            state.withLock { draw(&$0, isChange: false) }
            // Cancelled is how this ends.
            try? await clock.sleep(for: Self.pause)
        }
    }

    /// Ends with a line that sums up, and waits until all is written.
    ///
    /// - Parameters:
    ///   - elapsed: How long the work went on.
    ///   - isOver: Whether the line is shown when nothing was done, too: what kept it from being
    ///     done says more.
    func finish(elapsed: Duration, isOver: Bool) async {
        state.withLock { state in
            if isOver || !state.tally.isEmpty {
                say(state.tally.summary(elapsed: elapsed), nil, about: nil, &state)
            } else {
                clear(&state)
            }
        }
        await queue?.finish()
        await results?.finish()
    }

    // MARK: - Drawing

    private func draw(_ state: inout State, isChange: Bool) {
        guard isLive else { return }
        state.isStale = state.isStale || isChange
        let now = stopwatch.elapsed
        if let drawnAt = state.drawnAt, now - drawnAt < (state.isStale ? Self.pause : .seconds(1)) {
            return
        }
        // A terminal that is held would be drawn on again and again later.
        if queue?.isBehind == true { return }
        let width = max(writer.width - 1, 20)
        let line = state.tally.line(elapsed: now, width: width)
        write(Array("\r\u{1B}[K\(TextWidth.prefix(of: line, width))".utf8))
        state.isShown = true
        state.drawnAt = now
        state.isStale = false
    }

    private func clear(_ state: inout State) {
        guard state.isShown else { return }
        write(Array("\r\u{1B}[K".utf8))
        state.isShown = false
        state.drawnAt = nil
    }

    private func say(
        _ text: String,
        _ colour: Colour?,
        about batch: BatchRecord?,
        _ state: inout State
    ) {
        clear(&state)
        guard let log = writer as? LogWriter else {
            return write(Array((style.paint(HumanText.programLines(text), colour) + "\n").utf8))
        }
        write(LogLine(.init(colour), text, about: batch, at: now()), to: log)
    }

    private func write(_ line: LogLine, to log: LogWriter) {
        // Work goes on when nobody can read how it goes.
        try? log.write(line)
    }

    private func write(_ bytes: [UInt8]) {
        // Likewise.
        try? writer.write(bytes)
    }
}

// MARK: - What the workers do

extension Progress: WorkWatcher {
    /// How long the same words about a wait are said once.
    private static let sameWords: Duration = .seconds(29)

    /// Whether results wait to be written.
    var isBehind: Bool { results?.isBehind ?? false }

    func caughtUp() async { await results?.caughtUp() }

    /// Stops the work once results cannot be written any more.
    func stopsWithResults(_ stop: StopSource) {
        results?.whenFailing { stop.advance(to: .stopping) }
    }

    func began(_ batch: Batch) {
        update { $0.begin(batch.id, items: batch.count, weight: batch.weight) }
    }

    func finished(_ batch: Batch) {
        update { $0.finish(batch.id) }
    }

    /// Says why nothing is handed out, unless other groups have something in hand.
    func waits(_ explanation: WaitExplanation) {
        let words = WaitText.words(explanation)
        let now = stopwatch.elapsed
        let isNews = state.withLock { state in
            state.waits = state.waits.filter { now - $0.value < Self.sameWords }
            guard state.tally.running == 0, state.waits[words] == nil else { return false }
            state.waits[words] = now
            return true
        }
        guard isNews else { return }
        let isMore = explanation.reason == .complete
        update(words, colour: isMore ? nil : .yellow, isAlwaysShown: true)
    }

    func tookOver(_ batches: [OpenBatch]) {
        for open in batches {
            let worker = open.batch.worker ?? "a worker"
            update(
                "batch \(open.batch.id) is offered again: \(worker), which held it, is a process of "
                    + "this host that has ended",
                colour: .yellow,
                isAlwaysShown: true,
                about: open.batch
            )
        }
    }
}
