import Testing
import Tranche
import TranchePostgreSQL

@Suite("What PostgreSQL's states call for")
struct PostgreSQLErrorTests {
    /// Source: PostgreSQL 15 manual, appendix A.
    static let states: [(state: String, category: ErrorCategory)] = [
        ("08000", .transient),  // connection_exception
        ("08001", .transient),  // sqlclient_unable_to_establish_sqlconnection
        ("08003", .transient),  // connection_does_not_exist
        ("08006", .transient),  // connection_failure
        ("0A000", .permanent),  // feature_not_supported
        ("22012", .permanent),  // division_by_zero
        ("22P02", .permanent),  // invalid_text_representation
        ("23502", .conflict),  // not_null_violation
        ("23505", .conflict),  // unique_violation
        ("23514", .conflict),  // check_violation
        ("25006", .permanent),  // read_only_sql_transaction
        ("25P02", .permanent),  // in_failed_sql_transaction
        ("25P03", .transient),  // idle_in_transaction_session_timeout
        ("25P04", .transient),  // transaction_timeout
        ("28000", .permanent),  // invalid_authorization_specification
        ("28P01", .permanent),  // invalid_password
        ("3D000", .permanent),  // invalid_catalog_name
        ("40001", .transient),  // serialization_failure
        ("40P01", .transient),  // deadlock_detected
        ("42501", .permanent),  // insufficient_privilege
        ("42601", .permanent),  // syntax_error
        ("42703", .permanent),  // undefined_column
        ("42P01", .permanent),  // undefined_table
        ("53100", .transient),  // disk_full
        ("53200", .transient),  // out_of_memory
        ("53300", .transient),  // too_many_connections
        ("55P03", .transient),  // lock_not_available
        ("57014", .transient),  // query_canceled
        ("57P01", .transient),  // admin_shutdown
        ("57P02", .transient),  // crash_shutdown
        ("57P03", .transient),  // cannot_connect_now
        ("57P04", .permanent),  // database_dropped
        ("57P05", .transient),  // idle_session_timeout
        ("58030", .transient),  // io_error
        ("XX000", .permanent),  // internal_error
    ]

    @Test("A standby's refusal to write is transient, and says what to do")
    func standby() {
        let states = [
            ("25006", "cannot execute INSERT in a read-only transaction"),
            ("0A000", "cannot set transaction read-write mode during recovery"),
        ]
        for (state, message) in states {
            let error = PostgreSQLError(sqlState: state, message: message)
            let told = error.explained(isReadOnly: false)
            #expect(told.category == .transient)
            #expect(told.message.contains("target_session_attrs=read-write"))
            #expect(!told.mayBlameRow)
            #expect(error.explained(isReadOnly: true).message == message)
        }
    }

    @Test(
        "A session that others share unnoticed is refused, and so is statement pooling",
        arguments: [
            ("42P05", #"prepared statement "tranche_4711_12" already exists"#),
            ("26000", #"prepared statement "tranche_4711_12" does not exist"#),
            (
                "08P01",
                #"bind message supplies 0 parameters, but prepared statement "a" requires 1"#
            ),
            ("08P01", "transaction blocks not allowed in statement pooling mode"),
        ]
    )
    func shared(_ state: String, _ message: String) {
        let error = PostgreSQLError(sqlState: state, message: message).explained(isReadOnly: false)
        #expect(error.refusesConnection)
        #expect(error.category == .permanent)
        #expect(error.message.contains("a pooler in "))
        #expect(error.message.contains("or a direct address"))
    }

    @Test("What a program of the user's prepares and loses is no sign of a pooler")
    func otherStatement() {
        let message = #"prepared statement "mine" does not exist"#
        let error = PostgreSQLError(sqlState: "26000", message: message)
        #expect(!error.explained(isReadOnly: false).refusesConnection)
    }

    /// What servers say of a connection that they do not take, as libpq's verbose form has it.
    ///
    /// Source: PostgreSQL 15, src/backend/po.
    static let refusals: [(words: String, shown: String, isPassing: Bool)] = [
        (
            "FATAL:  57P03: das Datenbanksystem startet\nLOCATION:  F, postmaster.c:2342\n",
            "FATAL:  das Datenbanksystem startet", true
        ),
        (
            "致命错误:  57P03: 数据库系统启动中\n位置:  ProcessStartupPacket, postmaster.c:2342\n",
            "致命错误:  数据库系统启动中", true
        ),
        (
            "ВАЖНО:  53300: извините, уже слишком много клиентов\n",
            "ВАЖНО:  извините, уже слишком много клиентов", true
        ),
        (
            "ВАЖНО:  28P01: пользователь \"x\" не прошёл проверку подлинности\n"
                + "LOCATION:  auth_failed, auth.c:334\n",
            "ВАЖНО:  пользователь \"x\" не прошёл проверку подлинности", false
        ),
        (
            "FATALT:  3D000: databasen \"x\" existerar inte\nDETAIL:  HELLO: y\n",
            "FATALT:  databasen \"x\" existerar inte; DETAIL:  HELLO: y", false
        ),
        (
            "FATALE:  28000: il ruolo \"x\" non esiste\n",
            "FATALE:  il ruolo \"x\" non esiste", false
        ),
        // A name that is a word of an outage is none.
        (
            "FATAL:  28P01: password authentication failed for user \"recovery\"\n",
            "FATAL:  password authentication failed for user \"recovery\"", false
        ),
        // Poolers.
        ("FATAL:  08P01: no such database: x\n", "FATAL:  no such database: x", false),
        ("FATAL:  08P01: query_wait_timeout\n", "FATAL:  query_wait_timeout", true),
        ("FATAL:  no such user: x\n", "FATAL:  no such user: x", false),
        (
            "FATAL:  server login has been failing, try again later\n",
            "FATAL:  server login has been failing, try again later", true
        ),
    ]

    @Test("Whether a refused connection is for good does not go by the server's language")
    func connecting() {
        let start = "connection to server at \"db\" (::1), port 5432 failed: "
        for (words, shown, isPassing) in Self.refusals {
            let error = PostgreSQLError.connecting(start + words, needsPassword: false)
            #expect(error.category == (isPassing ? .transient : .permanent), "\(words)")
            #expect(error.refusesConnection != isPassing, "\(words)")
            #expect(error.message == start + shown)
        }
        // Of the addresses of a name, one is enough that may let it in later.
        let closed = "\(start)Connection refused\n\tIs the server running?\n"
        let first = "\(start)FATAL:  28000: kein pg_hba.conf-Eintrag\n"
        let second = "\(start)FATAL:  57P03: das Datenbanksystem startet\n"
        func connecting(_ text: String) -> PostgreSQLError {
            .connecting(text, needsPassword: false)
        }
        #expect(connecting(closed).category == .transient)
        #expect(connecting(closed + first).category == .permanent)
        #expect(connecting(first + second).category == .transient)
        #expect(
            connecting(closed + first).message
                == "\(start)Connection refused; Is the server running?; "
                + "\(start)FATAL:  kein pg_hba.conf-Eintrag"
        )
        // Nobody was asked.
        #expect(connecting("invalid port number: \"x\"\n").category == .permanent)
    }

    @Test("A plan that is no longer true is known in each language, and by nothing else")
    func stalePlan() {
        func category(_ message: String, _ function: String?) -> ErrorCategory {
            let state = PostgreSQLError.marked("0A000", message: message, function: function)
            return PostgreSQLError.category(ofSQLState: state)
        }
        let german = "gecachter Plan darf den Ergebnistyp nicht ändern"
        #expect(category(german, "RevalidateCachedQuery") == .transient)
        #expect(category("cached plan must not change result type", nil) == .transient)
        #expect(category(german, "ExecEvalExpr") == .permanent)
        let other = PostgreSQLError.marked("42P01", message: "", function: "RevalidateCachedQuery")
        #expect(other == "42P01")
    }

    @Test("A state has a category", arguments: states)
    func category(_ row: (state: String, category: ErrorCategory)) {
        #expect(PostgreSQLError.category(ofSQLState: row.state) == row.category)
    }
}
