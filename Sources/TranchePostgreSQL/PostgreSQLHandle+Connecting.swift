internal import CLibPQ
import Tranche
import TrancheSQL

/// What a server answers to a connection's first statement.
struct PostgreSQLWelcome {
    /// The number that the server itself gives its process.
    var process: Value
    /// Whether it follows another server, and so takes no writes.
    var isStandby: Bool
}

extension PostgreSQLHandle {
    /// How long each of several servers may take.
    static let share: Duration = .seconds(3)

    /// Connects to the first server that lets it in and answers.
    ///
    /// - Returns: The connection, which the caller finishes, the server's first answer, and
    ///   which server it is.
    static func connect(
        _ url: PostgreSQLURL,
        _ timeout: Duration,
        _ lead: PostgreSQLLead,
        _ alarm: PostgreSQLAlarm,
        _ greeting: (_ process: Int32) -> String
    ) throws(PostgreSQLError) -> (OpaquePointer, PostgreSQLWelcome, PostgreSQLServer) {
        let limit = url.connectTimeout ?? (url.servers.count > 1 ? share : timeout)
        var failures: [PostgreSQLError] = []
        for server in lead.order(of: url.servers) {
            let deadline = ContinuousClock.now + limit
            let rivals = PostgreSQLRivals(url, of: server, lead)
            do throws(PostgreSQLError) {
                let pointer = try start(url, server)
                let welcome = try enter(pointer, url, rivals, until: deadline, alarm, greeting)
                lead.note(server)
                return (pointer, welcome, server)
            } catch {
                failures.append(error)
            }
        }
        throw failure(of: failures)
    }

    /// Waits until a server has let a connection in and answered; finishes it where it does not,
    /// or where one of the rivals leads.
    static func enter(
        _ pointer: OpaquePointer,
        _ url: PostgreSQLURL,
        _ rivals: PostgreSQLRivals? = nil,
        until deadline: ContinuousClock.Instant,
        _ alarm: PostgreSQLAlarm,
        _ greeting: (_ process: Int32) -> String
    ) throws(PostgreSQLError) -> PostgreSQLWelcome {
        do throws(PostgreSQLError) {
            var patience = PostgreSQLPatience(until: deadline, rivals, alarm)
            try finishConnecting(pointer, &patience, alarm)
            PQsetnonblocking(pointer, 1)
            // Warnings of the server are no errors, and standard error is the program's own.
            PQsetNoticeProcessor(pointer, { _, _ in }, nil)
            let statement = greeting(PQbackendPID(pointer))
            let welcome = try greet(pointer, statement, &patience, alarm)
            if welcome.isStandby, url.wantsLeader { throw standby(pointer) }
            return welcome
        } catch {
            PQfinish(pointer)
            throw error
        }
    }

    static func start(
        _ url: PostgreSQLURL,
        _ server: PostgreSQLServer
    ) throws(PostgreSQLError) -> OpaquePointer {
        // What stands behind the URL goes before it, and it before what it stands behind.
        let isAny = url.asksServer ? [(name: "target_session_attrs", value: "any")] : []
        let options =
            url.defaults + [(name: "dbname", value: url.text)] + isAny
            + server.choice.map { (name: $0.name, value: $0.value) } + [
                (name: "fallback_application_name", value: "tranche"),
                (name: "client_encoding", value: "UTF8"),
            ]
        let started = CStrings(options.map(\.name)).withPointers { keys in
            CStrings(options.map(\.value)).withPointers { PQconnectStartParams(keys, $0, 1) }
        }
        guard let started else {
            throw PostgreSQLError(sqlState: "08001", message: "out of memory")
        }
        // Until it is connected, libpq tells a server's SQLSTATE in its text alone.
        PQsetErrorVerbosity(started, PQERRORS_VERBOSE)
        return started
    }

    /// Sends the first statement and takes its one row.
    ///
    /// A pooler lets a connection in without a server behind it, and says of the server what it was
    /// when it last saw one: only this answer is the server's own. Source: pgbouncer 1.18,
    /// client.c (finish_client_login), varcache.c.
    private static func greet(
        _ pointer: OpaquePointer,
        _ statement: String,
        _ patience: inout PostgreSQLPatience,
        _ alarm: PostgreSQLAlarm
    ) throws(PostgreSQLError) -> PostgreSQLWelcome {
        guard PQsendQuery(pointer, statement) == 1 else { throw lost(pointer) }
        var failure: PostgreSQLError?
        var welcome = PostgreSQLWelcome(process: .null, isStandby: false)
        while true {
            while try !isReady(pointer, alarm, until: patience.next) { try patience.look(pointer) }
            guard let result = takeResult(pointer) else { break }
            switch result.outcome {
            case .failed(let error): failure = failure ?? error
            default:
                let values = result.rows().values
                if values.count > 1 {
                    welcome.process = values[0]
                    welcome.isStandby = values[1] == .boolean(true)
                }
            }
        }
        if let failure { throw failure }
        return welcome
    }

    /// What several servers' failures come to: while one may pass, all are asked again.
    private static func failure(of failures: [PostgreSQLError]) -> PostgreSQLError {
        guard let first = failures.first(where: { $0.category == .transient }) ?? failures.first
        else { return PostgreSQLError(sqlState: "08001", message: "no server is named") }
        if failures.count == 1 { return first }
        var words: [String] = []
        for failure in failures where !words.contains(failure.message) {
            words.append(failure.message)
        }
        let message = words.joined(separator: "; ")
        return first.category == .transient
            ? PostgreSQLError(sqlState: first.sqlState, message: message)
            : .refusal(message, sqlState: first.sqlState)
    }

    /// Asks the server for its timeline, unless it has refused that before; nothing may be under
    /// way.
    ///
    /// - Parameter refusal: What is told that it refuses.
    /// - Returns: The timeline, as ``PostgreSQLDatabase/ownTimeline`` has it; `nil` on a standby,
    ///   and where it is not told.
    /// - Throws: The database's error; that the connection was lost.
    func timeline(_ refusal: TimelineRefusal) throws -> Int64? {
        if refusal.isKnown { return nil }
        try sendUnnamed(PostgreSQLDatabase.ownTimeline.text, types: [], [])
        try sync()
        var failure: PostgreSQLError?
        var rows = SQLRows()
        while let result = try nextResult() {
            if case .failed(let error) = result.outcome {
                failure = failure ?? error
            } else {
                rows = result.rows()
            }
        }
        try waitForSync()
        if let failure {
            guard failure.category == .permanent else { throw failure }
            refusal.note()
            // A transaction is lost with it; the next one does without.
            if isInTransaction { throw failure }
        }
        var row = rows.first
        return try row?.optionalInteger()
    }

    private static func standby(_ pointer: OpaquePointer) -> PostgreSQLError {
        PostgreSQLError(
            sqlState: "08001",
            message: "\(whereabouts(pointer)) is a standby, which takes no writes"
        )
    }

    static func deposed(_ pointer: OpaquePointer) -> PostgreSQLError {
        PostgreSQLError(
            sqlState: "08006",
            message: "\(whereabouts(pointer)) does not answer, and another one leads"
        )
    }

    static func silent(_ pointer: OpaquePointer) -> PostgreSQLError {
        PostgreSQLError(
            sqlState: "08001",
            message: "\(whereabouts(pointer)) did not answer in time"
        )
    }

    private static func finishConnecting(
        _ pointer: OpaquePointer,
        _ patience: inout PostgreSQLPatience,
        _ alarm: PostgreSQLAlarm
    ) throws(PostgreSQLError) {
        guard PQstatus(pointer) != CONNECTION_BAD else { throw connectError(pointer) }
        var wanted = PGRES_POLLING_WRITING
        while true {
            let isReading = wanted == PGRES_POLLING_READING
            // libpq takes a call for the news that the socket is ready, and waits without an end
            // where it is not. Source: PostgreSQL 15, fe-connect.c (PQconnectPoll).
            while try !wait(
                pointer,
                alarm,
                forReading: isReading,
                forWriting: !isReading,
                atMost: max(.zero, patience.next - ContinuousClock.now)
            ) {
                try patience.look(pointer)
            }
            wanted = PQconnectPoll(pointer)
            if wanted == PGRES_POLLING_OK {
                PQsetErrorVerbosity(pointer, PQERRORS_DEFAULT)
                return
            }
            if wanted == PGRES_POLLING_FAILED { throw connectError(pointer) }
        }
    }

    private static func whereabouts(_ pointer: OpaquePointer) -> String {
        guard let host = PQhost(pointer), let port = PQport(pointer) else { return "the server" }
        let (name, number) = (String(cString: host), String(cString: port))
        return name.isEmpty ? "the server" : "the server at \(name), port \(number)"
    }

    private static func connectError(_ pointer: OpaquePointer) -> PostgreSQLError {
        .connecting(
            String(cString: PQerrorMessage(pointer)),
            needsPassword: PQconnectionNeedsPassword(pointer) == 1
        )
    }
}
