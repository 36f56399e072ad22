import Testing

@testable import TrancheChains

@Suite("Record ends")
struct RecordScannerTests {
    @Test("A record ends at a line feed outside quotes")
    func plain() {
        var scanner = RecordScanner(at: 0, delimiter: 0x2C, quote: 0x22)
        let bytes = Array("a,b\n\"c\nd\",e\n".utf8)
        _ = bytes.withUnsafeBufferPointer { scanner.scan($0, limit: .max, most: .max) }
        #expect(scanner.count == 2)
        #expect(scanner.lastStart == 4)
        #expect(scanner.end == 12)
    }
}
