import Tranche

/// Which object, or which prefix of names, of which bucket.
struct ObjectName: Sendable, Hashable {
    enum Store: String, Sendable, Hashable, CaseIterable {
        case google = "gs"
        case amazon = "s3"
    }

    var store: Store
    var bucket: String
    /// The object's name, or what the names of several begin with.
    var key: String

    /// Reads `gs://bucket/name` or `s3://bucket/name`.
    ///
    /// - Throws: `TrancheError` `.invalidArgument`.
    init(_ url: String) throws {
        guard let scheme = url.firstRange(of: "://"),
            let store = Store(rawValue: String(url[..<scheme.lowerBound]))
        else {
            throw TrancheError(
                .invalidArgument,
                "'\(url.withoutSecrets)' is no object; give gs://bucket/name or s3://bucket/name"
            )
        }
        let rest = url[scheme.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let bucket = String(rest[..<slash])
        let isName = bucket.allSatisfy { character in
            character.isASCII && (character.isLetter || character.isNumber)
                || "-_.".contains(character)
        }
        guard !bucket.isEmpty, isName else {
            throw TrancheError(
                .invalidArgument,
                "'\(url.withoutSecrets)' names no bucket; give \(store.rawValue)://bucket/name"
            )
        }
        self.store = store
        self.bucket = bucket
        key = String(rest[slash...].dropFirst())
    }

    /// The URL.
    var url: String { "\(store.rawValue)://\(bucket)/\(key)" }

    func object(_ key: String) -> ObjectName {
        var name = self
        name.key = key
        return name
    }
}

extension StringProtocol {
    /// Percent-encodes all but letters, digits and `-._~`, as signatures of version 4 want it.
    ///
    /// - Parameter kept: Bytes that are left as they are, too.
    /// - Returns: The encoded text.
    func percentEncoded(keeping kept: String = "") -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            case _ where kept.utf8.contains(byte): bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A query whose parameters are sorted and encoded.
func queryText(_ parameters: [String: String]) -> String {
    let pairs = parameters.map { ($0.key.percentEncoded(), $0.value.percentEncoded()) }
    return pairs.sorted { $0 < $1 }.map { "\($0)=\($1)" }.joined(separator: "&")
}
