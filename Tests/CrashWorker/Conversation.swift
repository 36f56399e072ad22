import Foundation
import Tranche

/// What the process and the test that started it say to each other.
struct Conversation: Sendable {
    /// The points at which to wait for a line on standard input.
    let stops: Set<String>

    /// Tells that a point is reached, and waits there when that was asked for.
    func reach(_ point: String, _ batch: Batch? = nil) async {
        say(point + (batch.map { " \($0.id) \($0.attempt)" } ?? ""))
        if stops.contains(point) { await waitForLine() }
    }

    /// Writes a line, at once.
    func say(_ line: String) {
        var bytes = Array((line.replacing("\n", with: " ") + "\n").utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
            // Who listened is gone; nobody would end this process otherwise.
            if count < 0, errno != EINTR { exit(1) }
            bytes = bytes.dropFirst(max(count, 0))
        }
    }

    /// Waits on a thread of its own: heartbeats go on meanwhile.
    private func waitForLine() async {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                if readLine() == nil { exit(1) }
                continuation.resume()
            }
        }
    }
}
