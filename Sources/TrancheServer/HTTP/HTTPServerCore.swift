import CMicrohttpd
import Glibc
import Synchronization
import Tranche

/// What the threads of the library and those of this program share of a listener.
final class HTTPServerCore: Sendable {
    private struct State {
        var table: ConnectionTable
        var inHand: [ObjectIdentifier: HTTPExchange] = [:]
        /// Answers that are sent bit by bit, until their ends.
        var streams: [ObjectIdentifier: HTTPResponseStream] = [:]
        /// Requests whose answer is not sent.
        var open = 0
        var phase = Phase.running
        /// Who waits for none to be open.
        var waiters: [AsyncStream<Never>.Continuation] = []
    }

    private enum Phase { case running, stopping, closed }

    let configuration: HTTPListener.Configuration
    private let hosts: HostCheck
    private let bodies: BodyBudget
    private let admit: HTTPListener.Admission
    private let stopwatch: Stopwatch
    private let state: Mutex<State>
    /// Requests that are to be worked on.
    let exchanges: AsyncStream<HTTPExchange>
    private let continuation: AsyncStream<HTTPExchange>.Continuation
    /// Told when there is room for a connection.
    let hasRoom: AsyncStream<Void>
    private let room: AsyncStream<Void>.Continuation

    init(
        _ configuration: HTTPListener.Configuration,
        clock: any Clock<Duration>,
        admit: @escaping HTTPListener.Admission
    ) {
        self.configuration = configuration
        self.admit = admit
        hosts = HostCheck(configuration)
        bodies = BodyBudget(limit: configuration.heldBodyBytes)
        stopwatch = Stopwatch(clock)
        (exchanges, continuation) = AsyncStream.makeStream()
        (hasRoom, room) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        state = Mutex(
            State(
                table: ConnectionTable(
                    limit: configuration.connections,
                    limitPerAddress: configuration.connectionsPerAddress
                )
            )
        )
    }

    // MARK: - Connections

    /// Whether another connection may be accepted.
    var isFull: Bool { state.withLock { $0.table.isFull } }

    /// Takes a connection that was accepted; false where its address has enough.
    func accepted(_ socket: Int32, from address: String) -> Bool {
        let deadline = stopwatch.elapsed + configuration.requestTimeout
        return state.withLock { $0.table.add(socket, from: address, until: deadline) }
    }

    /// Takes back a connection that the library did not want.
    func refused(_ socket: Int32) {
        state.withLock { $0.table.remove(socket) }
        room.yield()
    }

    /// The library has begun with a connection, or is about to close its socket.
    func connection(_ connection: OpaquePointer, isClosing: Bool) {
        let socket = tranche_mhd_socket(connection)
        state.withLock { isClosing ? $0.table.remove(socket) : $0.table.start(socket) }
        if isClosing { room.yield() }
    }

    /// Cuts off the connections whose time is over, or whose other side has gone.
    ///
    /// The library does not see every end: one that comes right behind other bytes is no event of
    /// its own.
    func cutLate() {
        let now = stopwatch.elapsed
        state.withLock { state in
            let ended = state.table.takeEnded { socket in
                var byte: UInt8 = 0
                return recv(socket, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) == 0
            }
            // Within the lock: a socket is closed only after it has left the table.
            for socket in ended + state.table.takeLate(at: now) {
                shutdown(socket, Int32(SHUT_RDWR))
            }
        }
    }

    // MARK: - Requests

    /// Looks at the head of a request.
    func begin(_ connection: OpaquePointer, _ head: RequestHead) -> HTTPExchange {
        let (address, isRunning) = state.withLock { state in
            state.open += 1
            let address = state.table.address(of: tranche_mhd_socket(connection))
            return (address, state.phase == .running)
        }
        guard let path = head.path, let query = head.query else {
            let request = HTTPServerRequest(method: head.method, path: "/")
            return HTTPExchange(
                request,
                limit: 0,
                of: bodies,
                response: .error(
                    400,
                    "the path or the query is not encoded as a URL has it; write bytes of UTF-8 as "
                        + "%XX, and none that is 0"
                )
            )
        }
        let request = HTTPServerRequest(
            method: head.method,
            path: path,
            segments: head.segments,
            query: query,
            headers: head.headers,
            remoteAddress: address
        )
        if let refusal = refusal(of: request, isRunning: isRunning) {
            return HTTPExchange(request, limit: 0, of: bodies, response: refusal)
        }
        switch admit(request) {
        case .answer(let response):
            return HTTPExchange(request, limit: 0, of: bodies, response: response)
        case .read(let limit): return exchange(request, limit)
        case .handle(let limit, let handler): return exchange(request, limit, handler)
        }
    }

    /// A request whose body is read, where it is not too long.
    private func exchange(
        _ request: HTTPServerRequest,
        _ limit: Int,
        _ handler: HTTPListener.Handler? = nil
    ) -> HTTPExchange {
        let length = request.headers["Content-Length"].flatMap { UInt64($0) } ?? 0
        var refusal: HTTPServerResponse?
        if length > UInt64(max(limit, 0)) {
            refusal = HTTPExchange.tooLarge(limit)
        } else if length > 0, bodies.isShort(of: Int(length)) {
            // Known before it is sent; what it holds is taken as it comes.
            refusal = HTTPExchange.tooManyBodies
        }
        return HTTPExchange(
            request,
            limit: limit,
            of: bodies,
            response: refusal,
            handler: handler
        )
    }

    private func refusal(of request: HTTPServerRequest, isRunning: Bool) -> HTTPServerResponse? {
        guard isRunning else { return Self.stopped }
        let headers = request.headers
        let hasTwoLengths =
            headers.values(of: "Content-Length").count
            + headers.values(of: "Transfer-Encoding").count > 1
        if hasTwoLengths {
            // Whoever stands between may have read another request out of it.
            return .error(
                400,
                "the body has two lengths; give one Content-Length, or one Transfer-Encoding"
            )
        }
        for coding in headers.values(of: "Transfer-Encoding")
        where coding.lowercased().trimmed(.all) != "chunked" {
            // Where such a body ends is not known.
            return .error(501, "no Transfer-Encoding but chunked is understood")
        }
        let keys = headers.values(of: "Idempotency-Key")
        guard keys.count <= 1 else {
            return .error(400, "there are \(keys.count) fields Idempotency-Key; give one")
        }
        // What was no UTF-8 has that character: several keys would be the same.
        guard keys.allSatisfy({ !$0.unicodeScalars.contains("\u{FFFD}") }) else {
            return .error(400, "Idempotency-Key is not UTF-8; give it as letters and digits")
        }
        guard headers.values(of: "Host").count <= 1, hosts.allows(headers["Host"]) else {
            return .error(421, "no request for this host is answered here")
        }
        return nil
    }

    static let stopped = HTTPServerResponse.unavailable(
        "this server is being stopped",
        retryAfter: 5
    )

    /// Takes a request that has come as a whole.
    ///
    /// - Returns: The answer; `nil` where one is worked on.
    func submit(_ exchange: HTTPExchange, _ connection: OpaquePointer) -> HTTPServerResponse? {
        if let response = exchange.response { return response }
        let refusal: HTTPServerResponse? = state.withLock { state in
            guard state.phase != .closed else { return Self.stopped }
            guard state.inHand.count < configuration.requests else {
                return .unavailable("too many requests are worked on now", retryAfter: 1)
            }
            state.inHand[ObjectIdentifier(exchange)] = exchange
            state.table.set(tranche_mhd_socket(connection), until: nil, isReading: false)
            return nil
        }
        if let refusal { return refusal }
        guard exchange.suspend(connection) else { return exchange.response }
        continuation.yield(exchange)
        return nil
    }

    /// An answer is about to be sent.
    ///
    /// - Returns: Whether the connection may go on behind it.
    func answering(_ connection: OpaquePointer) -> Bool {
        let deadline = stopwatch.elapsed + configuration.requestTimeout
        return state.withLock { state in
            let socket = tranche_mhd_socket(connection)
            state.table.set(socket, until: deadline, isReading: false)
            return state.phase == .running
        }
    }

    /// An answer is about to be sent bit by bit, for as long as both sides want.
    func begin(_ stream: HTTPResponseStream, _ connection: OpaquePointer) {
        stream.attach(connection)
        let isRunning = state.withLock { state in
            state.streams[ObjectIdentifier(stream)] = stream
            // Who goes away is seen as one is whose request is waited for.
            state.table.set(tranche_mhd_socket(connection), until: nil, isReading: true)
            return state.phase == .running
        }
        if !isRunning { stream.finish() }
    }

    /// An answer that was sent bit by bit is over.
    func end(_ stream: HTTPResponseStream) {
        state.withLock { $0.streams[ObjectIdentifier(stream)] = nil }
        stream.detach()
    }

    /// A request is over, answered or not.
    func completed(_ connection: OpaquePointer) {
        let next = stopwatch.elapsed + configuration.idleTimeout + configuration.requestTimeout
        change { state in
            state.open -= 1
            state.table.set(tranche_mhd_socket(connection), until: next, isReading: true)
        }
    }

    /// A request is worked on no longer.
    func done(_ exchange: HTTPExchange) {
        exchange.dropBody()
        change { $0.inHand[ObjectIdentifier(exchange)] = nil }
    }

    private func change(_ body: (inout State) -> Void) {
        let over: [AsyncStream<Never>.Continuation] = state.withLock { state in
            body(&state)
            guard state.open == 0 else { return [] }
            let over = state.waiters
            state.waiters = []
            return over
        }
        for waiter in over { waiter.finish() }
    }

    // MARK: - Stopping

    /// Takes no new requests, and ends what is sent bit by bit.
    func stop() {
        let streams = state.withLock { state in
            state.phase = .stopping
            return Array(state.streams.values)
        }
        for stream in streams { stream.finish() }
    }

    /// Answers what is in hand without waiting for who works on it.
    func close() {
        let left = state.withLock { state in
            state.phase = .closed
            return Array(state.inHand.values)
        }
        for exchange in left { exchange.finish(Self.stopped) }
        continuation.finish()
    }

    /// Waits until all requests are answered, or the task is cancelled.
    func waitUntilAnswered() async {
        let (stream, continuation) = AsyncStream<Never>.makeStream()
        change { $0.waiters.append(continuation) }
        for await _ in stream {}
    }
}

/// The head of a request as the library has it.
struct RequestHead {
    let method: String
    /// `nil` where it is not encoded as it must be.
    let path: String?
    /// The path's parts; empty where it is not encoded as it must be.
    let segments: [String]
    /// `nil` where it is not encoded as it must be.
    let query: [(name: String, value: String)]?
    let headers: HTTPFields

    init(_ connection: OpaquePointer, method: UnsafePointer<CChar>, path: UnsafePointer<CChar>) {
        self.method = String(cString: method)
        let bytes = UnsafeRawBufferPointer(start: path, count: strlen(path))
        let decoded = RequestTarget.decoded(bytes)
        self.path = decoded?.hasPrefix("/") == true ? decoded : nil
        segments = bytes.dropFirst()
            .split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .compactMap { RequestTarget.decoded($0) }
        query = Pairs(connection, .GET_ARGUMENT_KIND) { RequestTarget.decoded($0) }.whole
        headers = HTTPFields(
            Pairs(connection, .HEADER_KIND) { String(decoding: $0, as: UTF8.self) }.whole ?? []
        )
    }
}

/// Names and values of a request, taken over from the library's memory.
private final class Pairs {
    /// All of them; `nil` where one could not be taken.
    private(set) var whole: [(name: String, value: String)]? = []
    private let text: (UnsafeRawBufferPointer) -> String?

    init(
        _ connection: OpaquePointer,
        _ kind: MHD_ValueKind,
        _ text: @escaping (UnsafeRawBufferPointer) -> String?
    ) {
        self.text = text
        MHD_get_connection_values_n(
            connection,
            kind,
            { context, _, name, nameSize, value, valueSize in
                guard let context, let name else { return .YES }
                Unmanaged<Pairs>.fromOpaque(context).takeUnretainedValue().add(
                    UnsafeRawBufferPointer(start: name, count: nameSize),
                    UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : valueSize)
                )
                return .YES
            },
            Unmanaged.passUnretained(self).toOpaque()
        )
    }

    private func add(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        guard let name = text(name), let value = text(value) else {
            whole = nil
            return
        }
        whole?.append((name, value))
    }
}
