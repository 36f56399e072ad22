import CLibMongoC
import FoundationEssentials
import Tranche

/// An error of MongoDB or of the way to it.
struct MongoError: Error, Sendable, CategorizedError, CustomStringConvertible {
    /// The server's or the library's code; 0 where there is none.
    let code: Int
    /// What the server or the library says, without values.
    let message: String
    let category: ErrorCategory

    var description: String { "MongoDB: \(message) (code \(code))" }

    /// Makes an error of what the library fills in.
    init(_ error: bson_error_t, labels: [String] = []) {
        var error = error
        code = Int(error.code)
        message = String(cString: tranche_mongo_message(&error))
        category = Self.category(domain: error.domain, code: Int(error.code), labels: labels)
    }

    /// Makes an error of a code in a reply.
    init(code: Int, message: String, labels: [String] = []) {
        self.code = code
        self.message = message
        category = Self.category(domain: MONGOC_ERROR_SERVER.rawValue, code: code, labels: labels)
    }

    /// Makes an error that trying again may mend.
    static func passing(_ message: String) -> MongoError {
        MongoError(code: 0, message: message, labels: ["RetryableWriteError"])
    }

    /// What to do about an error.
    ///
    /// Source: MongoDB's driver specifications, "Retryable Writes", "Determining Retryable Errors",
    /// and the server's error_codes.yml.
    static func category(domain: UInt32, code: Int, labels: [String]) -> ErrorCategory {
        let passing = ["RetryableWriteError", "TransientTransactionError", "RetryableError"]
        if labels.contains(where: passing.contains) { return .transient }
        switch domain {
        case MONGOC_ERROR_STREAM.rawValue, MONGOC_ERROR_SERVER_SELECTION.rawValue: return .transient
        case MONGOC_ERROR_CLIENT.rawValue: return .permanent
        default: break
        }
        switch code {
        // Host unreachable or not found, network time-out, shutdown, primary stepped down, not the
        // primary.
        case 6, 7, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13388, 13435, 13436, 50:
            return .transient
        // Write concern not met in time, out of disk, too many locks or connections.
        case 24, 64, 112, 14031, 267, 202: return .transient
        case 11000, 11001, 12582: return .conflict
        default: return .permanent
        }
    }
}
