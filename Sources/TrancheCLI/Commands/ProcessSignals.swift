internal import CPosix
import Dispatch
import FoundationEssentials
import Glibc
import Synchronization
import Tranche

/// The signals that ask the process to end.
package enum ProcessSignals {
    /// Has the same signals end the process at once, with the status of what was interrupted, until
    /// ``stream()`` takes them: a command that waits for a server at its start holds nothing yet.
    ///
    /// What they do by default has another status, and is nothing in the first process of a
    /// container.
    package static func endProcess() {
        for number in caught { _ = tranche_end_at_signal(number) }
    }

    /// SIGINT, SIGTERM and SIGHUP, instead of what they do by default, while the stream exists.
    ///
    /// Each that comes once this has returned is in the stream. A process that was started to
    /// outlive its terminal, as by `nohup`, goes on ignoring SIGHUP. When the stream ends within
    /// ``StopSignal/oneStop`` of a signal, others are ignored until then: they are the same stop.
    package static func stream() -> AsyncStream<Int32> {
        AsyncStream(bufferingPolicy: .bufferingNewest(8)) { continuation in
            let numbers = caught
            // A dispatch source for signals is none until its manager has set it up: one that came
            // before was lost.
            guard let pipe = try? OpenFile.pipe(), (try? pipe.reading.makeNonBlocking()) != nil,
                (try? pipe.writing.makeNonBlocking()) != nil
            else {
                // No descriptor is to be had: signals do what they do by default, and end the
                // process.
                return
            }
            let queue = DispatchQueue(label: "tranche.signals")
            let stop = FirstStop()
            let source = DispatchSource.makeReadSource(
                fileDescriptor: pipe.reading.number,
                queue: queue
            )
            source.setEventHandler {
                for number in received(from: pipe.reading) {
                    stop.note()
                    continuation.yield(number)
                }
            }
            source.setCancelHandler { pipe.reading.close() }
            source.resume()
            // Never closed: a handler on another thread may be about to write to it.
            _ = Unmanaged.passRetained(pipe.writing)
            for number in numbers { _ = tranche_catch_signal(number, pipe.writing.number) }
            let reading = ReadSource(source)
            continuation.onTermination = { _ in
                let end: @Sendable () -> Void = {
                    for number in numbers { signal(number, SIG_DFL) }
                    reading.cancel()
                }
                guard let left = stop.timeLeft else { return end() }
                queue.asyncAfter(deadline: .now() + left.seconds, execute: end)
            }
        }
    }

    /// What is caught: all of them, but for SIGHUP in what was started to go on without a terminal.
    private static var caught: [Int32] {
        StopSignal.allCases.map(\.rawValue).filter { $0 != SIGHUP || !outlivesTerminal }
    }

    /// Whether the process was started with SIGHUP ignored; asked before it is caught.
    static let outlivesTerminal = tranche_is_ignored(SIGHUP) != 0

    /// The signals that were written into a pipe.
    private static func received(from pipe: OpenFile) -> [Int32] {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(pipe.number, &bytes, bytes.count)
        return bytes.prefix(max(count, 0)).map { Int32($0) }
    }

    /// When the first signal came.
    private final class FirstStop: Sendable {
        private let time = Mutex<ContinuousClock.Instant?>(nil)

        func note() {
            time.withLock { $0 = $0 ?? .now }
        }

        /// How long others belong to it still; `nil` when they do not, or there was none.
        var timeLeft: Duration? {
            guard let time = time.withLock({ $0 }) else { return nil }
            let left = StopSignal.oneStop - (ContinuousClock.now - time)
            return left > .zero ? left : nil
        }
    }

    /// A dispatch source that may be cancelled from any thread.
    // Dispatch sources are thread safe; the type only lacks the annotation.
    private struct ReadSource: @unchecked Sendable {
        private let source: any DispatchSourceRead

        init(_ source: any DispatchSourceRead) {
            self.source = source
        }

        func cancel() {
            source.cancel()
        }
    }
}
