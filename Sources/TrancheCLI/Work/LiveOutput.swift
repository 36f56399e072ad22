import Synchronization
import Tranche

/// What a program that runs has written so far.
final class LiveOutput: Sendable {
    /// When what was written is first kept, after the attempt began.
    static let firstPause = Duration.seconds(2)
    /// How long nothing is kept after that; each time costs a statement, where there is news.
    static let pause = Duration.seconds(5)

    private let state = Mutex(State())

    private struct State {
        var output = OutputTail()
        var errors = OutputTail()
        var isNews = false
    }

    /// Takes what came on standard output.
    func add(output bytes: some Collection<UInt8>) {
        state.withLock { state in
            state.output.add(bytes)
            state.isNews = true
        }
    }

    /// Takes what came on standard error.
    func add(errors bytes: some Collection<UInt8>) {
        state.withLock { state in
            state.errors.add(bytes)
            state.isNews = true
        }
    }

    /// Keeps what was written, now and then, so that others can see it: until it is cancelled.
    ///
    /// - Parameters:
    ///   - batch: The batch, which is held.
    ///   - clock: Says when.
    func keep(with batch: Batch, clock: any Clock<Duration>) async {
        var pause = Self.firstPause
        while (try? await clock.sleep(for: min(pause, batch.lease / 3))) != nil {
            pause = Self.pause
            let tails = state.withLock { state -> (output: OutputTail, errors: OutputTail)? in
                defer { state.isNews = false }
                return state.isNews ? (state.output, state.errors) : nil
            }
            guard let tails else { continue }
            let output = AttemptOutput(
                standardError: tails.errors.text,
                standardOutput: tails.output.text
            )
            // The end of the attempt keeps the same and more, and tells what is wrong.
            try? await batch.keep(output)
        }
    }
}
