import Foundation
import Testing

@testable import TrancheCLI

/// Libraries are opened when a URL asks for them, by the program as it was built.
@Suite(.timeLimit(.minutes(5))) struct DriverTests {
    private static let drivers = [
        "libpq.so", "libmongoc-1.0.so", "libbson-1.0.so", "libcurl.so", "libcrypto.so",
        "libmicrohttpd.so", "libyaml-0.so",
    ]

    /// The libraries that a run of the program opens, as the loader tells of them.
    private func opened(
        _ arguments: [String],
        _ environment: [String: String]
    ) async throws -> (code: Int32, drivers: [String]) {
        let loud = environment.merging(["LD_DEBUG": "files"]) { $1 }
        let outcome = try await Executable.tranche.run(arguments, environment: loud)
        // Without this the loader said nothing, and the rest would prove nothing.
        #expect(outcome.errors.contains("libsqlite3.so"))
        return (outcome.code, Self.drivers.filter { outcome.errors.contains($0) })
    }

    @Test("The program needs no library of a driver to start")
    func linked() async throws {
        let outcome = try await Executable.tranche.run(
            [],
            environment: ["LD_TRACE_LOADED_OBJECTS": "1"]
        )
        #expect(outcome.output.contains("libsqlite3.so"))
        for driver in Self.drivers + ["libxml2.so", "libFoundationXML"] {
            #expect(!outcome.output.contains(driver), "\(driver)")
        }
    }

    @Test("A version and work on SQLite open no driver, PostgreSQL only its own")
    func openedLate() async throws {
        let bench = try await CommandLineBench()
        let job = ["--job", "j", "--meta", "files", "--count", "1"]
        for words in [["--version"], ["acquire"] + job, ["succeed", "1", "--attempt", "1"]] {
            let run = try await opened(words, bench.environment)
            #expect(run.code == 0, "\(words)")
            #expect(run.drivers == [], "\(words)")
        }
        var environment = bench.environment
        environment["TRANCHE_INVENTORY"] = "postgresql://127.0.0.1:1/none"
        environment["TRANCHE_RETRY_LIMIT"] = "1s"
        let run = try await opened(["status"], environment)
        #expect(run.code != 0)
        #expect(run.drivers.contains("libpq.so"))
        #expect(!run.drivers.contains("libmongoc-1.0.so"))
    }

    @Test("A library that is missing is named with its package")
    func missing() async throws {
        let bench = try await CommandLineBench()
        var environment = bench.environment
        environment["TRANCHE_LIBRARIES"] = bench.folder.path
        #expect(try await Executable.tranche.run(["status"], environment: environment).code == 0)
        environment["TRANCHE_INVENTORY"] = "postgresql://127.0.0.1:1/none"
        let outcome = try await Executable.tranche.run(["status"], environment: environment)
        #expect(outcome.code == ProgramStatus.usage.rawValue)
        let words = "libpq.so.5 is not there; install it with: apt install libpq5"
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
    }

    @Test("A library that lacks a function is told with the version that has it")
    func incomplete() async throws {
        let bench = try await CommandLineBench()
        let traced = try await Executable.tranche.run(
            [],
            environment: ["LD_TRACE_LOADED_OBJECTS": "1"]
        )
        let line = try #require(
            traced.output.split(separator: "\n").first { $0.contains("libsqlite3.so") }
        )
        let words = line.split(separator: " ")
        let place = try #require(words.firstIndex(of: "=>"))
        try FileManager.default.createSymbolicLink(
            atPath: bench.path("libpq.so.5"),
            withDestinationPath: String(words[place + 1])
        )
        var environment = bench.environment
        environment["TRANCHE_LIBRARIES"] = bench.folder.path
        environment["TRANCHE_INVENTORY"] = "postgresql://127.0.0.1:1/none"
        let outcome = try await Executable.tranche.run(["status"], environment: environment)
        #expect(outcome.code == ProgramStatus.usage.rawValue)
        #expect(
            outcome.errors.contains("libpq.so.5 has no PQ")
                && outcome.errors.contains("version 14 or later is wanted: apt install libpq5"),
            "\(outcome.errors)"
        )
    }
}
