import Testing
import TrancheSQL

@Suite struct UIDKindTests {
    @Test(
        "A uid that is a time is found however it is written",
        arguments: [
            "2026-01-01T05:30:00.000000Z", "2026-01-01T05:30:00Z", "2026-01-01 05:30:00Z",
            "2026-01-01T05:30Z", "2026-01-01T06:30:00+01:00", "2026-01-01 06:30:00.0+01",
            "2026-01-01T05:30:00",
        ]
    )
    func instants(text: String) {
        #expect(UIDKind.instant.canonical(text) == "2026-01-01T05:30:00.000000Z")
    }

    @Test("A time without a zone is found with a space, and with fewer digits")
    func timestamps() {
        for text in ["2026-01-01T05:30:00.25", "2026-01-01 05:30:00.250000"] {
            #expect(UIDKind.timestamp.canonical(text) == "2026-01-01T05:30:00.250000")
        }
        let before = UIDKind.timestamp.canonical("1969-12-31 23:59:59.5")
        #expect(before == "1969-12-31T23:59:59.500000")
        #expect(UIDKind.timestamp.canonical("2026-01-01") == "2026-01-01T00:00:00.000000")
    }

    @Test("What is no time stays as it is, as do other kinds")
    func others() {
        let early = ["0044-03-15T00:00:00.000000Z BC", "0000-01-01T00:00:00Z"]
        for text in ["infinity", "x", ""] + early {
            #expect(UIDKind.instant.canonical(text) == text)
        }
        let offset = "2026-01-01T05:30:00+01:00"
        #expect(UIDKind.timestamp.canonical(offset) == offset)
        #expect(UIDKind.text.canonical("2026-01-01 05:30:00") == "2026-01-01 05:30:00")
        #expect(UIDKind.uuid.canonical("AB") == "ab")
    }
}
