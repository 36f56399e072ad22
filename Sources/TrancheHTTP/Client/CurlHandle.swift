import CLibCurl
import Synchronization
import Tranche
import TrancheConnectors

/// Starts the library, once.
private enum CurlLibrary {
    static let status = curl_global_init(Int(CURL_GLOBAL_DEFAULT))
}

/// A transfer at a time, over connections that are kept: nothing but the pointers.
struct CurlHandle: ~Copyable {
    private let easy: UnsafeMutableRawPointer
    private let multi: UnsafeMutableRawPointer
    private let canceller: CurlCanceller

    /// - Throws: `TrancheError` `.invalidArgument` where libcurl is not there, else
    ///   `.sourceUnavailable`.
    init() throws {
        try Driver.libcurl.open()
        guard CurlLibrary.status == CURLE_OK, let easy = curl_easy_init() else {
            throw TrancheError(.sourceUnavailable, "libcurl cannot be started")
        }
        guard let multi = curl_multi_init() else {
            curl_easy_cleanup(easy)
            throw TrancheError(.sourceUnavailable, "libcurl cannot be started")
        }
        self.easy = easy
        self.multi = multi
        canceller = CurlCanceller(borrowing: multi)
    }

    deinit {
        canceller.forget()
        curl_multi_cleanup(multi)
        curl_easy_cleanup(easy)
    }

    func makeCanceller() -> CurlCanceller { canceller }

    /// Sends a request and waits for the answer.
    ///
    /// - Throws: ``HTTPError``; `CancellationError`.
    func perform(
        _ request: HTTPRequest,
        _ configuration: HTTPClient.Configuration
    ) throws -> HTTPResponse {
        curl_easy_reset(easy)
        var headers: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(headers) }
        for (name, value) in request.headers.sorted(by: { $0.key < $1.key }) {
            headers = curl_slist_append(headers, "\(name): \(value)")
        }
        if request.body != nil, request.signer == nil {
            // Bodies are sent at once, rather than after the server was asked for them. A signature
            // would have the field in it, although it is not sent.
            headers = curl_slist_append(headers, "Expect:")
        }
        var words = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
        var answer = Answer(easy: easy, request)
        let code = try words.withUnsafeMutableBufferPointer { words in
            try withUnsafeMutablePointer(to: &answer) { answer in
                try (request.body ?? []).withUnsafeBytes { body in
                    try check(tranche_curl_set_error_text(easy, words.baseAddress))
                    try check(tranche_curl_set_headers(easy, headers))
                    try check(tranche_curl_set_writer(easy, Answer.write, answer))
                    try set(request, body)
                    try set(configuration, isPatient: request.isPatient)
                    return try transfer(request, configuration.stallTimeout)
                }
            }
        }
        guard code == CURLE_OK else {
            if answer.isTooLong {
                throw HTTPError(
                    code,
                    request,
                    "the answer is longer than \(request.maxResponseBytes) bytes"
                )
            }
            let end = words.firstIndex(of: 0) ?? 0
            let text = String(decoding: words[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            throw HTTPError(code, request, text)
        }
        return try response(answer.bytes)
    }

    /// Connects, and sends nothing.
    ///
    /// - Returns: The socket, which stays the handle's.
    /// - Throws: ``HTTPError``.
    func connect(
        _ request: HTTPRequest,
        _ configuration: HTTPClient.Configuration
    ) throws -> Int32 {
        curl_easy_reset(easy)
        try check(tranche_curl_set_text(easy, CURLOPT_URL, request.url))
        try check(tranche_curl_set_number(easy, CURLOPT_CONNECT_ONLY, 1))
        try set(configuration, isPatient: true)
        // Not within the other transfers: their end closes what only connects.
        let code = curl_easy_perform(easy)
        guard code == CURLE_OK else { throw HTTPError(code, request, "") }
        var socket = curl_socket_t(-1)
        try check(tranche_curl_socket(easy, &socket))
        guard socket >= 0 else { throw HTTPError(CURLE_COULDNT_CONNECT, request, "") }
        return socket
    }

    private func set(_ request: HTTPRequest, _ body: UnsafeRawBufferPointer) throws {
        try check(tranche_curl_set_text(easy, CURLOPT_URL, request.url))
        // "in/./a" and "in/a" are two objects of a store: a path is not made shorter.
        try check(tranche_curl_set_number(easy, CURLOPT_PATH_AS_IS, 1))
        if request.method != .get {
            try check(tranche_curl_set_number(easy, CURLOPT_POST, 1))
            try check(tranche_curl_set_text(easy, CURLOPT_CUSTOMREQUEST, request.method.rawValue))
            try check(tranche_curl_set_body(easy, body.baseAddress, body.count))
        }
        if let signer = request.signer {
            let provider = "aws:amz:\(signer.region):\(signer.service)"
            try check(tranche_curl_set_text(easy, CURLOPT_AWS_SIGV4, provider))
            try check(tranche_curl_set_text(easy, CURLOPT_USERNAME, signer.accessKey))
            try check(tranche_curl_set_text(easy, CURLOPT_PASSWORD, signer.secretKey))
        }
    }

    private func set(_ configuration: HTTPClient.Configuration, isPatient: Bool) throws {
        try check(tranche_curl_set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https"))
        try check(tranche_curl_set_text(easy, CURLOPT_USERAGENT, "tranche"))
        try check(tranche_curl_set_number(easy, CURLOPT_NOSIGNAL, 1))
        // A redirection could carry a token to somebody else: it is told instead.
        try check(tranche_curl_set_number(easy, CURLOPT_FOLLOWLOCATION, 0))
        let connect = Int(configuration.connectTimeout / .milliseconds(1))
        try check(tranche_curl_set_number(easy, CURLOPT_CONNECTTIMEOUT_MS, connect))
        if isPatient {
            // A host that is gone is noticed all the same.
            try check(tranche_curl_set_number(easy, CURLOPT_TCP_KEEPALIVE, 1))
        }
        if let path = configuration.unixSocket {
            try check(tranche_curl_set_text(easy, CURLOPT_UNIX_SOCKET_PATH, path))
            // A proxy that the environment names is for hosts.
            try check(tranche_curl_set_text(easy, CURLOPT_NOPROXY, "*"))
        }
        if let path = configuration.certificateAuthorities {
            try check(tranche_curl_set_text(easy, CURLOPT_CAINFO, path))
        }
    }

    private func check(_ code: CURLcode) throws {
        guard code == CURLE_OK else {
            let reason = String(cString: curl_easy_strerror(code))
            throw TrancheError(.sourceFailed, "libcurl refuses an option: \(reason)")
        }
    }

    /// Transfers.
    ///
    /// A server that stops answering must not hold a batch for ever. libcurl's own bound of that
    /// kind knows whole seconds only, and averages over several.
    ///
    /// - Throws: ``HTTPError`` after a silence; `CancellationError`.
    private func transfer(_ request: HTTPRequest, _ longest: Duration) throws -> CURLcode {
        canceller.begin()
        guard curl_multi_add_handle(multi, easy) == CURLM_OK else { return CURLE_OUT_OF_MEMORY }
        defer { curl_multi_remove_handle(multi, easy) }
        var code = CURLE_OK
        var running: Int32 = 0
        var silence = Silence(longest: request.isPatient ? nil : longest)
        while true {
            if canceller.isCancelled { throw CancellationError() }
            guard curl_multi_perform(multi, &running) == CURLM_OK else {
                return CURLE_OUT_OF_MEMORY
            }
            if tranche_curl_ended(multi, &code) { return code }
            var moved: curl_off_t = 0
            try check(tranche_curl_moved(easy, &moved))
            guard let wait = silence.wait(moved) else {
                let words = "nothing came for \(longest.words)"
                throw HTTPError(CURLE_OPERATION_TIMEDOUT, request, words)
            }
            guard curl_multi_poll(multi, nil, 0, wait, nil) == CURLM_OK else {
                return CURLE_OUT_OF_MEMORY
            }
        }
    }

    private func response(_ body: [UInt8]) throws -> HTTPResponse {
        var status = 0
        try check(tranche_curl_status(easy, &status))
        var seconds: curl_off_t = 0
        try check(tranche_curl_retry_after(easy, &seconds))
        var headers: [String: String] = [:]
        var header = curl_easy_nextheader(easy, UInt32(CURLH_HEADER), -1, nil)
        while let found = header {
            let name = String(cString: found.pointee.name).lowercased()
            headers[name] = String(cString: found.pointee.value)
            header = curl_easy_nextheader(easy, UInt32(CURLH_HEADER), -1, found)
        }
        return HTTPResponse(
            status: status,
            headers: headers,
            body: body,
            retryAfter: seconds > 0 ? .seconds(seconds) : nil
        )
    }

    /// For how long nothing has come or gone.
    private struct Silence {
        let longest: Duration?
        private var moved: curl_off_t = 0
        private var since = ContinuousClock.now

        init(longest: Duration?) { self.longest = longest }

        /// Looks how long to wait for more.
        ///
        /// - Parameter bytes: How many have come and gone so far.
        /// - Returns: Milliseconds; `nil` when it has been silent too long.
        mutating func wait(_ bytes: curl_off_t) -> Int32? {
            guard let longest else { return 1000 }
            let now = ContinuousClock.now
            if bytes != moved { (moved, since) = (bytes, now) }
            let left = longest - since.duration(to: now)
            guard left > .zero else { return nil }
            return Int32(min(left / .milliseconds(1), 999).rounded(.down)) + 1
        }
    }

    /// What is received of an answer.
    private struct Answer {
        var bytes: [UInt8] = []
        var isTooLong = false
        private let limit: Int
        private let easy: UnsafeMutableRawPointer
        private let receive: (@Sendable ([UInt8]) -> Void)?

        init(easy: UnsafeMutableRawPointer, _ request: HTTPRequest) {
            self.easy = easy
            limit = request.maxResponseBytes
            receive = request.receive
        }

        private var receiver: (@Sendable ([UInt8]) -> Void)? {
            var status = 0
            guard let receive, tranche_curl_status(easy, &status) == CURLE_OK,
                (200..<300).contains(status)
            else { return nil }
            return receive
        }

        /// Takes bytes; called by the library while a transfer goes on, with the answer as context.
        static let write:
            @convention(c) (
                UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?
            ) -> Int = { bytes, size, count, context in
                guard let bytes, let answer = context?.assumingMemoryBound(to: Answer.self) else {
                    return 0
                }
                let received = UnsafeRawBufferPointer(start: bytes, count: size * count)
                if let receive = answer.pointee.receiver {
                    receive(Array(received))
                    return received.count
                }
                guard answer.pointee.bytes.count + received.count <= answer.pointee.limit else {
                    answer.pointee.isTooLong = true
                    return 0
                }
                answer.pointee.bytes.append(contentsOf: received)
                return received.count
            }
    }
}

/// Ends a transfer from another thread.
final class CurlCanceller: Sendable {
    /// Unchecked, since the pointer is only given to `curl_multi_wakeup`.
    ///
    /// That may be called from any thread, and the pointer is forgotten under the same lock before
    /// it is freed. Source: curl_multi_wakeup(3).
    private struct State: @unchecked Sendable {
        var multi: UnsafeMutableRawPointer?
        var isCancelled = false
    }

    private let state: Mutex<State>

    init(borrowing multi: UnsafeMutableRawPointer) {
        state = Mutex(State(multi: multi))
    }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    func begin() {
        state.withLock { $0.isCancelled = Task.isCancelled }
    }

    func cancel() {
        state.withLock { state in
            state.isCancelled = true
            if let multi = state.multi { curl_multi_wakeup(multi) }
        }
    }

    func forget() {
        state.withLock { $0.multi = nil }
    }
}
