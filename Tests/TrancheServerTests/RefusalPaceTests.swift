import Testing
import Tranche
import TrancheHTTP
import TrancheTestKit

@testable import TrancheServer

@Suite("Who is refused often", .timeLimit(.minutes(2)))
struct RefusalPaceTests {
    private static let wrong = HTTPServerResponse(404)

    @Test("A hundred refusals are answered at once, and then one each hundredth of a second")
    func pace() {
        let clock = ManualClock()
        let pace = RefusalPace(clock)
        for number in 1...100 {
            #expect(!pace.isBehind("a"), "\(number)")
            #expect(pace.take(Self.wrong, for: "a") == .zero, "\(number)")
        }
        #expect(pace.isBehind("a") == false)
        #expect(pace.take(Self.wrong, for: "a") == .milliseconds(10))
        #expect(pace.isBehind("a"))
        #expect(pace.take(Self.wrong, for: "a") == .milliseconds(20))
        clock.advance(by: .milliseconds(15))
        #expect(pace.take(Self.wrong, for: "a") == .milliseconds(15))
        clock.advance(by: .seconds(1))
        #expect(pace.take(Self.wrong, for: "a") == .zero)
    }

    @Test("Nobody waits longer than two seconds, nor is what is owed ever more")
    func longest() {
        let clock = ManualClock()
        let pace = RefusalPace(clock)
        for _ in 1...5000 { _ = pace.take(Self.wrong, for: "a") }
        #expect(pace.take(Self.wrong, for: "a") == RefusalPace.longest)
        clock.advance(by: RefusalPace.longest)
        #expect(pace.take(Self.wrong, for: "a") == .milliseconds(10))
    }

    @Test(
        "What is right, in conflict or limited never waits",
        arguments: [200, 204, 304, 308, 409, 410, 429, 500, 503]
    )
    func others(_ status: Int) {
        let pace = RefusalPace(ManualClock())
        for _ in 1...500 { #expect(pace.take(HTTPServerResponse(status), for: "a") == .zero) }
        for _ in 1...500 { _ = pace.take(Self.wrong, for: "a") }
        #expect(pace.take(HTTPServerResponse(status), for: "a") == .zero)
    }

    @Test("Each address has its own hundred, however many there are")
    func addresses() {
        let pace = RefusalPace(ManualClock())
        for _ in 1...200 { _ = pace.take(Self.wrong, for: "a") }
        for number in 1...10_000 { #expect(pace.take(Self.wrong, for: "b\(number)") == .zero) }
        #expect(pace.isBehind("a"))
    }

    @Test("A refusal that waits takes nothing from who asks for what there is")
    func router() async throws {
        let clock = ManualClock()
        let router = Self.router(clock)
        let wrong = HTTPServerRequest(method: "GET", path: "/nothing", remoteAddress: "10.0.0.1")
        let right = HTTPServerRequest(method: "GET", path: "/right", remoteAddress: "10.0.0.1")
        for _ in 1...101 {
            guard case .answer(let response) = router.admit(wrong) else {
                Issue.record("one of the first hundred waits")
                return
            }
            #expect(response.status == 404)
        }
        // From now on one is worked on, so that it can wait.
        guard case .read = router.admit(wrong) else {
            Issue.record("a refusal beyond the first hundred does not wait")
            return
        }
        async let late = router.answer(wrong)
        try await clock.waitForSleepers(1)
        #expect(await router.answer(right).status == 200)
        clock.advance(by: .milliseconds(20))
        #expect(await late.status == 404)
    }

    @Test("A refusal that waits is given up with its task")
    func cancelled() async throws {
        let clock = ManualClock()
        let pace = RefusalPace(clock)
        for _ in 1...200 { _ = pace.take(Self.wrong, for: "a") }
        let waiting = Task { await pace.wait(with: Self.wrong, for: "a") }
        try await clock.waitForSleepers(1)
        waiting.cancel()
        await waiting.value
        #expect(clock.sleepers == 0)
    }

    private static func router(_ clock: ManualClock) -> Router {
        Router(
            routes: [
                .get("/right", "Answer.", role: nil, SessionDocument.self) { _ in
                    HTTPServerResponse(200)
                }
            ],
            base: "",
            gatekeeper: Gatekeeper(tokens: nil, sessions: PageSessions(clock), open: [.look]),
            readOnly: ReadOnly(MemoryInventoryStore(), clock: clock),
            answers: SharedAnswers(clock),
            pace: RefusalPace(clock),
            onChange: {}
        )
    }
}
