import FoundationEssentials
import Tranche
import TrancheHTTP

/// The tokens of a server: names, roles and digests, and no token itself.
public struct AccessTokens: Sendable {
    struct Entry: Sendable {
        var caller: Caller
        var digest: [UInt8]
    }

    let entries: [Entry]

    /// The most tokens of a file.
    static let most = 10_000

    /// Reads the lines of a file: `NAME ROLE[,ROLE] SHA256HEX [JOB,JOB]`.
    ///
    /// - Parameters:
    ///   - text: The lines; empty ones and those that begin with `#` are left out.
    ///   - file: The file's name, for errors.
    /// - Throws: `TrancheError` `.invalidArgument` with the line; it shows no digest.
    public init(text: String, file: String) throws {
        var entries: [Entry] = []
        for (place, line) in text.split(
            omittingEmptySubsequences: false,
            whereSeparator: \.isNewline
        )
        .enumerated() {
            let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            func refused(_ message: String) -> TrancheError {
                TrancheError(.invalidArgument, "\(file), line \(place + 1): \(message)")
            }
            guard (3...4).contains(words.count) else {
                throw refused("a line is NAME ROLE[,ROLE] SHA256HEX [JOB,JOB]")
            }
            guard let digest = Self.bytes(ofHex: words[2]), digest.count == 32 else {
                throw refused(
                    "the third word is no SHA-256 in 64 digits; 'tranche serve --new-token' makes one"
                )
            }
            let roles = try words[1].split(separator: ",").map { word in
                guard let role = ServerRole(rawValue: String(word)) else {
                    throw refused("'\(word)' is none of look, work and operate")
                }
                return role
            }
            guard !entries.contains(where: { $0.caller.name == first }) else {
                throw refused("the name '\(first)' stands there twice")
            }
            let jobs = words.count > 3 ? Set(words[3].split(separator: ",").map(String.init)) : nil
            let caller = Caller(name: first, roles: Set(roles), jobs: jobs)
            entries.append(Entry(caller: caller, digest: digest))
        }
        guard entries.count <= Self.most else {
            throw TrancheError(.invalidArgument, "\(file) has more than \(Self.most) tokens")
        }
        self.entries = entries
    }

    /// Reads a file of tokens.
    ///
    /// - Parameter path: The file.
    /// - Throws: `TrancheError` `.invalidArgument` where it cannot be read, or a line is wrong.
    public init(contentsOf path: String) throws {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw TrancheError(
                .invalidArgument,
                "the file of tokens \(path) cannot be read: \(FileFault(error))"
            )
        }
        try self.init(text: text, file: path)
    }

    /// Makes a token.
    ///
    /// - Parameters:
    ///   - name: Whose it is: letters, digits, `.`, `_` and `-`.
    ///   - roles: What it is for; at least one.
    ///   - jobs: The jobs that it is for; empty for all.
    /// - Returns: The token, which is nowhere else, and its line in a file.
    /// - Throws: `TrancheError` `.invalidArgument` for a name or job that no line can have.
    public static func make(
        name: String,
        roles: [ServerRole],
        jobs: [String] = []
    ) throws -> (token: String, line: String) {
        guard name.wholeMatch(of: #/[A-Za-z0-9][A-Za-z0-9._-]*/#) != nil, !roles.isEmpty,
            jobs.allSatisfy({ !$0.isEmpty && !$0.contains { $0.isWhitespace || $0 == "," } })
        else {
            throw TrancheError(
                .invalidArgument,
                "a token has a name of letters, digits, '.', '_' and '-', a role, and jobs without "
                    + "blanks and commas"
            )
        }
        let token = "tranche_" + randomText()
        let digest = try sha256(Array(token.utf8)).hexadecimal
        let words = [name, roles.map(\.rawValue).joined(separator: ","), digest]
        return (
            token,
            (words + (jobs.isEmpty ? [] : [jobs.joined(separator: ",")])).joined(separator: " ")
        )
    }

    /// Who has a token; all of them are looked at, so that the time tells nothing.
    func caller(with token: String) throws -> Caller? {
        let digest = try sha256(Array(token.utf8))
        var found: Caller?
        for entry in entries where isSameSecret(entry.digest, digest) { found = entry.caller }
        return found
    }

    /// Text of 256 random bits.
    static func randomText() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }.hexadecimal
    }

    static func bytes(ofHex text: String) -> [UInt8]? {
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }
}
