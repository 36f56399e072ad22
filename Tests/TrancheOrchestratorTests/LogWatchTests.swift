import Testing
import Tranche
import TrancheTestKit

@testable import TrancheOrchestrator

@Suite("Logs that are watched")
struct LogWatchTests {
    @Test("A log is looked at often while events come, and each second where none do")
    func pace() {
        var pace = LogPace()
        #expect(pace.next(isNews: false) == .seconds(1))
        #expect(pace.next(isNews: true) == .milliseconds(50))
        #expect(pace.next(isNews: true) == .milliseconds(50))
        let idle = (0..<6).map { _ in pace.next(isNews: false) }
        #expect(idle.prefix(3) == [.milliseconds(100), .milliseconds(200), .milliseconds(400)])
        #expect(idle.suffix(2) == [.seconds(1), .seconds(1)])
    }

    @Test("What another process has kept is seen, once")
    func others() async throws {
        let inventory = Inventory(store: MemoryInventoryStore())
        let log = InputLog(of: "orders", in: inventory)
        var watch = try await LogWatch(inventory.source(InputLogSource("orders")))
        #expect(try await watch.look().isGrown == false)
        try await log.append(Event(location: "here", operation: .create, id: "1"))
        let look = try await watch.look()
        #expect(look.isGrown && look.wait == LogPace.shortest)
        #expect(try await watch.look().isGrown == false)
    }

    @Test("An ordered link waits for every writer, has one batch at once, and refuses the rest")
    func ordered() throws {
        var link = Link(from: "in", to: "p", isOrdered: true)
        #expect(link.runPolicy(waiting: .seconds(2)).settleWait > .seconds(86_400))
        #expect(link.runPolicy(waiting: nil).backoff == .zero)
        #expect(link.runLimits?.parallelism == 1)
        try link.validate()
        let paused = RunLimits(parallelism: 0)
        link.limits = paused
        #expect(link.runLimits?.parallelism == 0)
        link.limits = RunLimits(parallelism: 2)
        #expect(throws: TrancheError.self) { try link.validate() }
        link.limits = nil
        link.settleWait = .seconds(5)
        #expect(throws: TrancheError.self) { try link.validate() }
        link = Link(from: "in", to: "p", policy: RunPolicy(onExhausted: .split), isOrdered: true)
        #expect(throws: TrancheError.self) { try link.validate() }
    }

    @Test("Writers are waited for as long as the link says, else as its input does")
    func waiting() {
        var link = Link(from: "in", to: "p")
        #expect(link.runPolicy(waiting: nil).settleWait == RunPolicy().settleWait)
        #expect(link.runPolicy(waiting: .seconds(2)).settleWait == .seconds(2))
        link.settleWait = .seconds(9)
        #expect(link.runPolicy(waiting: .seconds(2)).settleWait == .seconds(9))
    }
}
