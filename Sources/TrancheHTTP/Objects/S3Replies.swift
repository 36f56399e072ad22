import Tranche

/// A page of a listing.
///
/// Source: Amazon S3 API reference, ListObjectsV2.
struct S3Listing {
    private let texts: [(path: [String], text: String)]

    init(_ body: [UInt8]) throws {
        texts = try XMLTexts(body).texts
    }

    func page(of prefix: ObjectName) throws -> ObjectPage {
        var page = ObjectPage(entries: [])
        var fields: [String: String] = [:]
        for (path, text) in texts {
            switch path.dropFirst().joined(separator: "/") {
            case "NextContinuationToken": page.next = text
            case "Contents":
                guard let key = fields["Key"], let size = fields["Size"].flatMap(Int64.init) else {
                    throw TrancheError(
                        .sourceFailed,
                        "the listing of '\(prefix.url)' has an entry without name or size"
                    )
                }
                page.entries.append(.init(key: key, size: size, tag: fields["ETag"] ?? ""))
                fields = [:]
            case let name where name.hasPrefix("Contents/"):
                fields[String(name.dropFirst("Contents/".count))] = text
            default: break
            }
        }
        return page
    }
}

/// The tags of an object.
///
/// Source: Amazon S3 API reference, GetObjectTagging.
struct S3Tags {
    var tags: [(name: String, value: String)] = []

    init(_ body: [UInt8]) throws {
        var name = ""
        for (path, text) in try XMLTexts(body).texts where path.suffix(2).first == "Tag" {
            if path.last == "Key" { name = text }
            if path.last == "Value" { tags.append((name, text)) }
        }
    }
}

/// What an answer says of an error.
///
/// Source: Amazon S3 API reference, "Error responses".
struct S3ErrorReply {
    let code: String
    let words: String

    init(_ body: [UInt8]) {
        // An answer without words is an error by its status alone.
        let texts = (try? XMLTexts(body).texts) ?? []
        func text(_ name: String) -> String {
            texts.first { $0.path.suffix(2) == ["Error", name] }?.text ?? ""
        }
        code = text("Code")
        words = [code, text("Message")].filter { !$0.isEmpty }.joined(separator: ": ")
    }
}
