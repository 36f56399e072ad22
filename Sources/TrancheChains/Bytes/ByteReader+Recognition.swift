import Tranche

/// Reads content by what its first bytes say it is: decompressed, and turned into UTF-8.
///
/// - Parameters:
///   - reader: The content as it is stored.
///   - key: What it is called, unlike any other: an absolute path or URL. Restart points are kept
///     under it.
///   - encoding: The encoding that was asked for; `nil` when the first bytes are to say.
/// - Returns: A reader of what it holds.
/// - Throws: `TrancheError` `.invalidSource` (permanent) for what cannot be read, with what to do
///   about it; what reading throws.
package func recognising(
    _ reader: any ByteReader,
    key: String,
    encoding: TextEncoding? = nil
) async throws -> any ByteReader {
    var reader = reader
    // What is compressed twice is no mistake of who loads it.
    for layer in 0...2 {
        // What follows is fetched along: it is read next.
        let start = try await reader.read(0..<Int64(ContentKind.length), goingOnTo: 1 << 16)
        let held = layer == 0 ? "is" : "holds"
        switch ContentKind(start, isNamedText: encoding != nil) {
        case .compressed(let compression):
            reader = try await decompressing(reader, compression, key: key, layer: layer)
            continue
        case .text(let mark): return try transcoding(reader, encoding, mark: mark, key: key)
        case .binary(let nul):
            // Who names the encoding knows better: the records with a NUL are refused.
            if encoding != nil { return try transcoding(reader, encoding, mark: nil, key: key) }
            throw TrancheError(
                .invalidSource,
                "'\(reader.name)' \(held) no text: its first line has a NUL byte, at offset \(nul). "
                    + "Give a file of CSV or JSON Lines; where it is text in another encoding, name "
                    + "that with --encoding"
            )
        case .other(let name, let remedy):
            throw TrancheError(
                .invalidSource,
                "'\(reader.name)' \(held) \(name), and no text; \(remedy)"
            )
        }
    }
    throw TrancheError(
        .invalidSource,
        "'\(reader.name)' is compressed more than twice; decompress it first"
    )
}

/// Reads content without what compresses it, as its first bytes say: text stays as it is written.
///
/// - Parameters:
///   - reader: The content as it is stored.
///   - key: What it is called, as of ``recognising(_:key:encoding:)``.
/// - Returns: A reader of what it holds.
/// - Throws: Likewise.
func unpacking(_ reader: any ByteReader, key: String) async throws -> any ByteReader {
    var reader = reader
    for layer in 0...2 {
        let start = try await reader.read(0..<Int64(ContentKind.length), goingOnTo: 1 << 16)
        guard case .compressed(let compression) = ContentKind(start, isNamedText: true) else {
            break
        }
        reader = try await decompressing(reader, compression, key: key, layer: layer)
    }
    return reader
}

private func decompressing(
    _ reader: any ByteReader,
    _ compression: ContentKind.Compression,
    key: String,
    layer: Int
) async throws -> any ByteReader {
    let store = RestartStore.standard(key: layer == 0 ? key : "\(key) \(layer)")
    do {
        switch compression {
        case .gzip: return RestartableReader(reader, GzipCodec(), store: store)
        case .zstd: return RestartableReader(reader, try ZstdCodec(), store: store)
        case .bzip2: return RestartableReader(reader, try Bzip2Codec(), store: store)
        case .xz: return RestartableReader(reader, try XZCodec(), store: store)
        case .zip:
            let member = try await ZipMember(of: reader)
            guard member.isDeflated else { return member }
            return RestartableReader(member, GzipCodec(named: "zip"), store: store)
        }
    } catch let fault as DecodingFault {
        throw TrancheError(
            .invalidSource,
            "'\(reader.name)' is compressed with \(compression.rawValue): \(fault.reason)"
        )
    }
}

/// Turns text into UTF-8.
///
/// - Parameters:
///   - reader: The text.
///   - asked: The encoding that was asked for.
///   - mark: What its first bytes tell.
///   - key: What it is called.
/// - Returns: A reader of UTF-8.
/// - Throws: `TrancheError` `.invalidSource` when the encoding cannot be the one that was asked
///   for.
private func transcoding(
    _ reader: any ByteReader,
    _ asked: TextEncoding?,
    mark: ContentKind.Mark?,
    key: String
) throws -> any ByteReader {
    func reading(_ name: String, markLength: Int) -> any ByteReader {
        let codec = TextCodec(name, markLength: markLength)
        return RestartableReader(reader, codec, store: RestartStore.standard(key: key + " text"))
    }
    guard let asked else {
        guard let mark, mark.encoding != TextEncoding.utf8 else { return reader }
        return reading(mark.encoding, markLength: mark.length)
    }
    if let mark, mark.length > 0 {
        guard mark.encoding.hasPrefix(asked.name) else {
            throw TrancheError(
                .invalidSource,
                "'\(reader.name)' begins with the byte order mark of \(mark.encoding), and --encoding "
                    + "says \(asked.name); leave --encoding out"
            )
        }
        if mark.encoding == TextEncoding.utf8 { return reader }
        return reading(mark.encoding, markLength: mark.length)
    }
    switch asked.name {
    case TextEncoding.utf8: return reader
    case "UTF-16", "UTF-32":
        let found = mark.map(\.encoding) ?? ""
        return reading(found.hasPrefix(asked.name) ? found : asked.name + "LE", markLength: 0)
    default: return reading(asked.name, markLength: 0)
    }
}
