import CZlib

/// Adds up bytes, so that contents that differ by accident can be told apart.
package struct ContentSum {
    private var first = crc32(0, nil, 0)
    private var second = adler32(0, nil, 0)
    private var count = 0

    /// Adds bytes.
    mutating func add(_ bytes: [UInt8]) {
        first = crc32_z(first, bytes, bytes.count)
        second = adler32_z(second, bytes, bytes.count)
        count += bytes.count
    }

    /// The sum and how many bytes it is of.
    var text: String {
        "\(String(first, radix: 16))-\(String(second, radix: 16))-\(count)"
    }

    /// The sum of some bytes.
    package static func text(of bytes: [UInt8]) -> String {
        var sum = ContentSum()
        sum.add(bytes)
        return sum.text
    }
}
