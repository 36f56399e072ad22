import Foundation
import TestSupport
import Testing

@testable import TrancheCLI

/// The page of a server, in a browser: `drive_page.py` makes a shop, serves it, and goes through
/// it.
@Suite(.serialized) struct ServedPageTests {
    /// What the script says of one claim.
    private struct Finding: Decodable {
        var claim: String
        var fault: String?
    }

    /// The Python that drives a browser, where both are.
    private static let python: String? = {
        guard let python = ProcessInfo.processInfo.environment["TRANCHE_TEST_PYTHON"],
            FileManager.default.isExecutableFile(atPath: "/usr/bin/chromium")
        else {
            print("There is no browser here (Debian package chromium): no page is looked at")
            return nil
        }
        return python
    }()

    private func drive(_ server: [String]) async throws {
        let python = Executable(try #require(Self.python))
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "drive_page.py").path
        let settings = ProcessInfo.processInfo.environment
        let seen = try await withTemporaryFolder { folder in
            var environment = ["HOME": folder.url.path, "PATH": "/usr/bin:/bin"]
            environment["TRANCHE_TEST_PICTURES"] = settings["TRANCHE_TEST_PICTURES"]
            let arguments = [script, Executable.tranche.path, folder.path("shop")] + server
            return try await python.run(arguments, environment: environment)
        }
        #expect(seen.code == 0, "\(seen.errors)")
        let findings = try seen.output.split(separator: "\n").map {
            try JSONDecoder().decode(Finding.self, from: Data($0.utf8))
        }
        for finding in findings where finding.fault != nil {
            Issue.record("\(finding.claim): \(finding.fault ?? "")")
        }
        #expect(findings.count > 80, "the script ended early: \(seen.errors)")
    }

    @Test(
        "In a browser every page and every action of a server works, over an inventory on SQLite",
        .enabled(if: python != nil),
        .timeLimit(.minutes(20))
    )
    func onSQLite() async throws {
        try await drive([])
    }

    @Test(
        "In a browser every page and every action of a server works, over one on PostgreSQL",
        .enabled(if: python != nil && TestPostgreSQL.server != nil),
        .timeLimit(.minutes(20))
    )
    func onPostgreSQL() async throws {
        let server = try #require(TestPostgreSQL.server)
        try await drive([server.url])
    }
}
