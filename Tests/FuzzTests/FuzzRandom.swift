import Tranche
import TrancheTestKit

/// Makes odd values, the same for the same seed.
struct FuzzRandom: RandomNumberGenerator {
    private var random: SplitMix64

    init(seed: UInt64, kind: String, number: Int) {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in kind.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        var first = SplitMix64(seed: seed ^ hash)
        var second = SplitMix64(seed: first.next() ^ UInt64(number))
        random = SplitMix64(seed: second.next())
    }

    mutating func next() -> UInt64 { random.next() }

    mutating func hits(oneIn odds: Int) -> Bool { Int.random(in: 0..<odds, using: &self) == 0 }

    mutating func count(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &self)]
    }

    // MARK: - Numbers

    private static let edges: [Int64] = [
        .min, .min + 1, -9_007_199_254_740_993, -4_294_967_296, -2_147_483_649, -1, 0, 1, 2, 7, 100,
        4095,
        4096, 65_536, 2_147_483_647, 2_147_483_648, 4_294_967_296, 1_048_576, 9_007_199_254_740_993,
        .max - 8192, .max - 1, .max,
    ]

    /// A whole number, often at an end of what there is.
    mutating func integer() -> Int64 {
        switch count(0...3) {
        case 0: pick(Self.edges)
        case 1: pick(Self.edges) &+ Int64.random(in: -2...2, using: &self)
        case 2: Int64.random(in: -20...60, using: &self)
        default: Int64.random(in: .min ... .max, using: &self)
        }
    }

    private static let doubles: [Double] = [
        0, -0.0, 1, -1, 0.1, .leastNonzeroMagnitude, .leastNormalMagnitude, 1e308,
        1.7976931348623157e308, -1e308,
        .infinity,
        -.infinity, .nan, .signalingNaN, 9e18, 9.3e18, -9.3e18, 1.8e19, 1e15, 1e300, 1e22,
    ]

    /// A number, often none that is finite.
    mutating func double() -> Double {
        switch count(0...3) {
        case 0, 1: pick(Self.doubles)
        case 2: Double.random(in: -1000...1000, using: &self)
        default: Double(bitPattern: next())
        }
    }

    /// Bounds, each end there or not.
    mutating func idBounds() -> IDBounds {
        IDBounds(lower: hits(oneIn: 2) ? integer() : nil, upper: hits(oneIn: 2) ? integer() : nil)
    }

    /// A duration, often as long as one can be.
    mutating func duration() -> Duration {
        switch count(0...4) {
        case 0: .milliseconds(Int64.random(in: 0...100_000, using: &self))
        case 1: .seconds(Int64.random(in: 1...31_536_000, using: &self))
        case 2:
            pick([.zero, .seconds(1), .nanoseconds(1), .seconds(Int64.max), .seconds(Int64.min)])
        default: .milliseconds(integer())
        }
    }

    // MARK: - Texts

    private static let numbers = [
        "9223372036854775807", "9223372036854775808", "-9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615", "18446744073709551616", "1e400", "-1e400", "1e-400", "1e308", "NaN",
        "nan",
        "Infinity", "-inf", "0x7f", "+1", "-0", "00", "1_000", "1,5", "0.1", ".", "-", "1e",
        "1e99999999999999999999",
        "99999999999999999999999999999999999999999999", "2147483648", "4294967296",
    ]

    private static let units = [
        "", "s", "ms", "m", "min", "h", "d", "y", "B", "k", "KiB", "MiB", "GB", "TB", "TiB", "%",
        " s", "e5", "E-3",
    ]

    private static let words = [
        "", " ", "\n", "\r\n", "\t", "\0", "a", "é", "e\u{301}", "\u{FFFD}", "\u{202E}", "👩‍👩‍👧",
        "\u{10FFFF}", "'", "\"", "\\",
        "`", "--", "-", "..", "...", "20..80", "..80", "80..20", "5,9..12", ",", ":", "=", "==",
        "%s", "%n", "$HOME", "*",
        "?", "[", "{", "}", "null", "true", "id", "csv:", "jsonl:", "table:", "table:t",
        "inventory:", "inventory:j",
        "mongodb://h/d.c", "mongodb://u:p@[::1]:99999/d", "gs://b/n", "s3://", "s3://b/", "sqlite:",
        "sqlite:x",
        "sqlite:///x", "sqlite://h/x", "postgresql://", "postgresql://h,i:1,2/d",
        "postgresql://u:p@[::1]:5432/d?x=y&z",
        "postgres://%zz@%/%", "http://h", "cypher:http://h/d", "webhook:https://", "none", "-1",
        "1/0", "2024-01-01",
        "2024-02-30T25:61:61Z", "292277026596-12-04", "-0001-01-01", "0000-00-00",
        "1970-01-01 00:00:00+99:99",
        "infinity", "now", "SELECT", "); DROP TABLE t; --", "\u{FEFF}", "a.b", "a.b.c", ".",
    ]

    /// A text, often a number or a word that means something somewhere.
    mutating func text() -> String {
        switch count(0...6) {
        case 0: return String(integer()) + pick(Self.units)
        case 1: return pick(Self.numbers) + pick(Self.units)
        case 2: return pick(Self.words)
        case 3: return pick(Self.words) + pick(Self.numbers) + pick(Self.words)
        case 4: return "\(double())" + pick(Self.units)
        case 5: return mutated(pick(Self.words) + pick(Self.words))
        default:
            let pieces = (0..<count(0...6)).map { _ in pick(Self.words) }
            return pieces.joined()
                + String(repeating: pick(Self.words), count: hits(oneIn: 200) ? 500 : 1)
        }
    }

    /// A text with some of its bytes changed, left out or doubled.
    mutating func mutated(_ text: String) -> String {
        String(decoding: mutated(Array(text.utf8)), as: UTF8.self)
    }

    /// Bytes, some of them changed, left out or doubled.
    mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<count(1...4) {
            guard !bytes.isEmpty else { return [UInt8.random(in: 0...255, using: &self)] }
            let place = count(0...bytes.count - 1)
            switch count(0...5) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &self)
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(pick(Array("\"\\,:{}[]-+.eE0123456789\n\r\u{0}".utf8)), at: place)
            case 3: bytes.removeSubrange(place..<min(bytes.count, place + count(1...8)))
            case 4:
                bytes.insert(
                    contentsOf: bytes[place..<min(bytes.count, place + count(1...8))],
                    at: place
                )
            default: bytes[place] ^= 1 << UInt8(count(0...7))
            }
        }
        return bytes
    }

    /// Bytes of any kind.
    mutating func bytes(_ most: Int) -> [UInt8] {
        (0..<count(0...most)).map { _ in UInt8.random(in: 0...255, using: &self) }
    }

    // MARK: - JSON

    /// A JSON text, sound or not, at times very deep.
    mutating func json() -> String {
        if hits(oneIn: 1000) {
            let depth = pick([199, 200, 201, 500, 501, 512, 513, 5000, 100_000])
            let (open, close) = pick([("[", "]"), ("{\"a\":", "}"), ("[{\"\":", "}]")])
            let isClosed = hits(oneIn: 2)
            return String(repeating: open, count: depth) + "1"
                + (isClosed ? String(repeating: close, count: depth) : "")
        }
        let text = value(depth: 0)
        return hits(oneIn: 2) ? mutated(text) : text
    }

    /// A JSON object, sound or not.
    mutating func object(_ names: [String]) -> String {
        let members = (0..<count(0...6)).map { _ in
            "\(quoted(hits(oneIn: 4) ? text() : pick(names))):\(value(depth: 3))"
        }
        let whole = "{" + members.joined(separator: ",") + "}"
        return hits(oneIn: 3) ? mutated(whole) : whole
    }

    private mutating func value(depth: Int) -> String {
        switch count(0...(depth > 4 ? 5 : 8)) {
        case 0: return pick(["null", "true", "false", "NaN", "Infinity", "nul", ""])
        case 1: return String(integer())
        case 2: return pick(Self.numbers)
        case 3: return "\(double())"
        case 4:
            return pick([
                "\"\\ud800\"", "\"\\u0000\"", "\"\\udc00\\ud800\"", "\"\\ud83d\\ude00\"", "\"\\x\"",
                "\"",
            ])
        case 5: return quoted(text())
        case 6:
            return "["
                + (0..<count(0...4)).map { _ in value(depth: depth + 1) }.joined(separator: ",")
                + "]"
        default:
            let members = (0..<count(0...4)).map { _ in
                "\(quoted(text())):\(value(depth: depth + 1))"
            }
            return "{" + members.joined(separator: ", ") + "}"
        }
    }

    private func quoted(_ text: String) -> String {
        // An error leaves a text that is none.
        (try? JSONText.encode(text)) ?? "\""
    }
}
