import Foundation
import TestSupport
import Testing

/// Each example makes its own table, checks what it did, and ends with 0 when all is as it should
/// be.
@Suite("The examples", .timeLimit(.minutes(10)))
struct ExampleTests {
    @Test(
        "A Swift example does what it shows",
        arguments: [
            "OwnInput", "Incremental", "Backfill", "ManualErrorHandling", "SeveralWorkers",
            "ExactlyOnce",
            "Recursion", "LoadFile", "OwnConnector", "Workflow", "Hours", "TextUIDs",
        ]
    )
    func swiftExample(_ name: String) async throws {
        let outcome = try await BuiltProgram(name).run()
        #expect(outcome.status == 0, "\(outcome.text)")
    }

    // The compiler refuses such a symbol where a target has no access to the package's.
    @Test("No example can use a symbol that only this package can")
    func publicAlone() throws {
        let manifest = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Package.swift")
        let text = try String(contentsOf: manifest, encoding: .utf8)
        let targets = text.components(separatedBy: "xecutableTarget(").dropFirst().map { part in
            part.components(separatedBy: "swiftSettings")[0]
        }
        let examples = targets.filter { $0.contains(#"path: "examples/"#) }
        #expect(examples.count == 2)
        #expect(examples.allSatisfy { $0.contains("packageAccess: false") }, "\(examples)")
    }

    @Test("A program that uses SQLite alone links no other database's library")
    func librariesOfSQLite() throws {
        let bytes = try Data(
            contentsOf: URL(filePath: BuiltProgram("OwnConnector").path)
        )
        // The names of needed libraries stand in a program as they are.
        #expect(bytes.range(of: Data("libsqlite3.so".utf8)) != nil)
        for other in [
            "libpq.so", "libmongoc", "libcurl.so", "libpcre2", "libz.so", "libcrypto",
            "libmicrohttpd",
        ] {
            #expect(bytes.range(of: Data(other.utf8)) == nil, "\(other)")
        }
    }

    @Test(
        "In the medallion a corrected file leaves no rows of the one before",
        .enabled(if: Python.path != nil)
    )
    func medallion() async throws {
        let python = try #require(Python.path)
        let scripts = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../examples/pipelines/medallion").standardizedFileURL.path
        try await withTemporaryFolder { folder in
            let (file, database) = (folder.path("a.csv"), folder.path("measurements.db"))
            let event = #"{"id":"\#(file)"}"#
            let batch = #"{"payload":{"result":{"files":["\#(file)"]}}}"#
            let count = """
                import sqlite3, sys
                for table in "cleansed", "precipitation", "sensor":
                    for row in sqlite3.connect(sys.argv[1]).execute("SELECT * FROM " + table):
                        print(table, row[-1])
                """
            for (rows, left) in [
                ("s1,10,20,1.5\ns2,11,21,0\n", 6), ("s1,10,20,2.5\n", 3),
            ] {
                try Data("sensor,latitude,longitude,precipitation\n\(rows)".utf8)
                    .write(to: URL(filePath: file))
                let script = """
                    set -e
                    echo '\(event)' | \(python) \(scripts)/validate.py \(database) >/dev/null
                    echo '\(batch)' | \(python) \(scripts)/split.py \(database)
                    \(python) -c '\(count)' \(database)
                    """
                let outcome = try await BuiltProgram(path: "/bin/sh").run(arguments: ["-c", script])
                #expect(outcome.status == 0, "\(outcome.text)")
                #expect(outcome.text.split(separator: "\n").count == left, "\(outcome.text)")
            }
        }
    }

    @Test("The PostgreSQL example does what it shows", .enabled(if: TestPostgreSQL.server != nil))
    func postgreSQLExample() async throws {
        let server = try #require(TestPostgreSQL.server)
        try await withTestSchema(server) { schema in
            // The example uses the connection's own schema.
            let url = server.url + "?options=-csearch_path%3D\(schema)"
            let program = BuiltProgram("PostgreSQLInventory")
            let outcome = try await program.run(["TRANCHE_INVENTORY": url])
            #expect(outcome.status == 0, "\(outcome.text)")
        }
    }

    @Test("The PostgreSQL example says what it needs")
    func postgreSQLExampleWithoutServer() async throws {
        let outcome = try await BuiltProgram("PostgreSQLInventory").run()
        #expect(outcome.status == 64)
        #expect(outcome.text.contains("TRANCHE_INVENTORY"))
    }

    @Test(
        "A Python example does what it shows",
        .enabled(if: Python.path != nil),
        arguments: ["with_work.py", "with_acquire.py"]
    )
    func pythonExample(_ name: String) async throws {
        let python = try BuiltProgram(path: #require(Python.path))
        let script = Python.folder.appending(path: name).path
        let environment = ["TRANCHE": BuiltProgram("tranche").path, "PYTHONDONTWRITEBYTECODE": "1"]
        let outcome = try await python.run(environment, arguments: [script])
        #expect(outcome.status == 0, "\(outcome.text)")
    }
}

/// The machine's Python, and the examples written in it.
enum Python {
    static let path = ["/usr/bin/python3", "/usr/local/bin/python3"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent()
        .appending(path: "../../examples/python-worker")
        .standardizedFileURL
}
