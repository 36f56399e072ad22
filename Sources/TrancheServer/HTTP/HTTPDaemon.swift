import CMicrohttpd
import Dispatch
import Glibc
import TrancheConnectors

/// The library's daemon and the socket that it gets its connections from.
///
/// Safe to send: after `init` all of it that changes, the library's pointer included, is touched on
/// `queue` alone, which runs one block at a time.
final class HTTPDaemon: @unchecked Sendable {
    /// Where it listens, with the port that it was given.
    let address: ListenAddress
    private let core: HTTPServerCore
    private let queue: DispatchQueue
    private let socket: Int32
    private var daemon: OpaquePointer?
    private var source: (any DispatchSourceRead)?
    private var isPaused = false

    /// Room for connections that the library counts a little longer than this does.
    private static let slack = 64

    /// Starts a daemon; it accepts nothing yet.
    ///
    /// It blocks for as long as reading two files and starting threads does.
    private init(_ core: HTTPServerCore, on queue: DispatchQueue) throws {
        try Driver.libmicrohttpd.open()
        self.core = core
        self.queue = queue
        let configuration = core.configuration
        let tls = try configuration.tls.map { try TLSTexts($0) }
        (socket, address) = try ListeningSocket.open(configuration.address)
        daemon = Self.start(core, configuration, tls)
        guard daemon != nil else {
            let code = errno
            Glibc.close(socket)
            guard tls == nil else { throw TLSTexts.refused(configuration.tls) }
            throw HTTPListenerError(
                .outOfResources,
                "no HTTP server can be started: \(String(cString: strerror(code)))"
            )
        }
    }

    private static func start(
        _ core: HTTPServerCore,
        _ configuration: HTTPListener.Configuration,
        _ tls: TLSTexts?
    ) -> OpaquePointer? {
        let context = Unmanaged.passRetained(core)
        let start = { (certificate: UnsafePointer<CChar>?, key: UnsafePointer<CChar>?) in
            tranche_mhd_start(
                context.toOpaque(),
                onAccess,
                onCompleted,
                onConnection,
                UInt32(configuration.threads),
                // Each thread must have room for all of them.
                UInt32((configuration.connections + slack) * configuration.threads),
                configuration.headBytes,
                UInt32(configuration.idleTimeout.components.seconds),
                certificate,
                key
            )
        }
        let daemon =
            if let tls {
                tls.certificate.withCString { certificate in
                    tls.key.withCString { start(certificate, $0) }
                }
            } else {
                start(nil, nil)
            }
        if daemon == nil { context.release() }
        return daemon
    }

    /// Starts a daemon on a queue of its own.
    static func start(_ core: HTTPServerCore) async throws -> HTTPDaemon {
        let queue = DispatchQueue(label: "tranche.http \(core.configuration.address)")
        return try await withCheckedThrowingContinuation { continuation in
            queue.async {
                continuation.resume(with: Result { try HTTPDaemon(core, on: queue) })
            }
        }
    }

    // MARK: - Accepting

    /// Accepts connections from now on.
    func accept() {
        queue.async { [self] in
            let source = DispatchSource.makeReadSource(fileDescriptor: socket, queue: queue)
            source.setEventHandler { [self] in acceptAll() }
            self.source = source
            source.resume()
        }
    }

    /// Looks whether there is room for connections that wait.
    func lookForRoom() {
        queue.async { [self] in
            guard isPaused, let source, !core.isFull else { return }
            isPaused = false
            source.resume()
        }
    }

    private func acceptAll() {
        while source?.isCancelled == false {
            guard !core.isFull else { return pause() }
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let client = withUnsafeMutablePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    tranche_accept(socket, $0, &length)
                }
            }
            guard client >= 0 else {
                switch errno {
                case EAGAIN: return
                case EINTR, ECONNABORTED: continue
                // Without files or memory; the next look for room tries again.
                default: return pause()
                }
            }
            add(client, &storage, length)
        }
    }

    private func pause() {
        guard !isPaused, let source else { return }
        isPaused = true
        source.suspend()
    }

    private func add(_ client: Int32, _ storage: inout sockaddr_storage, _ length: socklen_t) {
        let from = ListeningSocket.text(of: &storage, length)
        guard core.accepted(client, from: from) else {
            Glibc.close(client)
            return
        }
        let result = withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                // It closes the socket, whatever becomes of it.
                MHD_add_connection(daemon, client, $0, length)
            }
        }
        if result != .YES { core.refused(client) }
    }

    // MARK: - Stopping

    /// Accepts no more connections.
    func stopAccepting() async {
        await withCheckedContinuation { continuation in
            queue.async { [self] in
                guard let source else {
                    Glibc.close(socket)
                    return continuation.resume()
                }
                let socket = socket
                source.setCancelHandler {
                    Glibc.close(socket)
                    continuation.resume()
                }
                // One that is suspended would never get to its end.
                if isPaused { source.resume() }
                isPaused = false
                source.cancel()
                self.source = nil
            }
        }
    }

    /// Closes all connections and ends the threads; no connection may be waiting for an answer.
    func close() async {
        await withCheckedContinuation { continuation in
            queue.async { [self] in
                if let daemon {
                    MHD_stop_daemon(daemon)
                    Unmanaged.passUnretained(core).release()
                }
                daemon = nil
                continuation.resume()
            }
        }
    }
}

// MARK: - Callbacks

private let onAccess: MHD_AccessHandlerCallback = {
    context,
    connection,
    path,
    method,
    _,
    bytes,
    size,
    slot in
    guard let context, let connection, let path, let method, let size, let slot else {
        return .NO
    }
    let core = Unmanaged<HTTPServerCore>.fromOpaque(context).takeUnretainedValue()
    guard let known = slot.pointee else {
        let head = RequestHead(connection, method: method, path: path)
        let exchange = core.begin(connection, head)
        slot.pointee = Unmanaged.passRetained(exchange).toOpaque()
        // Where there is no body, or a short one, this waits for the request's end: the answer
        // meets nobody who is still sending then, and the connection may stay.
        guard let response = exchange.response, head.hasBody else { return .YES }
        if let length = head.lengthSent, exchange.drops(length) { return .YES }
        return answer(response, connection, core)
    }
    let exchange = Unmanaged<HTTPExchange>.fromOpaque(known).takeUnretainedValue()
    if size.pointee > 0, let bytes {
        let start = UnsafeRawPointer(bytes).assumingMemoryBound(to: UInt8.self)
        let goesOn = exchange.read(UnsafeBufferPointer(start: start, count: size.pointee))
        size.pointee = 0
        return goesOn ? .YES : .NO
    }
    guard let response = core.submit(exchange, connection) else { return .YES }
    return answer(response, connection, core)
}

private let onCompleted: MHD_RequestCompletedCallback = { context, connection, slot, _ in
    guard let context, let connection, let slot, let known = slot.pointee else { return }
    slot.pointee = nil
    Unmanaged<HTTPExchange>.fromOpaque(known).release()
    Unmanaged<HTTPServerCore>.fromOpaque(context).takeUnretainedValue().completed(connection)
}

private let onConnection: MHD_NotifyConnectionCallback = { context, connection, _, code in
    guard let context, let connection else { return }
    let core = Unmanaged<HTTPServerCore>.fromOpaque(context).takeUnretainedValue()
    core.connection(connection, isClosing: code == .CONNECTION_NOTIFY_CLOSED)
}

private func answer(
    _ response: HTTPServerResponse,
    _ connection: OpaquePointer,
    _ core: HTTPServerCore
) -> MHD_Result {
    let mayStay = core.answering(connection)
    if mayStay, let kept = response.kept,
        let result = kept.queue(on: connection, { make($0, mayStay: true, core) })
    {
        return result
    }
    guard let made = make(response, mayStay: mayStay, core) else {
        let failure = HTTPServerResponse.error(
            500,
            "the answer has a header field that cannot be sent"
        )
        response.stream.map { core.end($0) }
        guard let made = make(failure, mayStay: false, core) else { return .NO }
        defer { MHD_destroy_response(made) }
        return MHD_queue_response(connection, 500, made)
    }
    defer { MHD_destroy_response(made) }
    if let stream = response.stream { core.begin(stream, connection) }
    return MHD_queue_response(connection, UInt32(response.status), made)
}

/// Makes an answer of the library's, to be freed by `MHD_destroy_response`.
private func make(
    _ response: HTTPServerResponse,
    mayStay: Bool,
    _ core: HTTPServerCore
) -> OpaquePointer? {
    guard (200...599).contains(response.status) else { return nil }
    let made = response.stream.map { make($0, core) } ?? make(response.body)
    guard let made else { return nil }
    var fields = response.headers.all
    if !mayStay { fields.append((name: "Connection", value: "close")) }
    for field in fields where MHD_add_response_header(made, field.name, field.value) != .YES {
        MHD_destroy_response(made)
        return nil
    }
    return made
}

private func make(_ body: [UInt8]) -> OpaquePointer? {
    body.withUnsafeBytes {
        // It copies them, and changes none.
        MHD_create_response_from_buffer(
            $0.count,
            UnsafeMutableRawPointer(mutating: $0.baseAddress),
            .RESPMEM_MUST_COPY
        )
    }
}

/// What the library's callbacks are given of a stream; freed by the last of them.
private final class StreamBox {
    let stream: HTTPResponseStream
    let core: HTTPServerCore

    init(_ stream: HTTPResponseStream, _ core: HTTPServerCore) {
        (self.stream, self.core) = (stream, core)
    }
}

private func make(_ stream: HTTPResponseStream, _ core: HTTPServerCore) -> OpaquePointer? {
    let box = Unmanaged.passRetained(StreamBox(stream, core))
    let made = MHD_create_response_from_callback(
        // The library's `MHD_SIZE_UNKNOWN`, a macro that Swift does not see.
        .max,
        4 << 10,
        { context, _, buffer, size in
            guard let context, let buffer else { return -2 }
            let box = Unmanaged<StreamBox>.fromOpaque(context).takeUnretainedValue()
            return box.stream.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: size))
        },
        box.toOpaque(),
        { context in
            guard let context else { return }
            let box = Unmanaged<StreamBox>.fromOpaque(context).takeRetainedValue()
            box.core.end(box.stream)
        }
    )
    if made == nil { box.release() }
    return made
}

extension RequestHead {
    /// Whether a body comes behind the head.
    fileprivate var hasBody: Bool {
        headers["Transfer-Encoding"] != nil || headers["Content-Length"].map { $0 != "0" } ?? false
    }

    /// How long the body is that comes behind the head; `nil` where that is not said, or where the
    /// sender first waits to hear whether it is wanted.
    fileprivate var lengthSent: UInt64? {
        let lengths = headers.values(of: "Content-Length")
        guard lengths.count == 1, headers["Transfer-Encoding"] == nil, headers["Expect"] == nil
        else { return nil }
        return UInt64(lengths[0])
    }
}
