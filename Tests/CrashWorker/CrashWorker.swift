import Foundation
import Tranche
import TranchePostgreSQL
import TrancheSQL
import TrancheSQLite

/// Works on the batches of a run, for tests that kill it.
///
/// Each step is a line on standard output, and a place at which it can be told to wait: a test that
/// has read the line knows where the process is when it kills it.
@main
enum CrashWorker {
    static func main() async {
        do {
            let options = try WorkerOptions(Array(CommandLine.arguments.dropFirst()))
            let talk = Conversation(stops: options.stops)
            do {
                try await run(options, talk)
            } catch {
                talk.say("error \(String(reflecting: error))")
                exit(1)
            }
        } catch {
            FileHandle.standardError.write(Data("tranche-crash-worker: \(error)\n".utf8))
            exit(64)
        }
    }

    private static func run(_ options: WorkerOptions, _ talk: Conversation) async throws {
        await talk.reach("opening")
        let inventory = try await options.openInventory()
        await talk.reach("opened")
        let work = Work(options: options, sink: try options.sink(), talk: talk)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<(try options.tasks) {
                group.addTask { try await work.run(through: inventory) }
            }
            try await group.waitForAll()
        }
        await inventory.close()
        talk.say("done")
    }
}
