import Foundation
import Synchronization

/// What a group of workers shows while it works: one live line on a terminal, else a line per batch.
final class Progress: Sendable {
    /// The least time between two drawings.
    private static let pause: Duration = .milliseconds(200)

    private let writer: any Writer
    private let style: Style
    private let state: Mutex<State>

    private struct State {
        var tally: ProgressTally
        var isShown = false
        var drawnAt: ContinuousClock.Instant?
        /// Whether something has changed since then.
        var isStale = false
        /// Whether a program has written a part of a line.
        var isWithinLine = false
    }

    init(_ writer: any Writer, style: Style, weighsBytes: Bool, hasWeights: Bool) {
        self.writer = writer
        self.style = style
        state = Mutex(State(tally: ProgressTally(weighsBytes: weighsBytes, hasWeights: hasWeights)))
    }

    /// Whether there is a live line.
    var isLive: Bool { writer.isTerminal }

    /// What was counted so far.
    var tally: ProgressTally { state.withLock { $0.tally } }

    /// Changes the counts, and says a line about it where there is no live one.
    ///
    /// - Parameters:
    ///   - line: The line.
    ///   - colour: Its colour on a terminal.
    ///   - isAlwaysShown: Whether to say it on a terminal too.
    ///   - change: Changes the counts.
    func update(
        _ line: String? = nil,
        colour: Colour? = nil,
        isAlwaysShown: Bool = false,
        _ change: (inout ProgressTally) -> Void = { _ in }
    ) {
        state.withLock { state in
            change(&state.tally)
            if let line, isAlwaysShown || !writer.isTerminal {
                show(style.paint(line, colour) + "\n", &state)
            }
            draw(&state, isChange: true)
        }
    }

    /// Copies what a program wrote; a line that is not at its end is not drawn over.
    func copy(_ bytes: [UInt8]) {
        state.withLock { state in
            clear(&state)
            write(bytes)
            state.isWithinLine = bytes.last != UInt8(ascii: "\n")
            draw(&state, isChange: true)
        }
    }

    /// Keeps the live line up to date until cancelled: drawn each second, and after changes.
    func run() async {
        guard writer.isTerminal else { return }
        while !Task.isCancelled {
            state.withLock { draw(&$0, isChange: false) }
            // Cancelled is how this ends.
            try? await Task.sleep(for: Self.pause)
        }
    }

    /// Ends with a line that sums up.
    ///
    /// - Parameters:
    ///   - elapsed: How long the work went on.
    ///   - isOver: Whether the line is shown when nothing was done, too: what kept it from being done
    ///     says more.
    func finish(elapsed: Duration, isOver: Bool) {
        state.withLock { state in
            if isOver || !state.tally.isEmpty {
                show(state.tally.summary(elapsed: elapsed) + "\n", &state)
            } else {
                clear(&state)
            }
        }
    }

    // MARK: - Drawing

    private func draw(_ state: inout State, isChange: Bool) {
        guard writer.isTerminal, !state.isWithinLine else { return }
        state.isStale = state.isStale || isChange
        let now = ContinuousClock.now
        if let drawnAt = state.drawnAt, now - drawnAt < (state.isStale ? Self.pause : .seconds(1)) {
            return
        }
        let line = state.tally.line(elapsed: now - state.tally.startedAt)
        write(Array("\r\u{1B}[K\(line.prefix(max(writer.width - 1, 20)))".utf8))
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

    private func show(_ text: String, _ state: inout State) {
        clear(&state)
        write(Array(text.utf8))
    }

    private func write(_ bytes: [UInt8]) {
        // Work goes on when nobody can read how it goes.
        try? writer.write(bytes)
    }
}
