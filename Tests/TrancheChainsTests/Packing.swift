import CZlib
import Foundation

@testable import TrancheChains

/// Ways to pack bytes that the tests unpack again, each of more than one part.
enum Packing: String, CaseIterable, Sendable {
    case gzip, gzipByZlib, members, padded, blocks, zstd, zstdFrames, bzip2, bzip2Streams, xz,
        xzStreams, zstdPadded, bzip2Padded
    case utf16LE, utf16BE, utf32LE, latin1, shiftJIS

    /// How it is unpacked.
    var codec: any ByteCodec {
        get throws {
            switch self {
            case .gzip, .members, .padded, .blocks: GzipCodec()
            case .gzipByZlib: GzipCodec(usesIntel: false)
            case .zstd, .zstdFrames, .zstdPadded: try ZstdCodec()
            case .bzip2, .bzip2Streams, .bzip2Padded: try Bzip2Codec()
            case .xz, .xzStreams: try XZCodec()
            case .utf16LE: TextCodec("UTF-16LE", markLength: 2)
            case .utf16BE: TextCodec("UTF-16BE")
            case .utf32LE: TextCodec("UTF-32LE", markLength: 4)
            case .latin1: TextCodec("ISO-8859-1")
            case .shiftJIS: TextCodec("SHIFT_JIS")
            }
        }
    }

    /// Whether one can go on in the midst of what ``packed(_:)`` makes.
    var hasRestarts: Bool {
        switch self {
        case .zstd, .bzip2, .xz: false
        default: true
        }
    }

    /// Letters that the way can hold, beside those of ASCII.
    var letters: [Character] {
        switch self {
        case .latin1: ["é", "ß", "ÿ", "\u{A0}"]
        case .shiftJIS: ["あ", "漢", "ｱ", "表"]
        default: ["é", "漢", "😀", "\u{FEFF}"]
        }
    }

    func packed(_ text: String) throws -> [UInt8] {
        let bytes = Array(text.utf8)
        // As many as are no whole words.
        let zeros = [UInt8](repeating: 0, count: 513)
        func parts(_ count: Int, _ pack: ([UInt8]) throws -> [UInt8]) rethrows -> [UInt8] {
            let size = bytes.count / count + 1
            return try stride(from: 0, to: bytes.count, by: size)
                .flatMap { try pack(Array(bytes[$0..<min(bytes.count, $0 + size)])) }
        }
        switch self {
        case .gzip, .gzipByZlib: return Self.gzip(bytes)
        case .members: return parts(7, Self.gzip)
        case .padded: return parts(3) { Self.gzip($0) + zeros }
        case .zstdPadded: return try parts(3) { try Self.zstd($0) + zeros }
        case .bzip2Padded: return try parts(3) { try Self.bzip2($0) + zeros }
        case .blocks: return parts(max(1, bytes.count / 60_000), Self.gzip)
        case .zstd: return try Self.zstd(bytes)
        // A frame to be skipped stands before each.
        case .zstdFrames:
            return try parts(7) {
                [0x5E, 0x2A, 0x4D, 0x18, 2, 0, 0, 0, 7, 7] + (try Self.zstd($0))
            }
        case .bzip2: return try Self.bzip2(bytes)
        case .bzip2Streams: return try parts(7, Self.bzip2)
        case .xz: return try Self.xz(bytes)
        case .xzStreams: return try parts(7) { try Self.xz($0) + [0, 0, 0, 0] }
        case .utf16LE:
            return [0xFF, 0xFE] + text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        case .utf16BE: return text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        case .utf32LE:
            return [0xFF, 0xFE, 0, 0]
                + text.unicodeScalars.flatMap { scalar in
                    (0..<4).map { UInt8(truncatingIfNeeded: scalar.value >> (8 * UInt32($0))) }
                }
        case .latin1: return text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        case .shiftJIS:
            return Array(text.data(using: .shiftJIS) ?? Data())
        }
    }

    /// A gzip member.
    static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var stream = z_stream()
        deflateInit2_(
            &stream,
            6,
            Z_DEFLATED,
            31,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        defer { deflateEnd(&stream) }
        var bytes = bytes
        let room = Int(deflateBound(&stream, UInt(bytes.count)))
        let size = bytes.count
        return bytes.withUnsafeMutableBufferPointer { input in
            [UInt8](unsafeUninitializedCapacity: room) { output, count in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(size)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(room)
                deflate(&stream, Z_FINISH)
                count = room - Int(stream.avail_out)
            }
        }
    }

    private struct Missing: Error {}

    private static func zstd(_ bytes: [UInt8]) throws -> [UInt8] {
        typealias Compress =
            @convention(c) (
                UnsafeMutableRawPointer?, Int, UnsafeRawPointer?, Int, Int32
            ) -> Int
        guard
            let compress = SharedLibrary("libzstd.so.1")?.function(
                "ZSTD_compress",
                as: Compress.self
            )
        else { throw Missing() }
        let room = bytes.count + 1 << 16
        return [UInt8](unsafeUninitializedCapacity: room) { output, count in
            count = bytes.withUnsafeBytes {
                compress(output.baseAddress, room, $0.baseAddress, $0.count, 3)
            }
        }
    }

    private static func bzip2(_ bytes: [UInt8]) throws -> [UInt8] {
        typealias Compress =
            @convention(c) (
                UnsafeMutableRawPointer?, UnsafeMutablePointer<UInt32>, UnsafeRawPointer?, UInt32,
                Int32,
                Int32, Int32
            ) -> Int32
        guard
            let compress = SharedLibrary("libbz2.so.1.0")?.function(
                "BZ2_bzBuffToBuffCompress",
                as: Compress.self
            )
        else { throw Missing() }
        var size = UInt32(bytes.count + bytes.count / 50 + 1000)
        return [UInt8](unsafeUninitializedCapacity: Int(size)) { output, count in
            _ = bytes.withUnsafeBytes {
                compress(output.baseAddress, &size, $0.baseAddress, UInt32($0.count), 1, 0, 0)
            }
            count = Int(size)
        }
    }

    private static func xz(_ bytes: [UInt8]) throws -> [UInt8] {
        typealias Compress =
            @convention(c) (
                UInt32, Int32, UnsafeRawPointer?, UnsafeRawPointer?, Int, UnsafeMutableRawPointer?,
                UnsafeMutablePointer<Int>, Int
            ) -> Int32
        guard
            let compress = SharedLibrary("liblzma.so.5")?.function(
                "lzma_easy_buffer_encode",
                as: Compress.self
            )
        else { throw Missing() }
        let room = bytes.count + 1 << 16
        return [UInt8](unsafeUninitializedCapacity: room) { output, count in
            var size = 0
            _ = bytes.withUnsafeBytes {
                compress(0, 4, nil, $0.baseAddress, $0.count, output.baseAddress, &size, room)
            }
            count = size
        }
    }
}
