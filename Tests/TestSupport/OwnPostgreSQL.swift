package import Foundation
import Glibc
import Tranche
import TrancheSQL

/// A PostgreSQL server of a test's own, which the test may stop, crash and start again.
///
/// Its folder lies in the temporary folder: a server whose test died goes when that is removed.
package actor OwnPostgreSQL {
    /// Where the server keeps everything.
    package nonisolated let folder: URL
    /// The port on 127.0.0.1; the same after each start.
    package nonisolated let port: UInt16
    private nonisolated let programs: URL
    private nonisolated let settings: [String]

    /// The server, as tests with one server know it: the database `tranche`.
    package nonisolated var server: TestPostgreSQL { TestPostgreSQL(url: url()) }

    /// The URL of a database.
    package nonisolated func url(_ database: String = "tranche") -> String {
        "postgresql://postgres@127.0.0.1:\(port)/\(database)"
    }

    /// How a server is stopped.
    package enum Stop: String, Sendable {
        /// Clients are cut off, and all is written.
        case fast
        /// As after a loss of power: what was committed is found again in the log at the next
        /// start.
        case immediate
    }

    /// Makes a server with the database `tranche`, and starts it.
    ///
    /// - Parameter settings: What differs from the tests' own, such as `max_connections=20`.
    /// - Throws: ``OwnServerError``.
    init(_ settings: [String]) async throws {
        guard let programs = Self.programs else { throw OwnServerError("there is no PostgreSQL") }
        self.programs = programs
        self.settings =
            [
                "listen_addresses=127.0.0.1", "fsync=off", "full_page_writes=off",
                "shared_buffers=16MB",
                "max_connections=100", "max_prepared_transactions=16", "wal_level=logical",
            ] + settings
        folder = try Self.makeFolder()
        port = try LocalListener.freePort()
        do {
            try await run(
                "initdb",
                ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
                    + ["--locale=C.UTF-8", "--no-sync"]
            )
            try await start()
            try await run(
                "createdb",
                ["-h", "127.0.0.1", "-p", "\(port)", "-U", "postgres", "tranche"]
            )
        } catch {
            try await remove()
            throw error
        }
    }

    /// Makes a standby that has all that the server has now, follows nobody, and lets itself be
    /// read; another server, which the caller removes.
    package func makeStandby() async throws -> OwnPostgreSQL {
        try await OwnPostgreSQL(standbyOf: self)
    }

    private init(standbyOf primary: OwnPostgreSQL) async throws {
        (programs, settings) = (primary.programs, primary.settings)
        folder = try Self.makeFolder()
        port = try LocalListener.freePort()
        do {
            try await run(
                "pg_basebackup",
                ["-D", data, "-h", "127.0.0.1", "-p", "\(primary.port)", "-U", "postgres"]
                    + ["--checkpoint=fast", "--no-sync"]
            )
            try Data().write(to: URL(filePath: data).appending(path: "standby.signal"))
            try await start()
        } catch {
            try await remove()
            throw error
        }
    }

    /// Starts the server and waits until it answers, recovered.
    package func start() async throws {
        let options = (["unix_socket_directories=", "port=\(port)"] + settings)
            .map { "-c \($0)" }.joined(separator: " ")
        try await run(
            "pg_ctl",
            ["-D", data, "-l", folder.appending(path: "log").path, "-w", "-t", "60", "-s"]
                + ["-o", options, "start"]
        )
    }

    /// Stops the server and waits until it is gone.
    package func stop(_ how: Stop = .fast) async throws {
        try await run("pg_ctl", ["-D", data, "-m", how.rawValue, "-w", "-t", "60", "-s", "stop"])
    }

    /// Stops the server as a loss of power does, and starts it again.
    package func crash() async throws {
        try await stop(.immediate)
        try await start()
    }

    /// Stops the server and starts it as a standby that follows nobody, and waits until it answers.
    package func becomeStandby() async throws {
        try await stop()
        try Data().write(to: URL(filePath: data).appending(path: "standby.signal"))
        try await start()
    }

    /// Makes a standby take writes.
    package func promote() async throws {
        try await run("pg_ctl", ["-D", data, "-w", "-t", "60", "-s", "promote"])
    }

    /// Kills a server process, which makes the server throw out all others and recover; waits until
    /// it has.
    ///
    /// - Parameter process: Such as `pg_backend_pid()` gives.
    /// - Throws: ``OwnServerError``.
    package func crashProcess(_ process: Int32) async throws {
        let reports = try reinitialisations
        guard Glibc.kill(process, SIGKILL) == 0 else {
            throw OwnServerError("process \(process) cannot be killed: errno \(errno)")
        }
        // The postmaster's own report is the only sign: between the kill and its notice, the server
        // still answers.
        while try reinitialisations == reports { await Task.yield() }
        try await run(
            "pg_isready",
            ["-h", "127.0.0.1", "-p", "\(port)", "-q", "-t", "60"],
            repeatsWhileFailing: true
        )
    }

    /// Stops the server, where it runs, and removes its folder.
    package func remove() async throws {
        // One that does not run cannot be stopped.
        _ = try? await stop(.immediate)
        try FileManager.default.removeItem(at: folder)
    }

    // MARK: Steps

    private nonisolated var data: String { folder.appending(path: "data").path }

    /// How often the server has thrown out all processes since one had crashed.
    private var reinitialisations: Int {
        get throws {
            try String(contentsOf: folder.appending(path: "log"), encoding: .utf8)
                .components(separatedBy: "all server processes terminated; reinitializing").count
        }
    }

    /// The folder of the newest server's programs.
    private static var programs: URL? {
        let root = URL(filePath: "/usr/lib/postgresql")
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        let folders = versions.sorted { (Double($0) ?? 0) > (Double($1) ?? 0) }
            .map { root.appending(path: $0).appending(path: "bin") }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return (folders + path.split(separator: ":").map { URL(filePath: String($0)) })
            .first { folder in
                ["initdb", "pg_ctl"].allSatisfy {
                    FileManager.default.isExecutableFile(atPath: folder.appending(path: $0).path)
                }
            }
    }

    /// Whether tests run as root, as whom PostgreSQL refuses to run.
    private static var isRoot: Bool { getuid() == 0 }

    private static func makeFolder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "own-\(UUID().uuidString.prefix(8))"
        )
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        guard isRoot else { return folder }
        guard let user = getpwnam("postgres")?.pointee,
            chown(folder.path, user.pw_uid, user.pw_gid) == 0
        else { throw OwnServerError("'\(folder.path)' cannot be given to the user postgres") }
        return folder
    }

    private func run(
        _ program: String,
        _ arguments: [String],
        repeatsWhileFailing: Bool = false
    ) async throws {
        var command = [programs.appending(path: program).path] + arguments
        if Self.isRoot {
            command =
                ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
                + ["--inh-caps=-all"] + command
        }
        while true {
            let output = folder.appending(path: "output-\(program)").path
            let status = try await ServerProgram(command: command, output: output).run()
            if status == 0 { return }
            if repeatsWhileFailing { continue }
            let said = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
            let log =
                (try? String(contentsOf: folder.appending(path: "log"), encoding: .utf8)) ?? ""
            throw OwnServerError("\(program) ended with \(status): \(said)\(log.suffix(2000))")
        }
    }
}

/// Runs `body` with a PostgreSQL server of its own, and removes that.
///
/// - Parameters:
///   - settings: What differs from the tests' own, such as `max_connections=20`.
///   - body: What to do with it.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws, or the server's failure.
package func withOwnPostgreSQL<R>(
    _ settings: String...,
    body: (OwnPostgreSQL) async throws -> R
) async throws -> R {
    let server = try await OwnPostgreSQL(settings)
    do {
        let result = try await body(server)
        try await server.remove()
        return result
    } catch {
        try await server.remove()
        throw error
    }
}

/// Why a server of a test's own does not do what it should.
package struct OwnServerError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// A program that may leave a server behind: it is given none of this process's open files.
///
/// A server would keep them for its life, and with them connections that tests cut. `Process` is of
/// no use here: it misses a child's end when more than 1023 files are open.
private struct ServerProgram: Sendable {
    let command: [String]
    /// The file that takes what it says.
    let output: String

    private static let closing = """
        for file in /proc/self/fd/*; do
            number=${file##*/}
            [ "$number" -le 2 ] || eval "exec $number>&-"
        done
        cd /
        exec "$@"
        """

    /// Runs it; the status is its exit code, or that of its signal with 128 added.
    func run() async throws -> Int32 {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try runHere() }) }
        }
    }

    private func runHere() throws -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        let arguments = ["/bin/bash", "-c", Self.closing, "bash"] + command
        var pointers = arguments.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        var child: pid_t = 0
        let error = posix_spawn(&child, "/bin/bash", &actions, nil, pointers, environ)
        guard error == 0 else { throw OwnServerError("bash cannot be started: errno \(error)") }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 {
            guard errno == EINTR else { throw OwnServerError("waitpid failed: errno \(errno)") }
        }
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    }
}
