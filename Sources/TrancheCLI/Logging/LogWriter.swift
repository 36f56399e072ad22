import FoundationEssentials
import Tranche

/// Standard error as a log: each line has a time, a level, and what it is about.
struct LogWriter: Writer {
    let format: LogFormat
    /// Where the lines go.
    var base: any Writer
    let now: @Sendable () -> Date
    /// The job and the worker of lines that are about no batch.
    let job: String?
    let worker: String?

    // A log has no live line, wherever it goes.
    var isTerminal: Bool { false }
    var width: Int { base.width }

    /// Writes plain lines, as the program says them.
    func write(_ bytes: [UInt8]) throws {
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let text = String(decoding: line, as: UTF8.self)
            let mark = "tranche: "
            let message = text.hasPrefix(mark) ? String(text.dropFirst(mark.count)) : text
            try write(LogLine(.info, message, at: now()))
        }
    }

    /// Writes a line, unless it is left out.
    func write(_ line: LogLine) throws {
        guard let text = try text(of: line) else { return }
        let bytes = Array((text + "\n").utf8)
        if line.stream == nil {
            try base.write(bytes)
        } else {
            try base.copy(bytes)
        }
    }

    /// A line as it is written; `nil` where it is left out.
    func text(of line: LogLine) throws -> String? {
        var line = line
        line.job = line.job ?? job
        line.worker = line.worker ?? worker
        switch format {
        case .json: return try line.documentText()
        case .text: return line.text
        case .quiet:
            return line.level == .info
                ? nil : "tranche: \(HumanText.programLines(line.message))"
        }
    }
}

extension LogWriter {
    /// The log that the arguments ask for; `nil` where they ask for none.
    init?(
        _ arguments: Arguments,
        to base: any Writer,
        worker named: String?,
        now: @escaping @Sendable () -> Date
    ) throws {
        guard let format = try LogFormat(arguments) else { return nil }
        self.init(
            format: format,
            base: base,
            now: now,
            job: arguments.text("job"),
            worker: arguments.text("worker") ?? named ?? Inventory.Configuration.processName
        )
    }
}
