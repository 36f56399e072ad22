import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheHTTP
import TrancheTestKit

@testable import TrancheServer

@Suite("Answers to what many ask", .timeLimit(.minutes(2)))
struct SharedAnswersTests {
    private final class Counter: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock { $0 } }
        func add() { count.withLock { $0 += 1 } }
    }

    /// Where readings wait until the test lets them through.
    private actor Gate {
        private var isOpen = false
        private var waiting: [CheckedContinuation<Void, Never>] = []

        func wait() async {
            if isOpen { return }
            await withCheckedContinuation { waiting.append($0) }
        }

        func open() {
            isOpen = true
            for one in waiting { one.resume() }
            waiting = []
        }
    }

    private static let everybody = Caller(name: nil, roles: [.look], jobs: nil)

    private static func key(_ target: String, of caller: Caller = everybody) -> SharedAnswers.Key {
        SharedAnswers.Key(HTTPServerRequest(method: "GET", path: target), of: caller)
    }

    private static func text(_ answer: HTTPServerResponse?) -> String? {
        answer.map { String(decoding: $0.body, as: UTF8.self) }
    }

    /// An answer that says how often it was read.
    private static func answer(_ reads: Counter) -> HTTPServerResponse {
        reads.add()
        return HTTPServerResponse(200, body: Array("\(reads.value)".utf8))
    }

    @Test("One reading serves all who ask while it goes on, and for a second")
    func sharing() async throws {
        let clock = ManualClock()
        let (answers, reads, gate) = (SharedAnswers(clock), Counter(), Gate())
        let key = Self.key("/v1/runs")
        try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    let answer = try await answers.answer(to: key, of: .inventory) {
                        await gate.wait()
                        return Self.answer(reads)
                    }
                    return Self.text(answer)
                }
            }
            // One reads behind the gate, and all others wait for it.
            while answers.waiting < 49 { await Task.yield() }
            await gate.open()
            for try await text in group { #expect(text == "1") }
        }
        clock.advance(by: .milliseconds(999))
        #expect(Self.text(answers.kept(key, of: .inventory)) == "1")
        clock.advance(by: .milliseconds(2))
        #expect(answers.kept(key, of: .inventory) == nil)
        let next = try await answers.answer(to: key, of: .inventory) { Self.answer(reads) }
        #expect(Self.text(next) == "2")
    }

    @Test("An answer that takes longer than a second to read is given for as long again")
    func slow() async throws {
        let clock = ManualClock()
        let answers = SharedAnswers(clock)
        let key = Self.key("/v1/overview")
        _ = try await answers.answer(to: key, of: .inventory) {
            clock.advance(by: .seconds(3))
            return HTTPServerResponse(200)
        }
        clock.advance(by: .milliseconds(2999))
        #expect(answers.kept(key, of: .inventory) != nil)
        clock.advance(by: .milliseconds(2))
        #expect(answers.kept(key, of: .inventory) == nil)
    }

    @Test("Callers of other jobs or roles, and other requests, have answers of their own")
    func callers() async throws {
        let answers = SharedAnswers(ManualClock())
        let all = Self.everybody
        let one = Caller(name: "a", roles: [.look], jobs: ["thumbs"])
        let same = Caller(name: "b", roles: [.look], jobs: ["thumbs"])
        let other = Caller(name: "c", roles: [.look], jobs: ["texts"])
        let operating = Caller(name: "d", roles: [.operate], jobs: nil)
        for (caller, text) in [(all, "all"), (one, "thumbs"), (other, "texts")] {
            _ = try await answers.answer(to: Self.key("/v1/runs", of: caller), of: .inventory) {
                HTTPServerResponse(200, body: Array(text.utf8))
            }
        }
        func kept(_ caller: Caller, _ target: String = "/v1/runs") -> String? {
            Self.text(answers.kept(Self.key(target, of: caller), of: .inventory))
        }
        #expect(kept(all) == "all")
        #expect(kept(one) == "thumbs")
        #expect(kept(same) == "thumbs")
        #expect(kept(other) == "texts")
        #expect(kept(operating) == nil)
        #expect(kept(all, "/v1/overview") == nil)
        let asked = HTTPServerRequest(
            method: "GET",
            path: "/v1/runs",
            query: [(name: "job", value: "thumbs")]
        )
        #expect(answers.kept(SharedAnswers.Key(asked, of: all), of: .inventory) == nil)
    }

    @Test("What was changed is not in an answer that is kept, nor in one that is read meanwhile")
    func changes() async throws {
        let answers = SharedAnswers(ManualClock())
        let (reads, first) = (Counter(), Gate())
        let key = Self.key("/v1/runs/thumbs/-")
        func ask() async throws -> String? {
            Self.text(try await answers.answer(to: key, of: .runs) { Self.answer(reads) })
        }
        #expect(try await ask() == "1")
        #expect(try await ask() == "1")
        answers.note(.ofRuns)
        #expect(answers.kept(key, of: .runs) == nil)
        //   reader            worker      who asks then
        //   reads: 2 at gate
        //                     changes
        //                                 waits, reads: 3
        try await withThrowingTaskGroup(of: String?.self) { group in
            let (begun, begin) = AsyncStream<Void>.makeStream()
            group.addTask {
                let answer = try await answers.answer(to: key, of: .runs) {
                    let answer = Self.answer(reads)
                    begin.finish()
                    await first.wait()
                    return answer
                }
                return Self.text(answer)
            }
            for await _ in begun {}
            answers.note(.ofRuns)
            group.addTask {
                Self.text(try await answers.answer(to: key, of: .runs) { Self.answer(reads) })
            }
            while answers.waiting < 1 { await Task.yield() }
            await first.open()
            var seen: [String?] = []
            for try await text in group { seen.append(text) }
            #expect(Set(seen) == ["2", "3"])
        }
        #expect(Self.text(answers.kept(key, of: .runs)) == "3")
    }

    @Test("What workers do makes answers of single runs old, and what operators do makes all")
    func subjects() async throws {
        let answers = SharedAnswers(ManualClock())
        let (run, all) = (Self.key("/v1/runs/thumbs/-"), Self.key("/v1/overview"))
        _ = try await answers.answer(to: run, of: .runs) { HTTPServerResponse(200) }
        _ = try await answers.answer(to: all, of: .inventory) { HTTPServerResponse(200) }
        answers.note(.ofRuns)
        #expect(answers.kept(run, of: .runs) == nil)
        #expect(answers.kept(all, of: .inventory) != nil)
        _ = try await answers.answer(to: run, of: .runs) { HTTPServerResponse(200) }
        answers.note(.ofAll)
        #expect(answers.kept(all, of: .inventory) == nil)
        #expect(answers.kept(run, of: .runs) == nil)
    }

    @Test("A failure is told to all who wait, and is not kept; a cancellation is one's own")
    func failures() async throws {
        let answers = SharedAnswers(ManualClock())
        let key = Self.key("/v1/runs")
        for error in [Refusal(404, "unknownRun", "no run") as any Error, CancellationError()] {
            let (gate, reads) = (Gate(), Counter())
            await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<5 {
                    group.addTask {
                        do {
                            _ = try await answers.answer(to: key, of: .inventory) {
                                reads.add()
                                await gate.wait()
                                throw error
                            }
                            return false
                        } catch {
                            return true
                        }
                    }
                }
                while answers.waiting < 4 { await Task.yield() }
                await gate.open()
                for await hasFailed in group { #expect(hasFailed) }
            }
            #expect(reads.value == (error is CancellationError ? 5 : 1))
        }
        let refused = try await answers.answer(to: key, of: .inventory) { HTTPServerResponse(404) }
        #expect(refused.status == 404)
        #expect(answers.size.answers == 0)
    }

    @Test("Answers that are kept are bounded in number and in bytes, and the oldest go")
    func bounds() async throws {
        let clock = ManualClock()
        let answers = SharedAnswers(clock)
        func ask(_ number: Int, bytes: Int) async throws {
            clock.advance(by: .microseconds(1))
            _ = try await answers.answer(to: Self.key("/v1/runs/\(number)/-"), of: .inventory) {
                HTTPServerResponse(200, body: [UInt8](repeating: 0x20, count: bytes))
            }
            #expect(answers.size.bytes <= SharedAnswers.mostBytes)
        }
        for number in 0...SharedAnswers.most { try await ask(number, bytes: 10) }
        #expect(answers.size.answers == SharedAnswers.most)
        #expect(answers.kept(Self.key("/v1/runs/0/-"), of: .inventory) == nil)
        #expect(answers.kept(Self.key("/v1/runs/1/-"), of: .inventory) != nil)
        for number in 0..<20 { try await ask(number, bytes: 1 << 20) }
        #expect(answers.size.answers < 20)
        #expect(answers.kept(Self.key("/v1/runs/19/-"), of: .inventory) != nil)
        try await ask(99, bytes: SharedAnswers.mostBytes / 4)
        #expect(answers.kept(Self.key("/v1/runs/99/-"), of: .inventory) == nil)
        clock.advance(by: .seconds(2))
        for number in 0..<5 { try await ask(number, bytes: 1 << 20) }
        #expect(answers.size.answers == 5)
    }

    @Test("An answer that is read again takes the place of the one before")
    func again() async throws {
        let clock = ManualClock()
        let answers = SharedAnswers(clock)
        var sizes: Set<Int> = []
        for _ in 0..<3 {
            _ = try await answers.answer(to: Self.key("/v1/runs"), of: .inventory) {
                HTTPServerResponse(200, body: [UInt8](repeating: 0x20, count: 100))
            }
            #expect(answers.size.answers == 1)
            sizes.insert(answers.size.bytes)
            clock.advance(by: .seconds(2))
        }
        #expect(sizes.count == 1)
    }

    // MARK: - The server

    @Test("Who works over REST sees what they did in the run that they read next")
    func readingOwnWrites() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            for held in 1...3 {
                _ = try await bench.acquire()
                let run = try await bench.get("/v1/runs/thumbs/-").document(RunDetailDocument.self)
                #expect(run.reasons.first?.figures.first?.value == Double(held))
            }
            #expect(try await bench.get("/v1/runs").text.contains("disk") == false)
            _ = try await bench.post("/v1/runs/thumbs/-/pause", #"{"reason": "disk"}"#)
            #expect(try await bench.get("/v1/runs").text.contains("disk"))
        }
    }

    @Test("A kept answer comes as the first did, over connections that stay and that end")
    func sameAnswer() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            _ = try await bench.acquire()
            let first = try await bench.get("/v1/runs")
            for _ in 0..<3 {
                let next = try await bench.get("/v1/runs")
                #expect(next.status == 200)
                #expect(next.body == first.body)
                #expect(next.headers["content-type"] == first.headers["content-type"])
                #expect(next.headers["x-frame-options"] == "DENY")
                #expect(next.headers["cache-control"] == "no-store")
            }
            let port = bench.address.port
            #expect(try await RawClient.request(port, "GET", "/v1/runs").body == first.text)
            let head = try await RawClient.request(port, "HEAD", "/v1/runs")
            #expect(head.status == 200)
            #expect(head.body == "")
            let strange = try await bench.get("/v1/runs?nothing=1")
            #expect(strange.status == 400)
        }
    }

    @Test("A caller of some jobs is not told what another was told a moment before")
    func tokens() async throws {
        let all = try AccessTokens.make(name: "all", roles: [.look, .work])
        let some = try AccessTokens.make(name: "some", roles: [.look], jobs: ["texts"])
        let text = "\(all.line)\n\(some.line)\n"
        let tokens = try AccessTokens(text: text, file: "tokens")
        try await ServerBench.serve(.sqlite, { $0.tokens = tokens }) { bench in
            _ = try await bench.acquire(headers: ["Authorization": "Bearer \(all.token)"])
            for path in ["/v1/runs", "/v1/overview", "/metrics"] {
                let whole = try await bench.get(
                    path,
                    headers: ["Authorization": "Bearer \(all.token)"]
                )
                #expect(whole.text.contains("thumbs"))
                let part = try await bench.get(
                    path,
                    headers: ["Authorization": "Bearer \(some.token)"]
                )
                #expect(part.status == 200)
                #expect(!part.text.contains("thumbs"))
                #expect(try await bench.get(path).status == 401)
            }
        }
    }
}
