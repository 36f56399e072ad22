/// What some content is, as its first bytes say.
///
/// Sources: RFC 1952 (gzip), RFC 8878 (Zstandard), the .xz file format 1.1.0, the bzip2 file
/// format, and the specifications of the others that are named.
enum ContentKind: Sendable, Hashable {
    /// How many first bytes are looked at.
    static let length = 4096

    /// Text, as far as one can see, and what tells its encoding.
    case text(Mark?)
    /// Compressed in a way that is decompressed as it is read.
    case compressed(Compression)
    /// Not text: there is a NUL in the first line, at an offset.
    case binary(nul: Int)
    /// Something that holds no records that could be read: what it is, and what to do about it.
    case other(String, remedy: String)

    /// What tells an encoding.
    struct Mark: Sendable, Hashable {
        /// The encoding.
        var encoding: String
        /// How many bytes the byte order mark has; 0 when it has none, and its letters tell.
        var length: Int
    }

    /// A way of compression that is read.
    enum Compression: String, Sendable, Hashable, CaseIterable {
        case gzip, bzip2, zstd, xz, zip
    }

    /// Looks at the first bytes of some content.
    ///
    /// - Parameters:
    ///   - bytes: The first bytes, as many as ``length`` or all.
    ///   - isNamedText: Whether somebody has named the encoding of the text that it is.
    init(_ bytes: [UInt8], isNamedText: Bool = false) {
        if let compression = Self.compression(bytes) {
            self = .compressed(compression)
        } else if let known = Self.others.first(where: { $0.fits(bytes) }),
            // Letters by themselves begin texts, too, such as one whose first field is PARENT_ID;
            // bytes that are not UTF-8 say nothing against it.
            !known.isWord || !isNamedText && bytes.contains(0)
        {
            self = .other(known.name, remedy: known.remedy)
        } else if let page = Self.page(bytes) {
            self = page
        } else {
            self = Self.text(bytes)
        }
    }

    /// Text that holds no records: what a server answers in place of a file, or what stands for
    /// one.
    private static func page(_ bytes: [UInt8]) -> ContentKind? {
        let mark = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        let start = bytes.dropFirst(mark).drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }.prefix(64)
        let text = String(decoding: start, as: UTF8.self).lowercased()
        let known = pages.first { page in page.marks.contains { text.hasPrefix($0) } }
        return known.map { .other($0.name, remedy: $0.remedy) }
    }

    private static let pages: [(marks: [String], name: String, remedy: String)] = [
        (
            ["<!doctype html", "<html", "<head>", "<body"],
            "a page of HTML",
            "is it a server's answer in place of the file? Fetch the file again"
        ),
        (
            ["<?xml"],
            "XML",
            "where it is not a server's error, write it as CSV or JSON Lines first"
        ),
        (
            ["version https://git-lfs.github.com/spec/"],
            "a pointer of Git LFS, and not the file",
            "fetch the file with 'git lfs pull'"
        ),
        (
            ["-----begin pgp message"],
            "encrypted with PGP",
            "decrypt it first: gpg -d FILE"
        ),
    ]

    private static func compression(_ bytes: [UInt8]) -> Compression? {
        func begins(_ mark: [UInt8]) -> Bool { bytes.starts(with: mark) }
        if begins([0x1F, 0x8B]) { return .gzip }
        // The first block, or the end of an empty file, tells bzip2 from a text that begins with
        // BZh.
        if begins(Array("BZh".utf8)), bytes.count >= 10, (0x31...0x39).contains(bytes[3]),
            [[0x31, 0x41, 0x59, 0x26, 0x53, 0x59], [0x17, 0x72, 0x45, 0x38, 0x50, 0x90]]
                .contains(Array(bytes[4..<10]))
        {
            return .bzip2
        }
        if begins([0x28, 0xB5, 0x2F, 0xFD]) { return .zstd }
        // A skippable frame, with which pzstd and seekable files begin.
        if bytes.count >= 8, (0x50...0x5F).contains(bytes[0]), bytes[1...3] == [0x2A, 0x4D, 0x18] {
            return .zstd
        }
        if begins([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]) { return .xz }
        if begins([0x50, 0x4B, 0x03, 0x04]) || begins([0x50, 0x4B, 0x05, 0x06]) { return .zip }
        return nil
    }

    // MARK: - Text

    private static let marks: [(mark: [UInt8], encoding: String)] = [
        ([0xEF, 0xBB, 0xBF], "UTF-8"),
        ([0xFF, 0xFE, 0x00, 0x00], "UTF-32LE"), ([0x00, 0x00, 0xFE, 0xFF], "UTF-32BE"),
        ([0xFF, 0xFE], "UTF-16LE"), ([0xFE, 0xFF], "UTF-16BE"),
    ]

    private static func text(_ bytes: [UInt8]) -> ContentKind {
        if let found = marks.first(where: { bytes.starts(with: $0.mark) }) {
            return .text(Mark(encoding: found.encoding, length: found.mark.count))
        }
        // Further on, a NUL is the fault of one record.
        let line = bytes.prefix { $0 != 0x0A }
        guard let nul = line.firstIndex(of: 0) else { return .text(nil) }
        if let encoding = encodingWithoutMark(bytes) {
            return .text(Mark(encoding: encoding, length: 0))
        }
        return .binary(nul: nul)
    }

    /// The encoding of a text whose letters are mostly those of ASCII.
    private static func encodingWithoutMark(_ bytes: [UInt8]) -> String? {
        func share(of size: Int, where isASCII: (ArraySlice<UInt8>) -> Bool) -> Bool {
            let count = bytes.count / size
            guard count > 0 else { return false }
            // What is there whole is made of whole units.
            if bytes.count < length, bytes.count % size != 0 { return false }
            var found = 0
            for unit in 0..<count {
                let unit = bytes[unit * size..<(unit + 1) * size]
                if isASCII(unit) { found += 1 }
                // No text has a NUL.
                if unit.allSatisfy({ $0 == 0 }) { return false }
            }
            return 10 * found >= 3 * count
        }
        if share(of: 4, where: { $0.first != 0 && $0.dropFirst().allSatisfy { $0 == 0 } }) {
            return "UTF-32LE"
        }
        if share(of: 4, where: { $0.last != 0 && $0.dropLast().allSatisfy { $0 == 0 } }) {
            return "UTF-32BE"
        }
        if share(of: 2, where: { $0.first != 0 && $0.last == 0 }) { return "UTF-16LE" }
        if share(of: 2, where: { $0.first == 0 && $0.last != 0 }) { return "UTF-16BE" }
        return nil
    }

    // MARK: - Others

    /// A kind of file that is refused by name.
    private struct Known {
        var name: String
        var mark: [UInt8]
        var offset = 0
        var remedy: String
        /// Whether a text could well begin so.
        var isWord = false

        func fits(_ bytes: [UInt8]) -> Bool {
            bytes.dropFirst(offset).starts(with: mark)
        }
    }

    private static let duckDB =
        "write it as text first, such as with duckdb -c \"COPY (FROM 'FILE') TO 'FILE.csv'\""

    private static let others: [Known] = [
        // The header of a first page has zeros.
        Known(
            name: "a Parquet file",
            mark: Array("PAR1".utf8),
            remedy: duckDB,
            isWord: true
        ),
        Known(
            name: "an encrypted Parquet file",
            mark: Array("PARE".utf8),
            remedy: "decrypt it, and write it as text first",
            isWord: true
        ),
        Known(
            name: "an Avro file",
            mark: Array("Obj\u{1}".utf8),
            remedy: "write it as JSON Lines first, such as with 'avro-tools tojson FILE'"
        ),
        Known(
            name: "an ORC file",
            mark: Array("ORC".utf8),
            remedy: "write it as JSON Lines first, such as with 'orc-contents FILE'",
            isWord: true
        ),
        Known(
            name: "an Arrow or Feather file",
            mark: Array("ARROW1\0".utf8),
            remedy: "write it as CSV first, such as with pyarrow.csv.write_csv"
        ),
        Known(
            name: "a Feather file of version 1",
            mark: Array("FEA1".utf8),
            remedy: "write it as CSV first, such as with pandas.read_feather and to_csv",
            isWord: true
        ),
        Known(
            name: "a SQLite database",
            mark: Array("SQLite format 3\0".utf8),
            remedy:
                "its tables are sources themselves: see 'tranche work --help', --meta-db sqlite:FILE"
        ),
        Known(
            name: "a PDF",
            mark: Array("%PDF-1.".utf8),
            remedy: "extract its tables as CSV first"
        ),
        Known(
            name: "a PDF",
            mark: Array("%PDF-2.".utf8),
            remedy: "extract its tables as CSV first"
        ),
        Known(
            name: "a dump of PostgreSQL (pg_dump -Fc)",
            mark: Array("PGDMP\u{1}".utf8),
            remedy:
                "restore it with pg_restore, and write its tables with \\copy … TO 'FILE' CSV HEADER"
        ),
        Known(
            name: "an output of COPY in binary format",
            mark: Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0],
            remedy: "write it anew with (FORMAT csv, HEADER)"
        ),
        Known(
            name: "a tar archive",
            mark: Array("ustar\0".utf8),
            offset: 257,
            remedy: "take the file out of it first: tar -xf FILE"
        ),
        // As GNU tar writes it.
        Known(
            name: "a tar archive",
            mark: Array("ustar  \0".utf8),
            offset: 257,
            remedy: "take the file out of it first: tar -xf FILE"
        ),
        Known(
            name: "an old Excel workbook (.xls), or another OLE document",
            mark: [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1],
            remedy: "save it as CSV first, such as with 'soffice --convert-to csv FILE'"
        ),
        Known(
            name: "a 7z archive",
            mark: [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C],
            remedy: "take the file out of it first: 7z x FILE"
        ),
        Known(
            name: "a rar archive",
            mark: Array("Rar!".utf8) + [0x1A, 0x07],
            remedy: "take the file out of it first: unrar x FILE"
        ),
        Known(
            name: "compressed with compress (.Z)",
            mark: [0x1F, 0x9D],
            remedy: "decompress it first: gzip -dc FILE.Z > FILE"
        ),
        Known(
            name: "compressed with lz4",
            mark: [0x04, 0x22, 0x4D, 0x18],
            remedy: "decompress it first: lz4 -d FILE.lz4"
        ),
        Known(
            name: "compressed with lzma",
            mark: [0x5D, 0x00, 0x00],
            remedy: "decompress it first: xz -d FILE.lzma"
        ),
        Known(
            name: "compressed with lzip",
            mark: Array("LZIP".utf8) + [1],
            remedy: "decompress it first: lzip -d FILE.lz"
        ),
        Known(
            name: "compressed with snappy",
            mark: [0xFF, 0x06, 0x00, 0x00] + Array("sNaPpY".utf8),
            remedy: "decompress it first: snzip -d FILE.sz"
        ),
        Known(
            name: "an HDF5 file",
            mark: [0x89] + Array("HDF\r\n".utf8) + [0x1A, 0x0A],
            remedy: "write it as CSV first, such as with pandas.read_hdf and to_csv"
        ),
    ]
}
