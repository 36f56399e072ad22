import Foundation
import Testing

@testable import Tranche

@Suite("What tells whether the holder of a batch lives")
struct ProcessMarkTests {
    private let mark = ProcessMark(place: "k3v9q", process: 4711, startedAt: 123_456_789)

    @Test("A mark is read from the token that it stands in, and none from a caller's own")
    func token() throws {
        let token = mark.marking("~19a3f-0b@1")
        #expect(ProcessMark(token: token) == mark)
        #expect(ProcessMark(token: token + "#2") == mark)
        #expect(ProcessMark(token: "~19a3f-0b") == nil)
        #expect(ProcessMark(token: "mine@k3v9q.1.2") == nil)
        for broken in ["~a@k3v9q", "~a@k3v9q.0.1", "~a@k3v9q.-1.1", "~a@k3v9q.1.!", "~a@..", "~@"] {
            #expect(ProcessMark(token: broken) == nil, "\(broken)")
        }
        #expect(Inventory.Configuration.makeUniqueToken().contains("@") == false)
    }

    @Test("Another host, another life of its kernel and another namespace are other places")
    func places() {
        let here = ProcessMark.place(host: "a", life: "1\n", namespaces: ["pid:[1]", "time:[1]"])
        #expect(
            here == ProcessMark.place(host: "a", life: "1", namespaces: ["pid:[1]", "time:[1]"])
        )
        let others = [
            ProcessMark.place(host: "b", life: "1", namespaces: ["pid:[1]", "time:[1]"]),
            ProcessMark.place(host: "a", life: "2", namespaces: ["pid:[1]", "time:[1]"]),
            ProcessMark.place(host: "a", life: "1", namespaces: ["pid:[2]", "time:[1]"]),
            ProcessMark.place(host: "a", life: "1", namespaces: ["pid:[1]", "time:[2]"]),
        ]
        #expect(Set(others + [here]).count == 5)
    }

    @Test("This process lives, another under its number has ended, and elsewhere nothing is known")
    func own() throws {
        let own = try #require(ProcessMark.own)
        let here = try #require(ProcessMark.currentPlace)
        #expect(own.life(seenFrom: here) == .running)
        let reused = ProcessMark(
            place: own.place,
            process: own.process,
            startedAt: own.startedAt - 1
        )
        #expect(reused.life(seenFrom: here) == .ended)
        let elsewhere = ProcessMark(place: "other", process: own.process, startedAt: 1)
        #expect(elsewhere.life(seenFrom: here) == .unknown)
        #expect(own.life(seenFrom: nil) == .unknown)
    }

    @Test("A program lives until it is killed, whether it was waited for or not")
    func program() async throws {
        let here = try #require(ProcessMark.currentPlace)
        let program = Process()
        program.executableURL = URL(filePath: "/bin/sleep")
        program.arguments = ["1000"]
        try program.run()
        let number = program.processIdentifier
        let stat = try #require(ProcessStat(of: number))
        let mark = ProcessMark(place: here, process: number, startedAt: stat.startedAt)
        #expect(mark.life(seenFrom: here) == .running)
        kill(number, SIGKILL)
        program.waitUntilExit()
        #expect(mark.life(seenFrom: here) == .ended)
        // The first process of all is another user's, or this one's; it lives in any case.
        let first = try #require(ProcessStat(of: 1))
        let init0 = ProcessMark(place: here, process: 1, startedAt: first.startedAt)
        #expect(init0.life(seenFrom: here) == .running)
    }

    @Test("The system's line about a process is read, whatever its name is")
    func stat() throws {
        let line =
            "7 (a) b (R 1) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0 98765 1 2 3 4 5 6"
        let stat = try #require(ProcessStat(line))
        #expect(stat.state == "S")
        #expect(stat.threads == 3)
        #expect(stat.startedAt == 98_765)
        #expect(!stat.hasEnded)
        let zombie = line.replacing(") S ", with: ") Z ")
        // Other threads than the first go on.
        #expect(try #require(ProcessStat(zombie)).hasEnded == false)
        let dead = zombie.replacing(" 20 0 3 0 ", with: " 20 0 1 0 ")
        #expect(try #require(ProcessStat(dead)).hasEnded)
        #expect(ProcessStat("") == nil)
        #expect(ProcessStat("7 (a) S 1 2") == nil)
    }
}
