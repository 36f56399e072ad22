package import FoundationEssentials
package import Tranche

/// Where the SQL of two databases differs.
///
/// Instants are kept as the dialect likes; the store reads and binds them in milliseconds since
/// 1970 UTC. `processing_start` and `processing_end` are kept for people to read, and may differ
/// again.
package protocol SQLDialect: Sendable {
    /// Whether nobody else can write while a transaction writes.
    var hasOneWriter: Bool { get }
    /// Whether a query may change rows by the tables behind its `WITH`.
    var changesWithinQueries: Bool { get }
    /// Whether a table behind `FROM` may name columns of those before it, by `LATERAL`.
    var joinsLaterally: Bool { get }
    /// The first statements of a transaction in which others write, at their pace.
    var beginningLongTransaction: [SQLStatement] { get }
    /// Makes a `SELECT` lock the row it finds; it waits for others.
    var lockingRow: SQLStatement { get }
    /// Makes a `SELECT` lock the row it finds as ``lockingRow``, but for transactions that keep it
    /// from going.
    var lockingKeptRow: SQLStatement { get }
    /// Makes a `SELECT` keep the row it finds from going; transactions that change it are not held
    /// up.
    var keepingRow: SQLStatement { get }
    /// The statements that make other transactions wait that insert into a table, or change it.
    func lockingInserts(into table: SQLTableName) -> [SQLStatement]
    /// Makes a `SELECT` lock the rows it finds, and pass over those that others hold.
    var lockingFreeRows: SQLStatement { get }
    /// The database's clock, read when the statement runs, as an instant.
    var clock: SQLStatement { get }
    /// The type of a column that keeps an instant.
    var instantType: String { get }
    /// The type of a column that is added for values of records.
    func type(of kind: SQLColumnKind) -> String
    /// How many columns a table has at most.
    var mostColumns: Int { get }
    /// Why no column of that name can be added; `nil` where it can.
    func objection(toColumn name: String) -> String?
    /// The instant at a number of milliseconds.
    func instant(_ milliseconds: SQLStatement) -> SQLStatement
    /// The number of milliseconds of an instant.
    func milliseconds(_ instant: SQLStatement) -> SQLStatement
    /// The instant some milliseconds after another.
    func instant(_ instant: SQLStatement, plus milliseconds: SQLStatement) -> SQLStatement
    /// An instant as `processing_start` and `processing_end` keep it.
    func processingTime(_ instant: SQLStatement) -> SQLStatement
    /// A `processing_start` or `processing_end` as an instant.
    func instant(ofProcessingTime column: SQLStatement) -> SQLStatement
    /// The number of milliseconds of a `processing_start` or `processing_end`.
    func milliseconds(ofProcessingTime column: SQLStatement) -> SQLStatement
    /// Values for some rows, each of which has its own, in one statement.
    ///
    /// However small the table was when the statement was planned, the rows are looked up one by
    /// one.
    ///
    /// - Parameters:
    ///   - rows: For each row its number, and its values: all whole numbers or all texts in one
    ///     place.
    ///   - column: The column of the number.
    /// - Returns: Which rows are meant, and their values, as expressions of a row; `nil` where a
    ///   statement for each is as good.
    func bulkValues(
        of rows: [[Value]],
        by column: String
    ) -> (isMeant: SQLStatement, values: [SQLStatement])?
    /// Rows of values as a table, for one statement that writes them all.
    ///
    /// - Parameter columns: For each column its name, its type, and its values, as many as all
    ///   others have.
    /// - Returns: What stands behind FROM: a table `given` of these columns, and of the rows'
    ///   `place`; `nil` where a statement for each is as good.
    func table(
        ofColumns columns: [(name: String, type: String, values: [Value])]
    ) -> SQLStatement?
    /// JSON text as the JSON columns keep it.
    func json(of text: SQLStatement) -> SQLStatement
    /// The first 2048 characters of a column's value as text, or its first bytes.
    func beginning(of column: String) -> SQLStatement
    /// An expression as a double.
    func double(_ expression: SQLStatement) -> SQLStatement
    /// A number of the user's as a double: infinite where it is beyond.
    ///
    /// - Parameters:
    ///   - column: The number.
    ///   - type: What its type comes down to; see ``SQLTable/Column/baseType``.
    /// - Returns: The expression.
    func double(_ column: SQLStatement, ofType type: String) -> SQLStatement
    /// Whether a text has another one in it, in the same letters; NULL has none.
    func text(_ text: SQLStatement, has part: SQLStatement) -> SQLStatement
    /// The statements that make a transaction that only reads see all of one moment, said first.
    var beginningSnapshot: [SQLStatement] { get }
    /// The statements that make a table's own numbers go on behind the highest that a row has.
    ///
    /// - Parameters:
    ///   - table: The table, numbered by its column `id`.
    ///   - floor: A number behind which they go on in any case; `nil` for none.
    /// - Returns: The statements; none where the database sees to that itself.
    func continuingNumbers(of table: SQLTableName, from floor: SQLStatement?) -> [SQLStatement]

    /// What leaves out the next numbers of a table's ids; nothing where no other server takes the
    /// database's place.
    func leavingOutNumbers(_ count: Int64, of table: SQLTableName) -> [SQLStatement]
    /// A `COLLATE` by which texts are the same that have the same bytes.
    var bytewise: SQLStatement { get }
    /// A uid as text, in one spelling whatever the session's settings; NULL for what is none.
    func text(ofUID column: SQLStatement, _ kind: UIDKind) -> SQLStatement
    /// The uid that ``text(ofUID:_:)`` made a text of.
    func uid(ofText text: SQLStatement, _ kind: UIDKind) -> SQLStatement
    /// Whether a column is one of some ids, ascending.
    func column(_ column: String, isAmong ids: [Int64]) -> SQLStatement
    /// Ranges as a table with the columns `tranche_place` (from 0), `tranche_from` and
    /// `tranche_to`.
    func table(of ranges: [ClosedRange<Int64>]) -> SQLStatement
    /// A statement that counts rows in ranges and adds up a number of each.
    ///
    /// Its rows are the place of a range as in ``table(of:)``, the count and the sum, which is 0
    /// for no rows.
    ///
    /// - Parameters:
    ///   - ranges: The ranges.
    ///   - number: The number, of at most 31 bits.
    ///   - rows: `FROM` and `WHERE` of a range's rows, which name `tranche_from` and `tranche_to`.
    /// - Returns: The statement.
    func tallies(
        of ranges: [ClosedRange<Int64>],
        adding number: SQLStatement,
        from rows: SQLStatement
    ) -> SQLStatement
    /// The sum of weights of 0 or more; the highest number, or infinity, where it is beyond.
    func sum(ofWeights column: SQLStatement) -> SQLStatement
    /// Whether a value of the user's, in a column, is a point in time, and none that lies more than
    /// a day ahead.
    func isTime(_ column: SQLStatement) -> SQLStatement
    /// Why a column of that type tells no times; `nil` where it may. See
    /// ``SQLTable/Column/baseType``.
    func objection(toTimesOfType type: String) -> String?
    /// How a column of that type has times. See ``SQLTable/Column/baseType``.
    func timeType(of type: String) -> SQLTimeType
    /// A row for the schema of a name, where there is one in which tables stay.
    func schema(named name: String) -> SQLStatement
    /// Whether an index begins with a column, as a query of one row; `nil` where a view hides it.
    func hasIndex(on column: String, of table: SQLTableName) -> SQLStatement
    /// The statement that makes an index on columns of a table, for people to give.
    func creatingIndex(on columns: [String], of table: SQLTableName, isUnique: Bool) -> String
    /// The name of a value's type, as an expression.
    func name(ofTypeOf column: SQLStatement) -> SQLStatement
    /// The type that a column of times must have, in words for people.
    var timesUnderstood: String { get }
    /// A time of the user's, in a column, in milliseconds since 1970 UTC; null for what is none.
    func milliseconds(ofTime column: SQLStatement) -> SQLStatement
    /// Whether a time of the user's, in a column, is a number of milliseconds ago by the database's
    /// clock.
    func isAged(_ column: SQLStatement, milliseconds: SQLStatement) -> SQLStatement
    /// The query that finds the oldest transaction of others: its process, user, client's name, and
    /// when it began in milliseconds; `nil` where none can be found.
    ///
    /// - Parameter milliseconds: How long it must have been open.
    /// - Returns: The query.
    func oldestTransaction(openFor milliseconds: Int64) -> SQLStatement?
    /// The query that describes transactions by their names: the name, its process, user, client's
    /// name and address, state and since when, when it began, its last statement, and the name
    /// under which it was prepared; times in milliseconds. `nil` where nobody can be waited for.
    ///
    /// - Parameter names: The names, as ``SQLSourceWatch/writers`` has them.
    /// - Returns: The query.
    func describingTransactions(_ names: [String]) -> SQLStatement?
    /// The statements that make other transactions wait that number completions of the same job.
    func lockForNumbering(_ name: String) -> [SQLStatement]
    /// The statement that locks and reads a row, when all earlier callers have had it.
    ///
    /// A row's lock knows no order once the row was changed: all waiting callers wake up, look at
    /// the new row, and wait again. The columns are evaluated when the row is locked.
    ///
    /// - Parameters:
    ///   - columns: What to read.
    ///   - table: The table.
    ///   - condition: Which row.
    ///   - queue: The name of the queue of callers that want the row.
    /// - Returns: The statement.
    func lockInOrder(
        _ columns: SQLStatement,
        of table: SQLTableName,
        where condition: SQLStatement,
        queue: String
    ) -> SQLStatement
    /// The statement that locks rows in the order of their ids, and fails as busy where one is not
    /// had in time.
    ///
    /// Other statements of the transaction wait for locks as long as ever. It tells nothing of the
    /// rows.
    ///
    /// - Parameters:
    ///   - table: The table, which has a column `id`.
    ///   - condition: Which rows.
    ///   - lock: How they are locked, as ``lockingKeptRow`` or ``keepingRow``.
    ///   - limit: How long each lock is waited for at most.
    /// - Returns: The statement.
    func lockSoon(
        _ table: SQLTableName,
        where condition: SQLStatement,
        _ lock: SQLStatement,
        within limit: Duration
    ) -> SQLStatement
}

extension SQLDialect {
    /// A number of the user's as a double; see ``double(_:ofType:)``.
    package func double(_ column: SQLStatement, ofType type: String) -> SQLStatement {
        double(column)
    }

    /// JSON text as the JSON columns keep it.
    package func json(_ text: String?) -> SQLStatement { json(of: "\(text)") }

    /// The present as an instant.
    ///
    /// - Parameter fixed: A clock of the caller's; `nil` for the database's own.
    /// - Returns: The instant.
    package func now(_ fixed: Date?) -> SQLStatement {
        fixed.map { instant("\($0.milliseconds)") } ?? clock
    }
}
