import CLibCrypto
import FoundationEssentials
package import Tranche
import TrancheConnectors

/// The ids under which OpenLineage knows runs: UUIDs, made of what they are about, so that each
/// event of one names the same.
package enum LineageRunID {
    /// The id of an attempt at a batch: version 7, of the time at which the attempt began.
    ///
    /// Where version 7 has random bits, it has those of a digest of inventory, batch and attempt.
    /// Source: RFC 9562, section 5.7.
    ///
    /// - Parameters:
    ///   - batch: The batch as it was handed out.
    ///   - inventory: What identifies the inventory.
    /// - Returns: The id in lower case.
    package static func attempt(_ batch: BatchRecord, of inventory: String) -> String {
        let name = "\(inventory)\n\(batch.id)\n\(batch.attempt)"
        var bytes = Array(digest(Array(name.utf8), { EVP_sha256() }).prefix(16))
        let time = UInt64(max(batch.startedAt.milliseconds, 0))
        for place in 0..<6 { bytes[place] = UInt8(truncatingIfNeeded: time >> (40 - 8 * place)) }
        return text(bytes, version: 7)
    }

    /// The id of a run of a job: version 5, since nothing tells when it began.
    ///
    /// Source: RFC 9562, section 5.5.
    ///
    /// - Parameters:
    ///   - key: The run.
    ///   - inventory: What identifies the inventory.
    /// - Returns: The id in lower case.
    package static func run(_ key: RunKey, of inventory: String) -> String {
        let name = [inventory, key.metaTable, key.job, key.run].joined(separator: "\n")
        return text(
            Array(digest(space + Array(name.utf8), { EVP_sha1() }).prefix(16)),
            version: 5
        )
    }

    /// The name space of all names of runs: the one of RFC 9562 for URLs, since inventories are
    /// known by theirs.
    private static let space: [UInt8] = [
        0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30,
        0xc8,
    ]

    /// A digest; of zeros where libcrypto has no memory for it, as nothing of the work depends on
    /// it.
    ///
    /// ``Lineage`` refuses to begin without libcrypto.
    private static func digest(_ bytes: [UInt8], _ kind: () -> OpaquePointer?) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var size: UInt32 = 0
        do throws(TrancheError) {
            try Driver.libcrypto.open()
            _ = EVP_Digest(bytes, bytes.count, &digest, &size, kind(), nil)
        } catch {
            return digest
        }
        return digest
    }

    private static func text(_ bytes: [UInt8], version: UInt8) -> String {
        var bytes = bytes
        bytes[6] = bytes[6] & 0x0F | version << 4
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for (place, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(place) { text.append(UInt8(ascii: "-")) }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
