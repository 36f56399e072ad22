import Glibc
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheSQL

import TranchePostgreSQL

@Suite("A URL of several servers", .serialized, .timeLimit(.minutes(5)))
struct SeveralServersTests {
    @Test(
        "Each server is asked by itself, and libpq where they cannot be taken apart",
        arguments: [
            ("postgresql://a/d", [""]),
            ("postgresql://a:1,b:2/d", ["host=a port=1", "host=b port=2"]),
            ("postgresql://a:1,b/d", ["host=a port=1", "host=b port=5432"]),
            ("postgresql:///d?host=a,b&port=7", ["host=a port=7", "host=b port=7"]),
            ("postgresql:///d?host=/run/a,/run/b", ["host=/run/a", "host=/run/b"]),
            ("postgresql:///d?hostaddr=::1,::2", ["hostaddr=::1", "hostaddr=::2"]),
            ("postgresql:///d?host=a,", [""]),
            ("postgresql://a,b/d?target_session_attrs=prefer-standby", [""]),
        ]
    )
    func servers(_ url: String, _ expected: [String]) throws {
        let servers = try PostgreSQLURL(url).servers
        let words = servers.map { server in
            server.choice.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
        }
        #expect(words == expected)
    }

    @Test("The environment says where the URL does not, unless a service may: libpq reads that")
    func surroundings() throws {
        func servers(_ url: String, _ variables: [String: String]) throws -> Int {
            let hosts = ["PGHOST": "a,b", "PGTARGETSESSIONATTRS": "any"]
            let environment = hosts.merging(variables) { $1 }
            return try PostgreSQLURL(url, environment: environment).servers.count
        }
        #expect(try servers("postgresql:///d", [:]) == 2)
        #expect(try servers("postgresql://c/d", [:]) == 1)
        #expect(try servers("postgresql:///d?service=s", [:]) == 1)
        #expect(try servers("postgresql:///d", ["PGSERVICE": "s"]) == 1)
    }

    @Test("Of several the one that leads is taken, unless the URL says otherwise")
    func target() throws {
        #expect(try PostgreSQLURL("postgresql://a,b/d").wantsLeader)
        #expect(try !PostgreSQLURL("postgresql://a/d").wantsLeader)
        #expect(try !PostgreSQLURL("postgresql://a,b/d?target_session_attrs=any").wantsLeader)
        let one = try PostgreSQLURL("postgresql://a/d?target_session_attrs=read-write")
        #expect(one.wantsLeader && one.asksServer)
        let odd = try PostgreSQLURL("postgresql:///d?host=a,&target_session_attrs=primary")
        #expect(odd.wantsLeader && !odd.asksServer)
    }

    @Test("A network that drops packets is noticed within seconds, unless the URL says otherwise")
    func keepalives() throws {
        let names = try PostgreSQLURL("postgresql://a/d?keepalives_idle=60").defaults.map(\.name)
        #expect(names == ["keepalives_interval", "keepalives_count", "tcp_user_timeout"])
        func limit(_ seconds: Int) throws -> Duration? {
            try PostgreSQLURL("postgresql://a/d?connect_timeout=\(seconds)").connectTimeout
        }
        #expect(try limit(7) == .seconds(7))
        #expect(try limit(1) == .seconds(2))
        #expect(try limit(0) == nil)
    }

    @Test("A server that does not answer is passed over, and the one that did is asked first next")
    func silent() async throws {
        try await withOwnPostgreSQL { own in
            // It takes connections, and never answers them: as a frozen server.
            let asked = Mutex<[Int32]>([])
            let frozen = try LocalListener()
            frozen.accept { client in asked.withLock { $0.append(client) } }
            defer {
                frozen.stop()
                for client in asked.withLock({ $0 }) { close(client) }
            }
            let url =
                "postgresql://postgres@127.0.0.1:\(frozen.port),127.0.0.1:\(own.port)/tranche"
            for option in ["connect_timeout=2", "target_session_attrs=any&connect_timeout=2"] {
                let before = asked.withLock { $0.count }
                let database = try database("\(url)?\(option)", connections: 2)
                _ = try await database.read("SELECT 1")
                // Two at once need a second connection.
                async let one = database.read("SELECT pg_sleep(0.2)")
                async let other = database.read("SELECT pg_sleep(0.2)")
                _ = try await (one, other)
                #expect(asked.withLock { $0.count } == before + 1)
                await database.close()
            }
        }
    }

    /// Two minutes is how long the system itself goes on, where it is left to it.
    @Test(
        "A server that takes no connection is passed over in its time, or once another leads",
        .timeLimit(.minutes(1))
    )
    func unreachable() async throws {
        try await withOwnPostgreSQL { own in
            // Its queue is full: the system drops what comes, as a network that is cut.
            let full = try LocalListener(backlog: 0)
            defer { full.stop() }
            let waiting = try full.fill()
            defer { for client in waiting { close(client) } }
            let url =
                "postgresql://postgres@127.0.0.1:\(full.port),127.0.0.1:\(own.port)/tranche"
                + "?connect_timeout=2&tcp_user_timeout=0"
            for (options, times) in [("", 1), ("&target_session_attrs=any", 5)] {
                for _ in 0..<times {
                    let database = try database(url + options)
                    var row = try await database.read("SELECT inet_server_port()")[0][0]
                    #expect(try row.integer() == Int64(own.port))
                    await database.close()
                }
            }
        }
    }

    @Test("A standby is passed over for the server that leads, and used where the URL says any")
    func standby() async throws {
        try await withOwnPostgreSQL { own in
            let standby = try await own.makeStandby()
            do {
                let url =
                    "postgresql://postgres@127.0.0.1:\(standby.port),127.0.0.1:\(own.port)/tranche"
                for (options, expected) in [("", false), ("?target_session_attrs=any", true)] {
                    let database = try database(url + options)
                    var row = try await database.read("SELECT pg_is_in_recovery()")[0][0]
                    #expect(try row.boolean() == expected)
                    await database.close()
                }
                try await own.stop()
                let alone = try database(url)
                let error = await #expect(throws: PostgreSQLError.self) {
                    _ = try await alone.read("SELECT 1")
                }
                #expect(error?.category == .transient)
                #expect(error?.message.contains("\(own.port)") == true)
                try await standby.promote()
                var row = try await alone.read("SELECT pg_is_in_recovery()")[0][0]
                #expect(try !row.boolean())
                await alone.close()
            } catch {
                try await standby.remove()
                throw error
            }
            try await standby.remove()
        }
    }

    /// Real seconds pass here: how long a statement may be silent is part of what is claimed.
    @Test("A statement without an answer is given up once another server leads, and not before")
    func deposed() async throws {
        try await withOwnPostgreSQL { own in
            let standby = try await own.makeStandby()
            do {
                let url =
                    "postgresql://postgres@127.0.0.1:\(own.port),127.0.0.1:\(standby.port)/tranche"
                let waiting = try database(url, connections: 2)
                let other = try database(url)
                _ = try await other.read("SELECT 1")
                let slow = try await waiting.read("SELECT 1 FROM pg_sleep(4)")
                #expect(slow[0].count == 1)
                try await standby.promote()
                let error = await #expect(throws: PostgreSQLError.self) {
                    _ = try await waiting.read("SELECT pg_sleep(60)")
                }
                #expect(error?.category == .transient)
                #expect(error?.message.contains("another one leads") == true)
                // Idle connections to the former leader are not lent again.
                // Nor are those of another database in the same place, which has asked nobody.
                for database in [waiting, other] {
                    var row = try await database.read("SELECT inet_server_port()")[0][0]
                    #expect(try row.integer() == Int64(standby.port))
                    await database.close()
                }
            } catch {
                try await standby.remove()
                throw error
            }
            try await standby.remove()
        }
    }

    private func database(_ url: String, connections: Int = 1) throws -> PostgreSQLDatabase {
        PostgreSQLDatabase(
            url: try PostgreSQLURL(url),
            isReadOnly: false,
            lockTimeout: .seconds(30),
            maxConnections: connections
        )
    }
}
