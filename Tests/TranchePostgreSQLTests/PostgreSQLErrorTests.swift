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

    @Test("A state has a category", arguments: states)
    func category(_ row: (state: String, category: ErrorCategory)) {
        #expect(PostgreSQLError.category(ofSQLState: row.state) == row.category)
    }
}
