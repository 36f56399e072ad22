import FoundationEssentials
import Tranche

/// Where the secret is that a webhook's sender shares; it never stands in a pipeline's file itself.
public enum WebhookSecret: Sendable, Hashable {
    /// A file with one secret on each line: any of them is right, so that one can follow another.
    case file(String)
    /// A variable of this process's environment, with one secret.
    case environment(String)

    /// Reads the secrets.
    ///
    /// - Parameter environment: This process's variables.
    /// - Returns: One at least.
    /// - Throws: `TrancheError` `.invalidArgument`, with what to do; it does not show a secret.
    func values(_ environment: [String: String]) throws -> [String] {
        let text: String
        let place: String
        switch self {
        case .file(let path):
            place = "the file \(path)"
            do {
                text = try String(contentsOfFile: path, encoding: .utf8)
            } catch {
                throw TrancheError(
                    .invalidArgument,
                    "the webhook's secret cannot be read: \(path) is not a file of text that this "
                        + "program may read",
                    underlying: error
                )
            }
        case .environment(let name):
            place = "the variable \(name)"
            text = environment[name] ?? ""
        }
        let secrets = text.split(whereSeparator: \.isNewline).map { line in
            String(line.trimmingPrefix { $0 == " " || $0 == "\t" })
        }.filter { !$0.isEmpty }
        guard !secrets.isEmpty else {
            throw TrancheError(
                .invalidArgument,
                "the webhook's secret is empty: put it into \(place)"
            )
        }
        return secrets
    }
}
