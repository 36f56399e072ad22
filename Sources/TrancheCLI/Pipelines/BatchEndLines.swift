import Synchronization
import Tranche

/// Writes each attempt that ends as a line of JSON, where JSON is asked for.
///
/// Many links and jobs write; when standard output takes no more, the work is stopped.
final class BatchEndLines: Sendable {
    private let context: Context
    private let stop: StopSource
    private let failure = Mutex<(any Error)?>(nil)

    init(_ context: Context, _ stop: StopSource) {
        (self.context, self.stop) = (context, stop)
    }

    /// Writes the end of an attempt.
    func write(_ report: BatchReport) {
        guard context.isJSON else { return }
        failure.withLock { failure in
            guard failure == nil else { return }
            do {
                try context.output.writeLine(BatchEndDocument(report).documentText())
            } catch {
                failure = error
                stop.advance(to: .stopping)
            }
        }
    }

    /// Throws what kept a line from being written.
    func check() throws {
        if let failure = failure.withLock({ $0 }) { throw failure }
    }
}
