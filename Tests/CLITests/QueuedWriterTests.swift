import Foundation
import Testing
import Tranche

@testable import TrancheCLI

@Suite("Writing that waits for nobody", .timeLimit(.minutes(10)))
struct QueuedWriterTests {
    private func notice(_ lines: Int) -> String { "left out \(lines)\n" }

    /// Reads a pipe to its end.
    private func text(from pipe: OpenFile) async -> String {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "tests.reader").async {
                var bytes: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 1 << 16)
                while true {
                    let count = read(pipe.number, &buffer, buffer.count)
                    guard count > 0 else { break }
                    bytes += buffer[..<count]
                }
                continuation.resume(returning: String(decoding: bytes, as: UTF8.self))
            }
        }
    }

    @Test("Lines that nobody reads wait up to a bound, and how many more there were is said")
    func bound() async throws {
        let pipe = try OpenFile.pipe()
        let writer = QueuedWriter(FileWriter(file: pipe.writing.number), notice: notice)
        writer.writeLater()
        let count = 40_000
        let filler = String(repeating: "x", count: 80)
        for number in 1...count { try writer.writeLine("\(number) \(filler)") }
        #expect(writer.isBehind)
        async let read = text(from: pipe.reading)
        await writer.finish()
        pipe.writing.close()
        let lines = await read.split(separator: "\n")
        let last = try #require(lines.last)
        let leftOut = try #require(Int(last.dropFirst("left out ".count)), "\(last)")
        #expect(lines.count - 1 + leftOut == count)
        #expect(leftOut < count)
        for (place, line) in lines.dropLast().enumerated() {
            #expect(line.hasPrefix("\(place + 1) "))
        }
    }

    @Test("What programs write is kept whole, and there is room again once it is read")
    func copied() async throws {
        let pipe = try OpenFile.pipe()
        let writer = QueuedWriter(FileWriter(file: pipe.writing.number), notice: notice)
        writer.writeLater()
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        for _ in 1...3 { try writer.copy(piece) }
        async let read = text(from: pipe.reading)
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            OwnThread.run {
                writer.waitForRoom()
                continuation.resume()
            }
        }
        await writer.finish()
        pipe.writing.close()
        #expect(await read.utf8.count == 3 << 20)
    }

    @Test("Once programs are ended nobody waits for room, though nobody reads")
    func ended() async throws {
        let pipe = try OpenFile.pipe()
        let writer = QueuedWriter(FileWriter(file: pipe.writing.number), notice: notice)
        writer.writeLater()
        try writer.copy([UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20))
        async let waiting: Void = withCheckedContinuation {
            (continuation: CheckedContinuation<Void, Never>) in
            OwnThread.run {
                writer.waitForRoom()
                continuation.resume()
            }
        }
        writer.stopWaitingForRoom()
        await waiting
        async let read = text(from: pipe.reading)
        await writer.finish()
        pipe.writing.close()
        #expect(await read.utf8.count == 1 << 20)
    }

    @Test("Of results nothing is left out, and who waits goes on once they are read")
    func results() async throws {
        let pipe = try OpenFile.pipe()
        let writer = QueuedWriter(keepingAll: FileWriter(file: pipe.writing.number))
        writer.writeLater()
        let count = 40_000
        let filler = String(repeating: "x", count: 80)
        for number in 1...count { try writer.writeLine("\(number) \(filler)") }
        #expect(writer.isBehind)
        async let read = text(from: pipe.reading)
        await writer.caughtUp()
        #expect(!writer.isBehind)
        try await writer.finishing { try writer.writeLine("last") }
        pipe.writing.close()
        let lines = await read.split(separator: "\n")
        let numbers = lines.map { line in String(line.prefix { $0 != " " }) }
        #expect(numbers == (1...count).map { "\($0)" } + ["last"])
    }

    @Test("A result that cannot be written is the last, and is told at the end, too")
    func unwritten() async throws {
        let pipe = try OpenFile.pipe()
        pipe.reading.close()
        signal(SIGPIPE, SIG_IGN)
        let writer = QueuedWriter(keepingAll: FileWriter(file: pipe.writing.number))
        writer.writeLater()
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        let error = await #expect(throws: WriteError.self) {
            try await writer.finishing { try writer.write(line) }
        }
        #expect(error?.isUnread == true)
        // Nobody waits for what never is written.
        await writer.caughtUp()
        writer.writeLater()
        #expect(throws: WriteError.self) { try writer.write(line) }
        #expect(throws: WriteError.self) { try writer.write(line) }
        #expect(!writer.isBehind)
    }

    @Test("Until work begins, and once it has ended, a line is written at once")
    func atOnce() async throws {
        let text = TextWriter()
        let writer = QueuedWriter(text, notice: notice)
        try writer.writeLine("before")
        #expect(text.text == "before\n")
        writer.writeLater()
        try writer.writeLine("meanwhile")
        await writer.finish()
        try writer.writeLine("after")
        #expect(text.text == "before\nmeanwhile\nafter\n")
    }

    @Test("Who writes next is told what could not be written")
    func failure() async throws {
        let pipe = try OpenFile.pipe()
        pipe.reading.close()
        let writer = QueuedWriter(FileWriter(file: pipe.writing.number), notice: notice)
        signal(SIGPIPE, SIG_IGN)
        writer.writeLater()
        try writer.writeLine("one")
        await writer.finish()
        writer.writeLater()
        let error = #expect(throws: WriteError.self) { try writer.writeLine("two") }
        #expect(error?.isUnread == true)
        await writer.finish()
    }

    @Test("A file that does not wait is waited for, as where another process has made it one")
    func notWaiting() async throws {
        let pipe = try OpenFile.pipe()
        try pipe.writing.makeNonBlocking()
        let size = 1 << 20
        let written = Task {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Void, any Error>) in
                OwnThread.run {
                    let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: size)
                    let writer = FileWriter(file: pipe.writing.number)
                    let result = Result<Void, any Error> { try writer.write(bytes) }
                    pipe.writing.close()
                    continuation.resume(with: result)
                }
            }
        }
        // The reader starts once the pipe is full.
        #expect(
            await eventually {
                var wait = pollfd(fd: pipe.writing.number, events: Int16(POLLOUT), revents: 0)
                return poll(&wait, 1, 0) == 0
            }
        )
        #expect(await text(from: pipe.reading).utf8.count == size)
        try await written.value
    }

    @Test("Lines are read from a file that does not wait")
    func reading() async throws {
        let pipe = try OpenFile.pipe()
        try pipe.reading.makeNonBlocking()
        let file = LineFile("-", reading: pipe.reading)
        async let lines = file.next()
        await Task.yield()
        try FileWriter(file: pipe.writing.number).write("one\n")
        #expect(try await lines == [Array("one".utf8)])
        pipe.writing.close()
        #expect(try await file.next() == nil)
    }

    @Test("A line without an end is not read for ever")
    func endless() async throws {
        for isLong in [false, true] {
            let pipe = try OpenFile.pipe()
            let file = LineFile("-", reading: pipe.reading, longest: 10)
            try FileWriter(file: pipe.writing.number).write("longer than ten, with an end\n")
            #expect(try await file.next()?.count == 1)
            try FileWriter(file: pipe.writing.number).write(isLong ? "0123456789x" : "0123456789")
            pipe.writing.close()
            if isLong {
                let error = await #expect(throws: UsageError.self) { _ = try await file.next() }
                #expect(error?.description.contains("more than 10 bytes without") == true)
            } else {
                #expect(try await file.next() == [Array("0123456789".utf8)])
            }
        }
    }
}
