import Foundation
import TestSupport
import Testing
import Tranche

@testable import TrancheChains

@Suite("What a file is", .timeLimit(.minutes(5)))
struct RecognitionTests {
    /// Writes a file, and reads all of it.
    private func read(
        _ bytes: [UInt8],
        named name: String = "x.csv",
        encoding: String? = nil
    ) async throws -> (text: String, notes: [String]) {
        let folder = try TemporaryFolder()
        let path = folder.path(name)
        try Data(bytes).write(to: URL(filePath: path))
        let location = ByteLocation.file(path, encoding: try encoding.map { try TextEncoding($0) })
        let reader = try await location.open()
        let read = try await reader.read(0..<1 << 20)
        return (String(decoding: read, as: UTF8.self), reader.formatNotes)
    }

    @Test("A packed file is unpacked, whatever its name", arguments: ["x.csv", "x.GZ", "x"])
    func packed(name: String) async throws {
        for packing in Packing.allCases where ![.latin1, .shiftJIS].contains(packing) {
            let text = "id,name\n1,Zoé\n2,漢字\n"
            let (read, notes) = try await read(try packing.packed(text), named: name)
            #expect(read == text, "\(packing)")
            #expect(notes.count == 1, "\(packing)")
        }
    }

    @Test("What is packed twice, or text in another encoding within, is read")
    func twice() async throws {
        let text = "id,name\n1,Zoé\n"
        #expect(try await read(Packing.gzip(Packing.gzip(Array(text.utf8)))).text == text)
        let (read, notes) = try await read(try Packing.gzip(Packing.utf16LE.packed(text)))
        #expect(read == text)
        #expect(notes == ["decompressed from gzip", "read as UTF-16LE"])
        let four = (0..<4).reduce(Array(text.utf8)) { bytes, _ in Packing.gzip(bytes) }
        let error = await #expect(throws: TrancheError.self) { try await self.read(four) }
        #expect(error?.message.contains("more than twice") == true)
    }

    @Test("A text is read as it is, though it be named or begin like something else")
    func plain() async throws {
        for text in [
            "id,name\n1,x\n", "PAR1,PAR2\n1,2\n", "ORCID,name\n1,x\n", "BZh,name\n", "PK,name\n",
            "%PDF-,x\n", "", "\n", "a", "id\n1\u{0}\n", "ARROW1,x\n", "PGDMP,x\n", "FEA1\n",
        ] {
            let (read, notes) = try await read(Array(text.utf8), named: "x.csv.gz")
            #expect(read == text)
            #expect(notes.isEmpty)
        }
    }

    @Test(
        "Letters that begin files of other kinds begin texts that are not UTF-8, too",
        arguments: ["PARENT_ID", "PAR1", "ORCHESTRA", "ARROW1", "FEA1", "PGDMP", "%PDF-"]
    )
    func letters(word: String) async throws {
        let text = "\(word);NAME\n1;M"
        let bytes: [UInt8] = Array(text.utf8) + [0xFC] + Array("ller\n".utf8)
        #expect(try await read(bytes).text == text + "\u{FFFD}ller\n")
        #expect(try await read(bytes, encoding: "windows-1252").text == text + "üller\n")
        // A NUL is the fault of one record, where it is known that it is text.
        let torn = bytes + [0x32, 0x3B, 0, 0x0A]
        let read = try await read(torn, encoding: "windows-1252").text
        #expect(read == text + "üller\n2;\u{0}\n")
    }

    /// First bytes, and words of the refusal.
    private static let refusals: [(mark: String, rest: [UInt8], words: String)] = [
        ("PAR1", [0x15, 4, 0, 0x15], "Parquet"), ("Obj\u{1}", [4], "Avro"),
        ("ORC", [8, 3, 0], "ORC"),
        ("ARROW1", [0, 0], "Arrow"), ("SQLite format 3", [0], "SQLite"),
        ("%PDF-1.4\n%", [0xE2, 0xE3, 0xCF, 0xD3, 0x0A, 1, 2, 3], "PDF"),
        ("", [0x1F, 0x9D, 0x90], "gzip -dc"), ("", [0x04, 0x22, 0x4D, 0x18, 0x64], "lz4"),
        ("", [0x5D, 0, 0, 0x80, 0, 0xFF, 0xFF, 0xFF, 0xFF], "xz -d"),
        ("", [0x28, 0xB5, 0x2F, 0xFD, 0, 0x90, 1, 0, 0], "zstd -d --long=31"),
        ("", [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], "Excel"),
        ("id,na", [0, 0x2C, 0x0A], "NUL byte, at offset 5"),
        ("PK\u{3}\u{4}", [1, 2, 3], "zip archive"),
        (String(repeating: "a", count: 257) + "ustar", [0], "tar -xf"),
        (String(repeating: "a", count: 257) + "ustar  ", [0], "tar -xf"),
        ("PARE", [0x20, 1, 0, 0, 7], "encrypted Parquet"), ("PGDMP", [1, 14, 0], "pg_restore"),
        ("%PDF-2.0\n", [], "PDF"), ("FEA1", [0, 0, 0, 0], "Feather"),
    ]

    @Test(
        "What holds no records to be read is refused by name, with what to do",
        arguments: 0..<refusals.count
    )
    func others(index: Int) async throws {
        let (mark, rest, words) = Self.refusals[index]
        let bytes: [UInt8] = Array(mark.utf8) + rest
        for bytes in [bytes, Packing.gzip(bytes)] {
            let error = await #expect(throws: TrancheError.self) { try await read(bytes) }
            #expect(error?.code == .invalidSource)
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        }
    }

    /// A number, its lowest byte first.
    private func number(_ value: Int, _ length: Int) -> [UInt8] {
        (0..<length).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    private func joined(_ parts: [[UInt8]]) -> [UInt8] { Array(parts.joined()) }

    /// An archive of one file whose sizes and places stand where those above 4 GiB do.
    private func largeZip(of text: String) -> [UInt8] {
        let packed = Packing.gzip(Array(text.utf8))
        let data = Array(packed[10..<packed.count - 8])
        let sum = Array(packed.suffix(8).prefix(4))
        let (none, name) = (number(0xFFFF_FFFF, 4), Array("a.csv".utf8))
        let sizes = number(text.utf8.count, 8) + number(data.count, 8)
        let common = joined([[45, 0, 0, 0, 8, 0, 0, 0, 0, 0], sum, none, none, number(5, 2)])
        let file = joined([
            [0x50, 0x4B, 3, 4], common, number(20, 2), name, number(1, 2), number(16, 2), sizes,
            data,
        ])
        let entry = joined([
            [0x50, 0x4B, 1, 2, 45, 0], common, number(28, 2), number(0, 10), none, name,
            number(1, 2), number(24, 2), sizes, number(0, 8),
        ])
        let end = joined([
            [0x50, 0x4B, 6, 6], number(44, 8), number(45, 2), number(45, 2), number(0, 8),
            number(1, 8), number(1, 8), number(entry.count, 8), number(file.count, 8),
        ])
        let locator = joined([
            [0x50, 0x4B, 6, 7], number(0, 4), number(file.count + entry.count, 8), number(1, 4),
        ])
        let old = joined([
            [0x50, 0x4B, 5, 6], number(0, 4), number(0xFFFF, 2), number(0xFFFF, 2), none, none,
            number(0, 2),
        ])
        return joined([file, entry, end, locator, old])
    }

    @Test("Of a zip archive above 4 GiB the sizes are taken from where they stand")
    func largeZip() async throws {
        let text = String(repeating: "id,name\n1,a\n", count: 500)
        let bytes = largeZip(of: text)
        #expect(try await read(bytes, named: "x.zip").text == text)
        // Without the numbers of eight bytes it is not complete.
        let sign = number(1, 2) + number(24, 2)
        let place = try #require(bytes.firstRange(of: sign)?.lowerBound)
        var torn = bytes
        torn[place] = 2
        let error = await #expect(throws: TrancheError.self) {
            try await read(torn, named: "x.zip")
        }
        #expect(error?.code == .invalidSource)
    }

    @Test("Of zip archives, one with a single file is read, and others are refused")
    func zip() async throws {
        let one = [UInt8](Data(base64Encoded: Self.zipOfOne) ?? Data())
        let (text, notes) = try await read(one, named: "x.zip")
        #expect(text == String(repeating: "id,name\n1,a\n", count: 5))
        #expect(notes.first == "the file 'a.csv' of a zip archive")
        var damaged = one
        damaged[45] ^= 0xFF
        let fault = await #expect(throws: TrancheError.self) { try await read(damaged) }
        #expect(fault?.message.contains("not a sound zip file") == true, "\(fault?.message ?? "")")
        let two = [UInt8](Data(base64Encoded: Self.zipOfTwo) ?? Data())
        let error = await #expect(throws: TrancheError.self) { try await read(two) }
        #expect(
            error?.message.contains("2 files (a.csv, b.csv)") == true,
            "\(error?.message ?? "")"
        )
    }

    private static let nothings: [[UInt8]] = [
        [], Packing.gzip([]), [0xEF, 0xBB, 0xBF], [0xFF, 0xFE], Packing.gzip([0xFF, 0xFE]),
    ]

    @Test("Nothing, and a byte order mark alone, are files without records")
    func empty() async throws {
        for bytes in Self.nothings {
            let text = try await read(bytes).text
            #expect(text.isEmpty || text == "\u{FEFF}")
        }
        try await withChainWorld { world in
            for bytes in Self.nothings {
                let path = world.folder.path("empty-\(bytes.count).jsonl")
                try Data(bytes).write(to: URL(filePath: path))
                let report = try await Chain(reading: JSONLinesSource(path)).write(to: MemorySink())
                    .run(through: world.inventory, world.options())
                #expect(report.reason == .complete)
                #expect(report.succeeded == 0)
                let table = try await Chain(reading: CSVSource(path)).write(to: MemorySink())
                    .run(through: world.inventory, world.options())
                #expect(table.reason == .complete)
                #expect(table.succeeded == 0)
            }
        }
    }

    @Test(
        "Text in another encoding is read when that is named, or its byte order mark is there",
        arguments: [
            ("latin1", [0x47, 0x72, 0xF6, 0xDF, 0x65], "Größe"),
            ("Windows-1252", [0x80, 0x93, 0x94], "€“”"), ("cp1251", [0xCF, 0xF0, 0xE8], "При"),
            ("Shift_JIS", [0x95, 0x5C, 0x8A, 0xBF], "表漢"),
            ("gb18030", [0xBA, 0xBA, 0x81, 0x30, 0x81, 0x30], "汉\u{80}"),
            ("big5", [0xBA, 0x7E], "漢"), ("euc-kr", [0xC7, 0xD1], "한"),
            ("ISO-2022-JP", [0x1B, 0x24, 0x42, 0x34, 0x41, 0x1B, 0x28, 0x42], "漢"),
            ("windows-1258", [0x61, 0xEC], "a\u{301}"), ("cp037", [0xC1, 0x6B, 0xF1], "A,1"),
            ("ucs-2le", [0x61, 0, 0x0A, 0, 0x62, 0], "a\nb"),
            ("ucs-2be", [0x01, 0x0A, 0x0A, 0x05, 0, 0x62], "Ċਅb"),
            ("iso-10646", [0, 0, 0, 0x0A, 0, 0, 0x0A, 0x05, 0, 0, 0, 0x62], "\nਅb"),
            ("csucs4", [0, 0, 0, 0x0A, 0, 0, 0x0A, 0x05, 0, 0, 0, 0x62], "\nਅb"),
            ("utf-16le", [0x61, 0, 0x3D, 0xD8, 0x00, 0xDE], "a😀"),
            ("utf-16", [0xFE, 0xFF, 0, 0x61], "a"), ("UTF16", [0xFF, 0xFE, 0x61, 0], "a"),
            ("utf-32be", [0, 1, 0xF6, 0], "😀"), ("utf-8", [0x61, 0xC3, 0xA9], "aé"),
        ] as [(String, [UInt8], String)]
    )
    func encodings(name: String, bytes: [UInt8], text: String) async throws {
        let read = try await read(bytes, encoding: name).text
        #expect(
            read.unicodeScalars.elementsEqual(
                text.precomposedStringWithCanonicalMapping.unicodeScalars
            )
                || read.unicodeScalars.elementsEqual(text.unicodeScalars),
            "\(read)"
        )
    }

    @Test("A text without a byte order mark tells by its NULs that it is UTF-16 or UTF-32")
    func withoutMark() async throws {
        let text = "id,name\n1,Zoé\n2,漢字\n"
        for packing in [Packing.utf16BE, .utf16LE, .utf32LE] {
            let bytes = try packing.packed(text)
            let mark = packing == .utf16LE ? 2 : packing == .utf32LE ? 4 : 0
            let (read, notes) = try await read(Array(bytes.dropFirst(mark)))
            #expect(read == text)
            #expect(notes.first?.hasPrefix("read as UTF-") == true)
        }
    }

    @Test("An encoding that is not known, or cannot be, is refused")
    func unknownEncodings() async throws {
        for (name, words) in [
            ("latin-99", "iconv -l"), ("windows1253x", "WINDOWS-1253"), ("", "iconv -l"),
            ("latin1//TRANSLIT", "not known"), ("shiftjs", "SHIFT_JIS"),
        ] {
            let error = #expect(throws: TrancheError.self) { try TextEncoding(name) }
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        }
        #expect(try TextEncoding("CP1252") == TextEncoding("windows-1252"))
        let error = await #expect(throws: TrancheError.self) {
            try await read([0xFF, 0xFE, 0x61, 0], encoding: "latin1")
        }
        #expect(error?.message.contains("byte order mark of UTF-16LE") == true)
    }

    @Test(
        "A record with bytes that are not valid in the encoding is refused alone",
        arguments: [
            (nil, [0x31, 0x2C, 0xF6], "--encoding latin1"),
            ("shift_jis", [0x31, 0x2C, 0x81], "not SHIFT_JIS"),
            ("windows-1252", [0x31, 0x2C, 0x81], "not WINDOWS-1252"),
            ("gb18030", [0x31, 0x2C, 0xFF], "not GB18030"),
        ] as [(String?, [UInt8], String)]
    )
    func invalid(encoding: String?, record: [UInt8], words: String) async throws {
        try await withChainWorld { world in
            let path = world.folder.path("x.csv")
            let bytes = Array("id,name\n0,a\n".utf8) + record + Array("\n2,b\n".utf8)
            try Data(bytes).write(to: URL(filePath: path))
            let location = ByteLocation.file(
                path,
                encoding: try encoding.map { try TextEncoding($0) }
            )
            let sink = MemorySink()
            let report = try await Chain(reading: CSVSource(location)).write(to: sink)
                .run(through: world.inventory, world.options())
            #expect(sink.records.map { $0.text("id") } == ["0", "2"])
            #expect(report.lastError?.contains(words) == true, "\(report.lastError ?? "")")
            // Or the letter alone is.
            var format = CSVFormat()
            format.invalidText = .replace
            let lenient = MemorySink()
            _ = try await Chain(reading: CSVSource(location, format: format)).write(to: lenient)
                .run(through: world.inventory, world.options("lenient"))
            #expect(lenient.records.map { $0.text("name") } == ["a", "\u{FFFD}", "b"])
        }
    }

    /// Made by Python's zipfile.
    private static let zipOfOne =
        "UEsDBBQAAAAIAAAAIVgyBn4tEQAAADwAAAAFAAAAYS5jc3bLTNHJS8xN5TLUSeTKJJENAFBLAQIUAxQA"
        + "AAAIAAAAIVgyBn4tEQAAADwAAAAFAAAAAAAAAAAAAACAAQAAAABhLmNzdlBLBQYAAAAAAQABADMAAAA0"
        + "AAAAAAA="
    private static let zipOfTwo =
        "UEsDBBQAAAAIAAAAIViDFtyMAwAAAAEAAAAFAAAAYS5jc3arAABQSwMEFAAAAAgAAAAhWBUm2/sDAAAA"
        + "AQAAAAUAAABiLmNzdqsEAFBLAQIUAxQAAAAIAAAAIViDFtyMAwAAAAEAAAAFAAAAAAAAAAAAAACAAQAA"
        + "AABhLmNzdlBLAQIUAxQAAAAIAAAAIVgVJtv7AwAAAAEAAAAFAAAAAAAAAAAAAACAASYAAABiLmNzdlBL"
        + "BQYAAAAAAgACAGYAAABMAAAAAAA="
}
