import Foundation
import Tranche

@testable import TrancheMongo

/// The server that `scripts/test` started; its replica set is begun by the first who needs it.
enum MongoTestServer {
    struct Missing: Error, CustomStringConvertible {
        let description =
            "no MongoDB server is named in TRANCHE_TEST_MONGO; scripts/test starts one"
    }

    /// A collection of a test's own.
    static func location(_ collection: String = "c" + UUID().uuidString) async throws
        -> MongoLocation
    {
        let environment = ProcessInfo.processInfo.environment
        guard let url = environment["TRANCHE_TEST_MONGO"], !url.isEmpty else { throw Missing() }
        let location = try MongoLocation("\(url)/tranche.\(collection)?directConnection=true")
        try await begin(try MongoLocation("\(url)/admin.none?directConnection=true"), host: url)
        return location
    }

    private static func begin(_ admin: MongoLocation, host: String) async throws {
        let connection = try MongoConnection(admin)
        let address = host.replacing("mongodb://", with: "")
        do {
            _ = try await connection.run(
                """
                {"replSetInitiate": {"_id": "rs0", "members": [{"_id": 0, "host": "\(address)"}]}}
                """
            )
        } catch let error as MongoError where error.code == 23 {
            // Somebody else has begun it.
        }
        // Until it has a primary, writes are refused as transient.
        while true {
            let reply = try await connection.run("{\"hello\": 1}")
            if reply.isWritable { return }
            await Task.yield()
        }
    }
}
