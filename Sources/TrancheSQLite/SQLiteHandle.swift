internal import CSQLite
import Synchronization
import Tranche
import TrancheSQL

/// An open database: nothing but the pointer.
struct SQLiteHandle: ~Copyable {
    private let pointer: OpaquePointer

    /// Opens a file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - flags: SQLite's flags for opening.
    /// - Throws: The database's error.
    init(path: String, flags: Int32) throws(SQLiteError) {
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(path, &opened, flags | SQLITE_OPEN_EXRESCODE, nil)
        guard let opened else { throw SQLiteError(code: code, message: "out of memory") }
        guard code == SQLITE_OK else {
            let message = String(cString: sqlite3_errmsg(opened))
            sqlite3_close_v2(opened)
            throw SQLiteError(code: code, message: "cannot open '\(path)': \(message)")
        }
        pointer = opened
    }

    deinit {
        sqlite3_close_v2(pointer)
    }

    /// Makes an error of a result code and the connection's last message.
    func error(_ code: Int32) -> SQLiteError {
        let message = String(cString: sqlite3_errmsg(pointer))
        guard code & 0xff == SQLITE_NOTADB else { return SQLiteError(code: code, message: message) }
        guard let format, format.isForeign else {
            return SQLiteError(code: code, message: beginning.map(\.words) ?? message)
        }
        return SQLiteError(
            code: code,
            message:
                "\(message): it is in format \(format.read) of an engine that lets several write "
                + "at once, as in Turso's journal mode 'mvcc', and that SQLite cannot read; have "
                + "that engine set it back with PRAGMA journal_mode = 'wal'"
        )
    }

    /// What the main file begins with; `nil` where that cannot be read.
    private var beginning: FileBeginning? {
        var bytes = [UInt8](repeating: 0, count: FileBeginning.length)
        let code = tranche_sqlite3_beginning(pointer, &bytes, Int32(bytes.count))
        return code == 0 ? FileBeginning(bytes) : nil
    }

    /// Whether the file can only be read.
    var isReadOnly: Bool { sqlite3_db_readonly(pointer, "main") == 1 }

    /// How the main file is written and read; `nil` where it has no header yet, or that of
    /// something else.
    var format: SQLiteFileFormat? {
        guard let head, head.starts(with: SQLiteFileFormat.magic) else { return nil }
        return SQLiteFileFormat(write: head[18], read: head[19])
    }

    /// The count of changes; `nil` in WAL mode, in which it stands still.
    ///
    /// Source: sqlite.org/fileformat2.html, sections 1.3.3 and 1.3.7.
    var writeCount: Int64? {
        guard let head, head[18] == 1 else { return nil }
        return head[24..<28].reduce(0) { $0 << 8 | Int64($1) }
    }

    /// The beginning of the main file; `nil` where it has no header yet.
    private var head: [UInt8]? { first(28) }

    /// The main file's first bytes; `nil` where it has fewer.
    private func first(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return tranche_sqlite3_head(pointer, &bytes, Int32(count)) == 0 ? bytes : nil
    }

    /// Refuses a file of one byte: SQLite takes it for an empty one, and would write over it.
    ///
    /// Source: `unixFileSize` in SQLite's os_unix.c.
    func requireEmptyOrMore() throws(SQLiteError) {
        guard let byte = first(1), first(2) == nil else { return }
        let words = FileBeginning(byte).words + ", and has one byte"
        throw SQLiteError(code: SQLITE_NOTADB, message: words)
    }

    /// A name that a statement has in double quotes, and that SQLite takes for a text since there
    /// is nothing of that name; `nil` where it has none.
    ///
    /// What a view is made of does not count. Source: sqlite.org/quirks.html, section 8.
    func nameTakenForText(in text: String) -> String? {
        let before = tranche_sqlite3_quoted_texts(pointer, 0)
        defer { _ = tranche_sqlite3_quoted_texts(pointer, before) }
        do throws(SQLiteError) {
            try prepare(text).finalize()
            return nil
        } catch {
            let words = "no such column: "
            guard error.message.hasPrefix(words) else { return nil }
            // From version 3.46 on the name is in quotes, and advice follows.
            let rest = error.message.dropFirst(words.count)
            let name =
                rest.first == "\"" ? rest.dropFirst().prefix { $0 != "\"" } : rest
            return text.contains("\"\(name)\"") ? String(name) : nil
        }
    }

    /// Prepares the first statement of some text.
    ///
    /// - Returns: The statement; `nil` when there is only white space or a comment.
    func prepare(_ text: String) throws(SQLiteError) -> SQLiteStatement {
        var statement: OpaquePointer?
        var hasTail = false
        let code = text.withUTF8Copy { bytes -> Int32 in
            var tail: UnsafePointer<CChar>?
            let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
            let code = sqlite3_prepare_v3(
                pointer,
                bytes.baseAddress,
                Int32(bytes.count),
                flags,
                &statement,
                &tail
            )
            if code == SQLITE_OK, let tail, let start = bytes.baseAddress {
                let rest = UnsafeRawBufferPointer(
                    start: tail,
                    count: max(0, bytes.count - 1 - (tail - start))
                )
                hasTail = rest.contains { ![9, 10, 13, 32, UInt8(ascii: ";")].contains($0) }
            }
            return code
        }
        guard code == SQLITE_OK else { throw error(code) }
        guard let statement else { throw SQLiteError(code: SQLITE_ERROR, message: "no statement") }
        let prepared = SQLiteStatement(stealing: statement)
        if hasTail {
            prepared.finalize()
            throw SQLiteError(code: SQLITE_ERROR, message: "more than one statement")
        }
        return prepared
    }

    /// Runs a script of several statements.
    func run(script: String) throws(SQLiteError) {
        let code = sqlite3_exec(pointer, script, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code) }
    }

    /// Whether a transaction is open.
    var isInTransaction: Bool { sqlite3_get_autocommit(pointer) == 0 }

    /// How many rows the last statement left changed, also one that failed.
    var changes: Int64 { sqlite3_changes64(pointer) }

    /// How many rows all statements of the connection have changed, and triggers of theirs.
    var totalChanges: Int64 { sqlite3_total_changes64(pointer) }

    /// Whether rows refer to others that are not there, which the commit would find.
    var hasDanglingReferences: Bool {
        var (current, highest): (Int32, Int32) = (0, 0)
        let code = sqlite3_db_status(
            pointer,
            SQLITE_DBSTATUS_DEFERRED_FKS,
            &current,
            &highest,
            0
        )
        return code == SQLITE_OK && current > 0
    }

    /// Lets a handler decide whether to wait for a lock.
    func setBusyHandler(_ waiter: SQLiteLockWaiter) {
        let context = Unmanaged.passUnretained(waiter).toOpaque()
        // The connection keeps the waiter for as long as the handle.
        sqlite3_busy_handler(
            pointer,
            { context, _ in
                guard let context else { return 0 }
                let waiter = Unmanaged<SQLiteLockWaiter>.fromOpaque(context).takeUnretainedValue()
                return waiter.waits() ? 1 : 0
            },
            context
        )
    }

    /// Ends a statement whose request was cancelled, also before it had begun: an interrupt hits
    /// only what runs already.
    func setProgressHandler(_ waiter: SQLiteLockWaiter) {
        let context = Unmanaged.passUnretained(waiter).toOpaque()
        // Now and then: often enough for a quick end, seldom enough to cost nothing.
        sqlite3_progress_handler(
            pointer,
            10_000,
            { context in
                guard let context else { return 0 }
                let waiter = Unmanaged<SQLiteLockWaiter>.fromOpaque(context).takeUnretainedValue()
                return waiter.isCancelled ? 1 : 0
            },
            context
        )
    }

    /// What another thread may use to stop a statement.
    func makeInterrupter() -> SQLiteInterrupter {
        SQLiteInterrupter(borrowing: pointer)
    }
}

/// Stops the statement that a connection runs; forgets the connection when that is closed.
final class SQLiteInterrupter: Sendable {
    /// A pointer that other threads may pass to `sqlite3_interrupt`, and to nothing else.
    ///
    /// Unchecked: SQLite allows `sqlite3_interrupt` from any thread while the connection is open,
    /// and the mutex around it is what closing takes first.
    private struct Target: @unchecked Sendable {
        var pointer: OpaquePointer?
    }

    private let target: Mutex<Target>

    fileprivate init(borrowing pointer: OpaquePointer) {
        target = Mutex(Target(pointer: pointer))
    }

    func interrupt() {
        target.withLock { target in
            if let pointer = target.pointer { sqlite3_interrupt(pointer) }
        }
    }

    func forget() {
        target.withLock { $0.pointer = nil }
    }
}

extension String {
    fileprivate func withUTF8Copy<R>(_ body: (UnsafeBufferPointer<CChar>) -> R) -> R {
        // With the terminating zero in the count, SQLite need not copy the text.
        utf8CString.withUnsafeBufferPointer(body)
    }
}
