import Foundation
import Tranche

extension Serving {
    private static let workers = 4
    private static let flooded = Duration.seconds(10)

    /// The rate of four workers over REST while others flood the server, by turns with theirs
    /// without; and what the server holds before and behind.
    func floods() async throws {
        try await makeInventory()
        try await serving { program in
            // Each has its turn once, so that the server has all that it will keep.
            for flood in ServingFlood.Kind.allCases { _ = try await rate(under: flood, program) }
            let before = try await settle(program, to: .init())
            for flood in ServingFlood.Kind.allCases {
                var (under, without): ([Double], [Double]) = ([], [])
                var sent = 0
                for _ in 0..<options.repeats {
                    without.append(try await rate(under: nil, program).rate)
                    let turn = try await rate(under: flood, program)
                    under.append(turn.rate)
                    sent += turn.sent
                }
                let use = try await settle(program, to: before)
                var line = Line("serve", "flood-\(flood)", on: database.kind)
                line.add("batches_per_second", under.median)
                line.add("without_per_second", without.median)
                line.add("ratio", zip(under, without).map { $0 / $1 }.median)
                line.add("sent", sent)
                line.add("memory_before_mb", before.memory)
                line.add("memory_mb", use.memory)
                line.add("files_before", before.files)
                line.add("files", use.files)
                line.add("repeats", options.repeats)
                line.print()
            }
        }
    }

    /// What the server holds once it has seen who has gone, or after ten seconds.
    private func settle(
        _ program: ServingProgram,
        to before: ServingProgram.Use
    ) async throws -> ServingProgram.Use {
        let clock = ContinuousClock()
        let start = clock.now
        while true {
            try await clock.sleep(for: .seconds(1))
            let use = try program.use()
            if use.files <= before.files || clock.now - start > .seconds(10) { return use }
        }
    }

    private func rate(
        under kind: ServingFlood.Kind?,
        _ program: ServingProgram
    ) async throws -> (rate: Double, sent: Int) {
        let port = program.port
        let over = Signal()
        let (begun, begin) = AsyncStream<Void>.makeStream()
        async let sent = BenchThread.run {
            guard let kind else { return 0 }
            let flood = try ServingFlood(kind, port)
            begin.finish()
            return try flood.go { over.isGiven }
        }
        // A flood whose workers have failed is over, too.
        defer { over.give() }
        if kind != nil { for await _ in begun {} }
        let rate = try await BenchThread.run {
            try ServingWorkers(port, count: Self.workers, weight: 10).rate(for: Self.flooded)
        }
        over.give()
        return (rate, try await sent)
    }
}

/// What nobody should send.
private final class ServingFlood {
    enum Kind: CaseIterable {
        /// 1,900 connections on which nothing comes, or the half of a head or of a body.
        case stalled
        /// Connections that end in the middle of a request, 500 a second.
        case halves
        /// Bodies and heads without an end, 20 MB a second.
        case endless
        /// Requests at random, one behind the other on 16 connections, 1,000 a second.
        case random
    }

    private let kind: Kind
    private let crowds: [ServingConnections]
    /// Made before: the processors are to be the server's.
    private let requests: [[UInt8]]
    private let clock = ContinuousClock()

    init(_ kind: Kind, _ port: UInt16) throws {
        self.kind = kind
        var random = ServingNumbers(seed: 7)
        requests = kind == .random ? (0..<4096).map { _ in Self.request(&random) } : []
        crowds =
            switch kind {
            case .stalled:
                [
                    try ServingConnections(port, count: 950, from: 2),
                    try ServingConnections(port, count: 950, from: 3),
                ]
            case .halves: [try ServingConnections(port, count: 50, from: 2)]
            case .endless: [try ServingConnections(port, count: Self.endings.count, from: 2)]
            case .random: [try ServingConnections(port, count: 16, from: 2)]
            }
        if kind == .stalled {
            for crowd in crowds {
                for place in 0..<crowd.count { crowd.send(Self.half(place), on: place) }
            }
        }
    }

    /// Goes on until it is over.
    ///
    /// - Returns: How many connections, halves, megabytes or requests were sent.
    func go(until isOver: () -> Bool) throws -> Int {
        let start = clock.now
        var sent = kind == .stalled ? crowds.reduce(0) { $0 + $1.count } : 0
        var waiting = Set<Int>()
        while !isOver() {
            switch kind {
            case .stalled: try stall()
            case .halves:
                try halve(sent)
                sent += 1
                pause(until: start + .milliseconds(2 * sent))
            case .endless:
                try push(sent)
                sent += 1
                pause(until: start + .milliseconds(50 * sent))
            case .random: try ask(&waiting, &sent, upTo: Int((clock.now - start).seconds * 1000))
            }
        }
        return sent
    }

    private func pause(until time: ContinuousClock.Instant) {
        let left = (time - clock.now).seconds
        if left > 0 { usleep(UInt32(left * 1e6)) }
    }

    // MARK: - Kinds

    /// Opens anew what the server has cut off.
    private func stall() throws {
        for crowd in crowds {
            for place in crowd.wait(milliseconds: 50) where !crowd.receive(on: place) {
                try crowd.open(place)
                crowd.send(Self.half(place), on: place)
            }
        }
    }

    private func halve(_ number: Int) throws {
        let place = number % crowds[0].count
        crowds[0].send(Self.half(number), on: place)
        try crowds[0].open(place)
    }

    /// Sends a megabyte more, as far as the server takes it.
    private func push(_ number: Int) throws {
        let place = number % Self.endings.count
        let (head, more) = Self.endings[place]
        if number < Self.endings.count { crowds[0].send(head, on: place) }
        for _ in 0..<16 {
            guard !crowds[0].send(more, on: place, waits: false) else { continue }
            if crowds[0].receive(on: place), errno == EAGAIN { return }
            // Refused, and cut off.
            try crowds[0].open(place)
            crowds[0].send(head, on: place)
        }
    }

    /// Asks on connections where nothing is waited for, until so many requests are sent.
    private func ask(_ waiting: inout Set<Int>, _ sent: inout Int, upTo most: Int) throws {
        for place in 0..<crowds[0].count where sent < most && !waiting.contains(place) {
            crowds[0].send(requests[sent % requests.count], on: place)
            waiting.insert(place)
            sent += 1
        }
        for place in crowds[0].wait(milliseconds: 1) {
            let goesOn = crowds[0].receive(on: place)
            let status = try crowds[0].withAnswer(on: place) { $0.status }
            if status == 500 { throw BenchError("a request at random is answered with 500") }
            if !goesOn { try crowds[0].open(place) }
            if status != nil || !goesOn { waiting.remove(place) }
        }
    }

    // MARK: - Bytes

    private static let json = "Host: localhost\r\nContent-Type: application/json\r\n"

    private static func half(_ number: Int) -> [UInt8] {
        let texts = [
            "", "GET", "GET /v1/runs HTTP/1.1\r\nHost: local",
            "GET /v1/runs HTTP/1.1\r\nHost: localhost\r\n",
            "POST /v1/heartbeats HTTP/1.1\r\n\(json)Content-Length: 1000\r\n\r\n{\"batches\": [",
            "POST /v1/heartbeats HTTP/1.1\r\n\(json)Transfer-Encoding: chunked\r\n\r\n5\r\n{\"bat",
        ]
        return Array(texts[number % texts.count].utf8)
    }

    /// The beginnings of what never ends, and 64 KB of the rest.
    private static let endings: [(head: [UInt8], more: [UInt8])] = [
        (
            Array(
                "POST /v1/heartbeats HTTP/1.1\r\n\(json)Content-Length: 99999999999\r\n\r\n".utf8
            ),
            Array(repeating: 0x20, count: 1 << 16)
        ),
        (
            Array("POST /v1/heartbeats HTTP/1.1\r\n\(json)Transfer-Encoding: chunked\r\n\r\n".utf8),
            Array("fffa\r\n".utf8) + Array(repeating: 0x20, count: 0xfffa) + Array("\r\n".utf8)
        ),
        (
            Array("GET /v1/runs HTTP/1.1\r\nX-One: ".utf8), Array(repeating: 0x79, count: 1 << 16)
        ),
        (Array("GET /".utf8), Array(repeating: 0x78, count: 1 << 16)),
    ]

    /// A request at random: of what there is, mostly with something wrong.
    private static func request(_ random: inout ServingNumbers) -> [UInt8] {
        let number = Int.random(in: -5...Int.max, using: &random)
        let small = Int.random(in: 0...99, using: &random)
        let paths = [
            "/v1/overview", "/v1/runs?limit=\(small)", "/v1/runs?limit=x", "/v1/runs/serving/-",
            "/v1/runs/other\(small)/-", "/v1/batches/\(small)", "/v1/batches/\(number)",
            "/v1/batches/\(small)/attempts", "/v1/changes?after=\(number)", "/v1/budgets/%zz",
            "/v1/items/\(number)", "/v1/runs/serving/-/batches?limit=5", "/metrics", "/healthz",
            "/assets/app.js", "/%00\(number)", "/v1/" + String(repeating: "y", count: small * 40),
        ]
        let bodies = [
            "{}", "[", #"{"token":"\#(small).\#(number)"}"#, #"{"batches":[{"id":\#(number)}]}"#,
            #"{"worker":\#(number)}"#, String(repeating: "[", count: 50 * small), "\u{0}",
        ]
        let posts = [
            "/v1/jobs/other/acquire", "/v1/batches/\(number)/succeed", "/v1/batches/9/heartbeat",
            "/v1/heartbeats", "/v1/runs/other/-/pause", "/v1/budgets/b\(small)/set", "/nothing",
        ]
        if Bool.random(using: &random) {
            let path = paths.randomElement(using: &random) ?? "/"
            return ServingConnections.request("GET", path)
        }
        return ServingConnections.request(
            "POST",
            posts.randomElement(using: &random) ?? "/",
            bodies.randomElement(using: &random) ?? ""
        )
    }
}
