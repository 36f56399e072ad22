import Dispatch
import FoundationEssentials
import Glibc

/// The person before the terminal.
package enum Terminal {
    /// Asks on standard error for a line on standard input.
    ///
    /// - Parameter question: The question, with the blank behind it.
    /// - Returns: The answer; `nil` where one of them is not a terminal, it ends, or the task is
    ///   cancelled.
    package static func ask(_ question: String) async -> String? {
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { return nil }
        let (lines, sender) = AsyncStream.makeStream(of: String.self)
        // A thread of its own: it may wait for ever, and does so when the task is cancelled before.
        DispatchQueue(label: "tranche.terminal").async {
            defer { sender.finish() }
            // Who cannot be shown the question cannot be asked.
            guard (try? FileWriter(file: STDERR_FILENO).write(question)) != nil,
                Readiness.wait(for: STDIN_FILENO, POLLIN), let line = readLine()
            else { return }
            sender.yield(line)
        }
        for await line in lines { return line }
        return nil
    }
}
