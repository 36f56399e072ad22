internal import CLibPQ
internal import CPosix
import Dispatch
import FoundationEssentials
import Glibc
import Synchronization
import Tranche
import TrancheConnectors
import TrancheSQL

/// An open connection: nothing but the pointer, and the descriptor that wakes its waits.
struct PostgreSQLHandle: ~Copyable {
    let pointer: OpaquePointer
    let alarm: PostgreSQLAlarm
    /// What the server answered to the first statement.
    let welcome: PostgreSQLWelcome
    /// Which of several servers it is connected to, and which are the others.
    let rivals: PostgreSQLRivals?
    /// Whether it is not the URL that says how long a server may leave untaken what was sent.
    let hasOwnUserTimeout: Bool

    /// Connects to the first of the URL's servers that lets it in and answers a first statement.
    ///
    /// It blocks its thread until a server has answered, or each has had its time.
    ///
    /// - Parameters:
    ///   - url: The URL.
    ///   - timeout: How long the only server may take; each of several has 3 s. A
    ///     `connect_timeout` in the URL goes before both.
    ///   - lead: Which server is tried first.
    ///   - alarm: What cancels the wait.
    ///   - greeting: Makes the first statement of the number of the server's process.
    /// - Throws: The database's error; of several servers one that may pass, where there is one;
    ///   a refusal where libpq is not there.
    init(
        url: PostgreSQLURL,
        timeout: Duration,
        lead: PostgreSQLLead,
        alarm: PostgreSQLAlarm,
        greeting: (_ process: Int32) -> String
    ) throws(PostgreSQLError) {
        do {
            try Driver.libpq.open()
        } catch {
            throw PostgreSQLError.refusal(error.message)
        }
        let server: PostgreSQLServer
        (pointer, welcome, server) = try Self.connect(url, timeout, lead, alarm, greeting)
        self.alarm = alarm
        rivals = PostgreSQLRivals(url, of: server, lead)
        hasOwnUserTimeout = url.hasOwnUserTimeout
    }

    deinit {
        PQfinish(pointer)
    }

    // MARK: Pipelines

    /// Enters pipeline mode: statements are sent without waiting for the answers before them.
    func enterPipeline() throws(PostgreSQLError) {
        guard PQenterPipelineMode(pointer) == 1 else { throw lost() }
    }

    /// Leaves pipeline mode; nothing may be under way.
    func exitPipeline() throws(PostgreSQLError) {
        guard PQexitPipelineMode(pointer) == 1 else { throw lost() }
    }

    func sendPrepare(_ name: String, _ text: String, types: [UInt32]) throws(PostgreSQLError) {
        guard PQsendPrepare(pointer, name, text, Int32(types.count), types) == 1 else {
            throw lost()
        }
    }

    func sendDescribe(_ name: String) throws(PostgreSQLError) {
        guard PQsendDescribePrepared(pointer, name) == 1 else { throw lost() }
    }

    func sendRun(_ name: String, _ binds: [Value]) throws(PostgreSQLError) {
        let sent = CStrings(binds.map(\.parameter)).withPointers { values in
            PQsendQueryPrepared(pointer, name, Int32(binds.count), values, nil, nil, 0)
        }
        guard sent == 1 else { throw lost() }
    }

    /// Sends a statement that the session does not keep.
    func sendUnnamed(
        _ text: String,
        types: [UInt32],
        _ binds: [Value]
    ) throws(PostgreSQLError) {
        let sent = CStrings(binds.map(\.parameter)).withPointers { values in
            PQsendQueryParams(
                pointer,
                text,
                Int32(binds.count),
                types,
                values,
                nil,
                nil,
                0
            )
        }
        guard sent == 1 else { throw lost() }
    }

    func sendScript(_ script: String) throws(PostgreSQLError) {
        guard PQsendQuery(pointer, script) == 1 else { throw lost() }
    }

    func sync() throws(PostgreSQLError) {
        guard PQpipelineSync(pointer) == 1 else { throw lost() }
    }

    /// Measures a round trip, in which the server has nothing to do; nothing may be under way.
    func measureRoundTrip() throws(PostgreSQLError) -> Duration {
        let clock = ContinuousClock()
        let start = clock.now
        try sync()
        try waitForSync()
        return clock.now - start
    }

    /// Takes what is left of a pipeline, with its sync.
    func waitForSync() throws(PostgreSQLError) {
        while true {
            if let result = try nextResult(), case .sync = result.outcome { return }
        }
    }

    // MARK: Results

    /// Waits for the next result; `nil` at the end of a statement's results.
    func nextResult() throws(PostgreSQLError) -> PostgreSQLResult? {
        var look = ContinuousClock.now + PostgreSQLRivals.patience
        while try !Self.isReady(pointer, alarm, until: rivals == nil ? nil : look) {
            if let rivals, rivals.haveLeader(alarm) { throw Self.deposed(pointer) }
            look = ContinuousClock.now + PostgreSQLRivals.interval
        }
        return Self.takeResult(pointer)
    }

    /// Waits until the next result is there.
    ///
    /// - Returns: Whether it is, or else the deadline is over.
    static func isReady(
        _ pointer: OpaquePointer,
        _ alarm: PostgreSQLAlarm,
        until deadline: ContinuousClock.Instant?
    ) throws(PostgreSQLError) -> Bool {
        while true {
            let unsent = PQflush(pointer)
            guard unsent >= 0 else { throw lost(pointer) }
            if unsent == 0, PQisBusy(pointer) == 0 { return true }
            let left = deadline.map { $0 - ContinuousClock.now }
            if let left, left <= .zero { return false }
            try wait(pointer, alarm, forReading: true, forWriting: unsent == 1, atMost: left)
            guard PQconsumeInput(pointer) == 1 else { throw lost(pointer) }
        }
    }

    /// Takes the result that is there; `nil` at the end of a statement's results.
    static func takeResult(_ pointer: OpaquePointer) -> PostgreSQLResult? {
        PQgetResult(pointer).map { PostgreSQLResult(stealing: $0) }
    }

    /// Whether it is connected to the server that let a connection in last: of several, others may
    /// have led before.
    var isCurrent: Bool { rivals?.isCurrent ?? true }

    var isInTransaction: Bool {
        switch PQtransactionStatus(pointer) {
        case PQTRANS_INTRANS, PQTRANS_INERROR, PQTRANS_ACTIVE: true
        default: false
        }
    }

    /// The number of the server's process, as it came with the connection; a pooler gives one of
    /// its own.
    var process: Int32 { PQbackendPID(pointer) }

    var isBroken: Bool { PQstatus(pointer) == CONNECTION_BAD }

    /// Whether nothing has come from the server that nobody asked for: mostly that it ends the
    /// connection.
    func isQuiet() -> Bool {
        var file = pollfd(fd: PQsocket(pointer), events: Int16(POLLIN), revents: 0)
        return poll(&file, 1, 0) == 0
    }

    /// What another thread may use to have the server stop a statement.
    func makeCanceller() -> PostgreSQLCanceller {
        PostgreSQLCanceller(stealing: PQgetCancel(pointer))
    }

    // MARK: Steps

    func lost() -> PostgreSQLError { Self.lost(pointer) }

    static func lost(_ pointer: OpaquePointer) -> PostgreSQLError {
        PostgreSQLError(
            sqlState: "08006",
            message: "the connection was lost: \(lastMessage(pointer))"
        )
    }

    static func lastMessage(_ pointer: OpaquePointer) -> String {
        String(cString: PQerrorMessage(pointer)).split(whereSeparator: \.isNewline)
            .map { $0.trimmingPrefix(while: \.isWhitespace) }.joined(separator: "; ")
    }

    /// Waits for the socket, or for the alarm.
    ///
    /// - Returns: Whether the socket is ready.
    @discardableResult
    static func wait(
        _ pointer: OpaquePointer,
        _ alarm: PostgreSQLAlarm,
        forReading: Bool,
        forWriting: Bool,
        atMost limit: Duration?
    ) throws(PostgreSQLError) -> Bool {
        let events = (forReading ? POLLIN : 0) | (forWriting ? POLLOUT : 0)
        var files = [
            pollfd(fd: PQsocket(pointer), events: Int16(events), revents: 0),
            pollfd(fd: alarm.file, events: Int16(POLLIN), revents: 0),
        ]
        // After the alarm the server gets some time to stop by itself.
        let isRinging = alarm.isRinging
        let bound = isRinging ? PostgreSQLAlarm.patience : limit
        let milliseconds = bound.map { Int32(clamping: max(1, $0.milliseconds)) } ?? -1
        let count = poll(&files, isRinging ? 1 : 2, milliseconds)
        if count == 0, isRinging {
            throw PostgreSQLError(
                sqlState: "08006",
                message: "the server did not stop a cancelled statement"
            )
        }
        return files[0].revents != 0
    }
}

/// A result of a statement: nothing but the pointer.
struct PostgreSQLResult: ~Copyable {
    private let pointer: OpaquePointer

    init(stealing pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        PQclear(pointer)
    }

    /// What a result says of its statement.
    enum Outcome {
        case done
        /// An earlier statement of the pipeline failed.
        case skipped
        /// The pipeline's end.
        case sync
        case failed(PostgreSQLError)
    }

    var outcome: Outcome {
        switch PQresultStatus(pointer) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: .done
        case PGRES_PIPELINE_ABORTED: .skipped
        case PGRES_PIPELINE_SYNC: .sync
        default: .failed(error)
        }
    }

    var parameterCount: Int { Int(PQnparams(pointer)) }

    /// How many rows the statement wrote, copied or gave, as its command tag says; 0 where it says
    /// nothing of rows.
    var rowCount: Int {
        guard let digits = PQcmdTuples(pointer) else { return 0 }
        return Int(String(cString: digits)) ?? 0
    }

    /// Whether the statement takes what is copied in.
    var isCopyingIn: Bool { PQresultStatus(pointer) == PGRES_COPY_IN }

    private var error: PostgreSQLError {
        let primary = tranche_pq_primary(pointer).map { String(cString: $0) }
        var message = primary ?? String(cString: PQresultErrorMessage(pointer))
        if let hint = tranche_pq_hint(pointer) { message += " (\(String(cString: hint)))" }
        let state = PostgreSQLError.marked(
            tranche_pq_sqlstate(pointer).map { String(cString: $0) } ?? "08006",
            message: message,
            function: tranche_pq_function(pointer).map { String(cString: $0) }
        )
        var place = PostgreSQLError.Place()
        place.column = tranche_pq_column(pointer).map { String(cString: $0) }
        place.constraint = tranche_pq_constraint(pointer).map { String(cString: $0) }
        place.detail = tranche_pq_detail(pointer).map { String(cString: $0) }
        if let context = tranche_pq_context(pointer) { place.read(String(cString: context)) }
        return PostgreSQLError(sqlState: state, message: message, place: place)
    }

    /// The rows, copied.
    func rows() -> SQLRows {
        let width = Int(PQnfields(pointer))
        let count = Int(PQntuples(pointer))
        var rows = SQLRows(width: width)
        rows.values.reserveCapacity(width * count)
        let types = (0..<Int32(width)).map { PQftype(pointer, $0) }
        for row in 0..<Int32(count) {
            for column in 0..<Int32(width) {
                rows.values.append(value(row, column, type: types[Int(column)]))
            }
        }
        return rows
    }

    private func value(_ row: Int32, _ column: Int32, type: UInt32) -> Value {
        guard PQgetisnull(pointer, row, column) == 0, let chars = PQgetvalue(pointer, row, column)
        else {
            return .null
        }
        let count = Int(PQgetlength(pointer, row, column))
        return chars.withMemoryRebound(to: UInt8.self, capacity: count) { bytes in
            Value(text: UnsafeBufferPointer(start: bytes, count: count), type: type)
        }
    }
}

/// Wakes a connection's wait when its request is cancelled.
final class PostgreSQLAlarm: Sendable {
    /// How long the server may take to stop a cancelled statement before the connection is dropped.
    static let patience: Duration = .seconds(5)

    let file: Int32
    private let ringing = Mutex(false)

    init() throws(PostgreSQLError) {
        file = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard file >= 0 else {
            throw PostgreSQLError(sqlState: "53000", message: String(cString: strerror(errno)))
        }
    }

    deinit {
        close(file)
    }

    var isRinging: Bool { ringing.withLock { $0 } }

    func ring() {
        ringing.withLock { $0 = true }
        eventfd_write(file, 1)
    }
}

/// Asks the server to stop what a connection runs.
final class PostgreSQLCanceller: Sendable {
    /// Unchecked: libpq's manual says that `PQcancel` may be called from any thread, and it is
    /// freed only when no reference to this object is left.
    private struct Request: @unchecked Sendable {
        let pointer: OpaquePointer?
    }

    private let request: Request
    private let queue = DispatchQueue(label: "tranche.postgresql.cancel")

    init(stealing pointer: OpaquePointer?) {
        request = Request(pointer: pointer)
    }

    deinit {
        PQfreeCancel(request.pointer)
    }

    /// Asks, on a thread of its own since it connects to the server.
    func cancel() {
        queue.async { [self] in
            var message = [CChar](repeating: 0, count: 256)
            // Whether the server was reached or not, the wait that follows is bounded.
            _ = PQcancel(request.pointer, &message, Int32(message.count))
        }
    }
}

/// Strings pinned as C strings, with `nil` for those that are missing, and at the end.
struct CStrings {
    private var bytes: [CChar] = []
    private var offsets: [Int?] = []

    init(_ strings: [String?]) {
        for string in strings {
            guard let string else {
                offsets.append(nil)
                continue
            }
            offsets.append(bytes.count)
            bytes.append(contentsOf: string.utf8CString)
        }
    }

    func withPointers<R>(_ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> R) -> R {
        bytes.withUnsafeBufferPointer { bytes in
            var pointers = offsets.map { offset in
                offset.flatMap { offset in bytes.baseAddress.map { $0 + offset } }
            }
            pointers.append(nil)
            return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
        }
    }
}
