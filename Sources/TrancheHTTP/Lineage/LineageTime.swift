import FoundationEssentials
import Tranche

/// Times of events, as text.
enum LineageTime {
    /// Appends a time as `2026-11-21T09:30:00.000Z`, as ``Foundation/Date/utcText`` is; by hand,
    /// since it is written for each event.
    static func append(_ time: Date, to bytes: inout [UInt8]) {
        let milliseconds = time.milliseconds
        let (days, rest) = floored(milliseconds, 86_400_000)
        let date = RecordTime.date(days: days)
        guard 0...9999 ~= date.year else {
            bytes += time.utcText.utf8
            return
        }
        let millisecond = Int(rest)
        append(date.year, 4, to: &bytes)
        append(date.month, 2, after: "-", to: &bytes)
        append(date.day, 2, after: "-", to: &bytes)
        append(millisecond / 3_600_000, 2, after: "T", to: &bytes)
        append(millisecond / 60_000 % 60, 2, after: ":", to: &bytes)
        append(millisecond / 1000 % 60, 2, after: ":", to: &bytes)
        append(millisecond % 1000, 3, after: ".", to: &bytes)
        bytes.append(UInt8(ascii: "Z"))
    }

    private static func append(
        _ value: Int,
        _ width: Int,
        after separator: Unicode.Scalar? = nil,
        to bytes: inout [UInt8]
    ) {
        if let separator { bytes.append(UInt8(ascii: separator)) }
        var divisor = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }

    private static func floored(_ value: Int64, _ unit: Int64) -> (Int64, Int64) {
        let (quotient, rest) = value.quotientAndRemainder(dividingBy: unit)
        return rest < 0 ? (quotient - 1, rest + unit) : (quotient, rest)
    }
}
