import Foundation
import Synchronization

/// What a crew shows while it works: one live line on a terminal, else a line per batch.
final class Progress: Sendable {
    private let writer: any Writer
    private let style: Style
    private let state: Mutex<State>

    private struct State {
        var tally: ProgressTally
        var isShown = false
        var drawnAt: ContinuousClock.Instant?
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
            draw(&state, atLeastAfter: .milliseconds(200))
        }
    }

    /// Copies lines of a program.
    func copy(_ bytes: [UInt8]) {
        state.withLock { state in
            clear(&state)
            write(bytes)
            draw(&state, atLeastAfter: .milliseconds(200))
        }
    }

    /// Draws the live line each second until cancelled.
    func run() async {
        guard writer.isTerminal else { return }
        while !Task.isCancelled {
            state.withLock { draw(&$0, atLeastAfter: .milliseconds(200)) }
            // Cancelled is how this ends.
            try? await Task.sleep(for: .seconds(1))
        }
    }

    /// Ends with a line that sums up.
    func finish(elapsed: Duration) {
        state.withLock { state in
            show(state.tally.summary(elapsed: elapsed) + "\n", &state)
        }
    }

    // MARK: - Drawing

    private func draw(_ state: inout State, atLeastAfter pause: Duration) {
        guard writer.isTerminal else { return }
        let now = ContinuousClock.now
        if let drawnAt = state.drawnAt, now - drawnAt < pause { return }
        let line = state.tally.line(elapsed: now - state.tally.startedAt).prefix(
            max(writer.width - 1, 20)
        )
        write(Array("\r\u{1B}[K\(line)".utf8))
        state.isShown = true
        state.drawnAt = now
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
