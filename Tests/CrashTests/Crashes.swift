import Testing

/// All that starts processes and kills them, one after the other: they want the machine's cores.
@Suite("Whatever is killed, nothing is lost and nothing is done twice", .serialized)
enum Crashes {}
