import Foundation
import Glibc
import TestSupport
import TranchePostgreSQL
import TrancheSQL

/// A way in which a server goes away and comes back.
enum ServerCrash: String, CaseIterable, Sendable {
    /// Clients are cut off; nothing needs to be recovered.
    case restart
    /// `pg_ctl stop -m immediate`: as after a loss of power.
    case immediate
    /// SIGKILL for the postmaster; its processes find out by themselves.
    case postmaster
    /// SIGKILL for one process, which makes the server throw out all others and recover.
    case process

    func happen(to server: OwnPostgreSQL) async throws {
        switch self {
        case .restart:
            try await server.stop(.fast)
            try await server.start()
        case .immediate: try await server.crash()
        case .postmaster:
            kill(try server.postmaster, SIGKILL)
            try await server.startAgain()
        case .process: try await server.crashProcess(try await server.someProcess())
        }
    }
}

extension OwnPostgreSQL {
    /// The server's first process.
    fileprivate nonisolated var postmaster: pid_t {
        get throws {
            let file = folder.appending(path: "data/postmaster.pid")
            let text = try String(contentsOf: file, encoding: .utf8)
            guard let number = text.split(separator: "\n").first.flatMap({ pid_t($0) }) else {
                throw WorkerFailure("the server has no process")
            }
            return number
        }
    }

    /// A process that serves a client: the oldest.
    fileprivate func someProcess() async throws -> Int32 {
        let database = try server.database(maxConnections: 1)
        var row = try await database.read(
            """
            SELECT pid FROM pg_stat_activity
            WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
            ORDER BY backend_start LIMIT 1
            """
        )[0].first
        await database.close()
        guard let process = try row?.integer() else { throw WorkerFailure("nobody is served") }
        return Int32(process)
    }

    /// Starts the server after its postmaster was killed: it refuses for as long as one of the old
    /// processes still lives.
    fileprivate func startAgain() async throws {
        for _ in 0..<100 {
            if (try? await start()) != nil { return }
        }
        try await start()
    }
}
