import CZlib
import Tranche

/// The decompressed content of a gzip file.
///
/// It can only be read from the beginning on: a place before all that are open means to begin again.
/// Some are kept open, for those who plan ahead and those who read behind.
actor GzipReader: ByteReader {
    private static let openPlaces = 4
    private static let step: Int64 = 1 << 18

    nonisolated let name: String
    private nonisolated let executor: SerialQueueExecutor
    private let file: any ByteReader
    private var places: [Place] = []
    private var known: (compressed: ByteState, size: Int64)?

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    init(_ file: any ByteReader) {
        self.file = file
        name = file.name
        executor = SerialQueueExecutor(label: "tranche.gzip")
    }

    /// The size is that of the decompressed content, which is found by decompressing it once.
    func state() async throws -> ByteState {
        let compressed = try await file.state()
        if let known, known.compressed == compressed {
            return Self.state(known.size, of: compressed)
        }
        places = []
        let place = Place()
        while let bytes = try await read(with: place) { place.skip(bytes.count) }
        known = (compressed, place.offset)
        return Self.state(place.offset, of: compressed)
    }

    func checksum() async throws -> String? {
        try await file.checksum()
    }

    private static func state(_ size: Int64, of compressed: ByteState) -> ByteState {
        var state = compressed
        state.size = size
        return state
    }

    func read(_ range: Range<Int64>, goingOnTo end: Int64) async throws -> [UInt8] {
        // Nobody else has the place while this waits for the file.
        let place = takePlace(for: range.lowerBound)
        defer { give(back: place) }
        while place.offset < range.lowerBound {
            guard let bytes = try await read(with: place) else { break }
            place.skip(Int(min(Int64(bytes.count), range.lowerBound - place.offset)))
        }
        var bytes: [UInt8] = []
        while bytes.count < range.upperBound - range.lowerBound {
            guard let more = try await read(with: place) else { break }
            let wanted = Int(range.upperBound - range.lowerBound) - bytes.count
            bytes += more.prefix(wanted)
            place.skip(min(more.count, wanted))
        }
        return bytes
    }

    /// The open place that is the least way before an offset, or a new one.
    private func takePlace(for offset: Int64) -> Place {
        let nearest = places.filter { $0.offset <= offset }.max { $0.offset < $1.offset }
        guard let nearest else { return Place() }
        places.removeAll { $0 === nearest }
        return nearest
    }

    private func give(back place: Place) {
        places.append(place)
        if places.count > Self.openPlaces { places.removeFirst() }
    }

    /// What is decompressed at a place and not yet skipped; `nil` at the end.
    private func read(with place: Place) async throws -> ArraySlice<UInt8>? {
        while place.ready.isEmpty {
            if place.input.isEmpty {
                let start = place.inputOffset
                place.input = try await file.read(start..<start + Self.step, goingOnTo: .max)[...]
                place.inputOffset += Int64(place.input.count)
                if place.input.isEmpty {
                    guard !place.isInMember else {
                        throw TrancheError(
                            .invalidItem,
                            "'\(name)' ends in the midst of its compressed content, behind offset "
                                + "\(place.offset); is it complete?"
                        )
                    }
                    return nil
                }
            }
            try place.inflate(name)
        }
        return place.ready
    }

    /// A decompressor, and where it is.
    private final class Place {
        /// The offset of the first byte that is ready, in the decompressed content.
        private(set) var offset: Int64 = 0
        private(set) var ready: ArraySlice<UInt8> = []
        var inputOffset: Int64 = 0
        var input: ArraySlice<UInt8> = []
        private(set) var isInMember = false
        private var stream = z_stream()

        deinit {
            if isInMember { inflateEnd(&stream) }
        }

        func skip(_ count: Int) {
            ready = ready.dropFirst(count)
            offset += Int64(count)
        }

        /// Decompresses some of the input.
        func inflate(_ name: String) throws {
            if !isInMember {
                // Files may be put together from several, one after the other.
                guard tranche_begin_gunzip(&stream) == Z_OK else {
                    throw TrancheError(.sourceUnavailable, "there is no memory to read '\(name)'")
                }
                isInMember = true
            }
            var status = Z_OK
            var left = 0
            let size = Int(GzipReader.step)
            let output = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                input.withUnsafeBufferPointer { bytes in
                    stream.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
                    stream.avail_in = UInt32(bytes.count)
                    stream.next_out = buffer.baseAddress
                    stream.avail_out = UInt32(buffer.count)
                    status = CZlib.inflate(&stream, Z_NO_FLUSH)
                    left = Int(stream.avail_in)
                    count = buffer.count - Int(stream.avail_out)
                }
            }
            input = input.suffix(left)
            ready = output[...]
            switch status {
            case Z_OK, Z_BUF_ERROR: break
            case Z_STREAM_END:
                inflateEnd(&stream)
                stream = z_stream()
                isInMember = false
            default:
                let reason = stream.msg.map { String(cString: $0) } ?? "error \(status)"
                throw TrancheError(
                    .invalidItem,
                    "'\(name)' is no sound gzip file: \(reason), behind offset "
                        + "\(offset + Int64(output.count)) of the decompressed content"
                )
            }
        }
    }
}
