import Tranche

/// An encoding of text that is turned into UTF-8 as it is read.
///
/// ```swift
/// let old = CSVSource(.file("customers.csv", encoding: try TextEncoding("windows-1252")))
/// ```
public struct TextEncoding: Sendable, Hashable {
    /// Its name, in capitals, such as `WINDOWS-1252`.
    public let name: String

    /// Names an encoding.
    ///
    /// - Parameter name: A name that iconv knows, in any case, such as `latin1`, `windows-1252`,
    ///   `utf-16`, `shift_jis`, `gb18030`.
    /// - Throws: `TrancheError` `.invalidArgument` for a name that is not known, with those that
    ///   are like it.
    public init(_ name: String) throws {
        let asked = name.uppercased()
        let plain = Self.plain(asked)
        if let known = Self.unicode.first(where: { Self.plain($0) == plain }) {
            self.name = known
            return
        }
        if let known = Self.common.first(where: { Self.plain($0.name) == plain }) {
            self.name = known.canonical
        } else {
            self.name = asked
        }
        // A slash would ask iconv to leave out or replace what it cannot convert.
        guard !asked.isEmpty, asked.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F }),
            IconvConverter(self.name) != nil
        else { throw Self.unknown(name, like: plain) }
    }

    /// UTF-8 itself: nothing is done.
    static let utf8 = "UTF-8"
    /// Read here, the order of bytes by the byte order mark where the name does not tell it.
    private static let unicode = [
        "UTF-8", "UTF-16", "UTF-16LE", "UTF-16BE", "UTF-32", "UTF-32LE", "UTF-32BE",
    ]

    /// Names that people use, and what they are kept as: a job's definition has the same whichever
    /// is given.
    private static let common: [(name: String, canonical: String)] = [
        ("LATIN1", "ISO-8859-1"), ("ISO-8859-1", "ISO-8859-1"), ("L1", "ISO-8859-1"),
        ("CP819", "ISO-8859-1"), ("LATIN2", "ISO-8859-2"), ("ISO-8859-2", "ISO-8859-2"),
        ("LATIN9", "ISO-8859-15"), ("ISO-8859-15", "ISO-8859-15"),
        ("WINDOWS-1250", "WINDOWS-1250"), ("CP1250", "WINDOWS-1250"),
        ("WINDOWS-1251", "WINDOWS-1251"), ("CP1251", "WINDOWS-1251"),
        ("WINDOWS-1252", "WINDOWS-1252"), ("CP1252", "WINDOWS-1252"),
        ("WINDOWS-1253", "WINDOWS-1253"), ("CP1253", "WINDOWS-1253"),
        ("WINDOWS-1254", "WINDOWS-1254"), ("CP1254", "WINDOWS-1254"),
        ("WINDOWS-1255", "WINDOWS-1255"), ("WINDOWS-1256", "WINDOWS-1256"),
        ("WINDOWS-1257", "WINDOWS-1257"), ("WINDOWS-1258", "WINDOWS-1258"),
        ("CP437", "CP437"), ("IBM437", "CP437"), ("CP850", "CP850"), ("IBM850", "CP850"),
        ("CP852", "CP852"), ("CP866", "CP866"), ("MACINTOSH", "MACINTOSH"),
        ("MACROMAN", "MACINTOSH"), ("KOI8-R", "KOI8-R"), ("KOI8-U", "KOI8-U"),
        ("SHIFT_JIS", "SHIFT_JIS"), ("SJIS", "SHIFT_JIS"), ("CP932", "CP932"),
        ("MS932", "CP932"), ("WINDOWS-31J", "CP932"), ("EUC-JP", "EUC-JP"),
        ("ISO-2022-JP", "ISO-2022-JP"), ("GB18030", "GB18030"), ("GBK", "GBK"),
        ("CP936", "GBK"), ("GB2312", "GB2312"), ("BIG5", "BIG5"), ("BIG5-HKSCS", "BIG5-HKSCS"),
        ("EUC-KR", "EUC-KR"), ("CP949", "CP949"), ("UHC", "CP949"), ("ASCII", "US-ASCII"),
        ("US-ASCII", "US-ASCII"), ("CP037", "CP037"), ("IBM037", "CP037"),
        ("ISO-8859-5", "ISO-8859-5"), ("ISO-8859-7", "ISO-8859-7"), ("ISO-8859-9", "ISO-8859-9"),
    ]

    /// A name without what people spell in several ways.
    private static func plain(_ name: String) -> String {
        String(name.filter { $0.isLetter || $0.isNumber })
    }

    private static func unknown(_ name: String, like asked: String) -> TrancheError {
        let names = unicode + common.map(\.name)
        let near = names.map { (name: $0, distance: NearestName.edits(from: plain($0), to: asked)) }
            .filter { $0.distance <= 2 }
            .sorted { $0.distance < $1.distance }
            .prefix(3).map(\.name)
        let known =
            near.isEmpty
            ? "give one that 'iconv -l' lists, such as latin1, windows-1252, utf-16 or shift_jis"
            : "did you mean \(near.joined(separator: " or "))? 'iconv -l' lists all"
        return TrancheError(
            .invalidArgument,
            "the encoding \(name.debugDescription) is not known; \(known)"
        )
    }
}

/// An encoding as its name.
extension TextEncoding: Codable {
    /// Reads a name.
    ///
    /// - Throws: As ``init(_:)``.
    public init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    /// Writes the name.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}
