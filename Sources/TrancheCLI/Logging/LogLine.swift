import FoundationEssentials
import Tranche

/// A line about the work, as programs read it: an object on a line of its own.
struct LogLine: Sendable, Hashable {
    /// How much it matters.
    enum Level: String, Sendable, Encodable {
        case info, warning, error

        /// The level of what is painted in a colour.
        init(_ colour: Colour?) {
            self =
                switch colour {
                case .red: .error
                case .yellow: .warning
                default: .info
                }
        }
    }

    /// What a program wrote to.
    enum Stream: String, Sendable, Encodable {
        case output = "stdout"
        case errors = "stderr"
    }

    var time: Date
    var level: Level
    var message: String
    /// The job, as far as it is known.
    var job: String?
    /// The run, where it has a name.
    var run: String?
    var batch: Int64?
    var attempt: Int?
    var worker: String?
    /// What the batch's program wrote it to; `nil` where this program says it.
    var stream: Stream?

    init(_ level: Level, _ message: String, about batch: BatchRecord? = nil, at time: Date) {
        self.time = time
        self.level = level
        self.message = message
        guard let batch else { return }
        job = batch.key.job
        run = batch.key.run.isEmpty ? nil : batch.key.run
        self.batch = batch.id
        attempt = batch.attempt
        worker = batch.worker
    }

    /// The line for people: time, level, what it is about, and the words.
    var text: String {
        var parts = [time.utcText, level.rawValue]
        if let job { parts.append("job=\(RunKey.quoted(job))") }
        if let run { parts.append("run=\(RunKey.quoted(run))") }
        if let batch { parts.append("batch=\(batch)") }
        if let attempt { parts.append("attempt=\(attempt)") }
        if let worker { parts.append("worker=\(RunKey.quoted(worker))") }
        if let stream { parts.append("stream=\(stream.rawValue)") }
        return parts.joined(separator: " ") + ": " + HumanText.oneLine(message)
    }
}

extension LogLine: Encodable {}
