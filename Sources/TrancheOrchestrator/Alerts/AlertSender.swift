import FoundationEssentials
import Tranche
import TrancheConnectors
import TrancheHTTP

/// Sends what alerts say: once each, within bounds.
struct AlertSender: Sendable {
    /// Where variables are looked up.
    let credentials: Credentials
    /// Runs a program with a text on its standard input; `nil` where this process runs none.
    let program: (@Sendable ([String], String) async throws -> Void)?

    /// Why something was not sent, without credentials.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Sends a document.
    ///
    /// - Parameters:
    ///   - text: The document.
    ///   - target: The target of the message.
    ///   - key: What is the same when it is sent again.
    /// - Throws: ``Failure``; `CancellationError`.
    func send(_ text: String, to target: PipelineAlert.Target, key: String) async throws {
        switch target {
        case .webhook(let place): try await post(text, to: place, key)
        case .program(let words):
            guard let program else {
                throw Failure(description: "this process runs no programs")
            }
            do {
                try await program(words, text)
            } catch let error as CancellationError {
                throw error
            } catch {
                throw Failure(description: redacted("\(error)"))
            }
        }
    }

    private func post(_ text: String, to place: SecretPlace, _ key: String) async throws {
        let client = HTTPClient(
            HTTPClient.Configuration(
                stallTimeout: .seconds(20),
                retryLimit: .zero,
                patience: .zero
            )
        )
        defer { client.close() }
        do {
            let request = HTTPRequest(
                method: .post,
                url: try place.text(credentials),
                headers: ["Content-Type": "application/json", "Idempotency-Key": key],
                body: Array(text.utf8),
                maxResponseBytes: 1 << 16
            )
            let response = try await client.send(request, waitsAsAsked: false)
            if response.isSuccess { return }
            // The place itself may be the secret.
            throw Failure(description: "its webhook answered \(response.status)")
        } catch let error as HTTPError {
            guard case .transport(let code) = error.code else {
                throw Failure(description: "its webhook answered with an error")
            }
            throw Failure(description: "its webhook was not reached (libcurl's error \(code))")
        } catch let error as TrancheError {
            throw Failure(description: error.message)
        }
    }
}
