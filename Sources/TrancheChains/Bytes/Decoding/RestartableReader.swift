import Tranche

/// What is decoded from some content, such as a compressed file, read from any place.
///
/// It is decoded in order. What was decoded last is kept, so that callers that read what others
/// have planned find it; and restart points are, so that nobody begins anew. One chunk is decoded
/// at a time: who comes meanwhile mostly wants that one.
actor RestartableReader: ByteReader {
    /// How much is decoded at once.
    static let chunk: Int64 = 1 << 18
    /// How far restart points are apart.
    static let spacing: Int64 = 8 << 20

    nonisolated let name: String
    nonisolated let formatNotes: [String]
    nonisolated let encoding: String?
    private nonisolated let executor: SerialQueueExecutor
    private nonisolated let chunks: DecodedChunks
    private nonisolated let number: Int
    private let source: any ByteReader
    private let codec: any ByteCodec
    private let store: RestartStore?
    private let spacing: Int64
    private var content: Content
    private var places: [Place] = []
    private var isDecoding = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    /// How many bytes were decoded, some of them again.
    private(set) var decodedBytes: Int64 = 0

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    /// What is known of the content.
    private struct Content {
        /// As it was stored when this was learnt.
        var stored: ByteState?
        var points: RestartPoints
        /// Whether its beginning was decoded once.
        var hasBegun = false
        /// How long it is.
        var end: Int64?
        /// Where it is spoilt.
        var fault: (offset: Int64, error: TrancheError)?
        var kept: RestartStore.Folder?
        /// Rises whenever some of this is forgotten: who has read before that knows nothing of it.
        var generation = 0
    }

    /// Makes a reader.
    ///
    /// - Parameters:
    ///   - source: The content as it is stored.
    ///   - codec: How it is decoded.
    ///   - store: Where restart points are kept for others; `nil` when they are not.
    ///   - spacing: How far restart points are apart, at least.
    ///   - chunks: Where what was decoded last is kept.
    init(
        _ source: any ByteReader,
        _ codec: any ByteCodec,
        store: RestartStore? = nil,
        spacing: Int64 = RestartableReader.spacing,
        chunks: DecodedChunks = .shared
    ) {
        self.source = source
        self.codec = codec
        self.store = store
        self.spacing = spacing
        self.chunks = chunks
        content = Content(points: RestartPoints(spacing: spacing))
        name = source.name
        formatNotes = source.formatNotes + [codec.note]
        encoding = codec.encoding ?? source.encoding
        number = chunks.makeReader()
        (source as? RestartableReader)?.isReadOnce()
        executor = SerialQueueExecutor(label: "tranche.decoding")
    }

    deinit {
        chunks.forget(number)
    }

    /// Notes that its content is read in order by another reader, which keeps what it makes of it.
    nonisolated func isReadOnce() {
        chunks.noteReadOnce(number)
    }

    func state() async throws -> ByteState {
        try await look()
        if content.end == nil, !content.hasBegun {
            content.hasBegun = true
            // A small file is known at once, and so is one that is spoilt at its beginning, by its
            // reader.
            do {
                _ = try await chunk(0)
            } catch let error as TrancheError where error.code == .invalidItem {}
        }
        var state = content.stored ?? ByteState(size: .max, version: "")
        state.size = content.end ?? .max
        return state
    }

    func checksum() async throws -> String? {
        try await source.checksum()
    }

    nonisolated func read(_ range: Range<Int64>, goingOnTo end: Int64) async throws -> [UInt8] {
        var pieces: [(chunk: DecodedChunk, range: Range<Int>)] = []
        var place = range.lowerBound
        while place < range.upperBound {
            let index = place / Self.chunk
            let start = index * Self.chunk
            let wanted = Int(place - start)..<Int(min(range.upperBound - start, Self.chunk))
            var found = chunks.chunk(index, of: number, reading: wanted)
            do {
                if found == nil { found = try await chunk(index, reading: wanted) }
                guard let found, wanted.lowerBound < found.count else {
                    try await requireSound(at: place)
                    break
                }
                let part = wanted.lowerBound..<min(wanted.upperBound, found.count)
                pieces.append((found, part))
                place += Int64(part.count)
            } catch let error as TrancheError where error.code == .invalidItem && !pieces.isEmpty {
                break
            }
        }
        let count = Int(place - range.lowerBound)
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
            for (chunk, range) in pieces {
                let target = UnsafeMutableBufferPointer(rebasing: buffer[written...])
                _ = target.update(fromContentsOf: chunk.bytes[range])
                written += range.count
            }
        }
    }

    // MARK: - What is stored

    /// Looks whether the content is still the same.
    private func look() async throws {
        let stored = try await source.state()
        guard stored != content.stored else { return }
        let isLonger = content.stored.map { stored.storedSize > $0.storedSize } ?? false
        places = []
        if isLonger {
            // Who follows it takes what was there before for the same; who does not refuses it.
            // What ended there was cut off in the midst of it, or was whole.
            let ends = [content.end, content.fault?.offset].compactMap { $0 }
            if let end = ends.min() { chunks.forget(number, from: end / Self.chunk) }
            content.end = nil
            content.fault = nil
            content.generation += 1
        } else {
            chunks.forget(number)
            content = Content(
                points: RestartPoints(spacing: spacing),
                generation: content.generation + 1
            )
        }
        content.stored = stored
        content.kept = codec.restartKey.flatMap { store?.folder(of: stored, codec: $0) }
    }

    private func requireSound(at place: Int64) throws {
        if let fault = content.fault, place >= fault.offset { throw fault.error }
    }

    // MARK: - Decoding

    /// A chunk; `nil` behind the end.
    private func chunk(_ index: Int64, reading wanted: Range<Int>? = nil) async throws
        -> DecodedChunk?
    {
        await begin()
        defer { end() }
        let start = index * Self.chunk
        let known = chunks.chunk(index, of: number, reading: wanted ?? 0..<0)
        if let known { return known }
        if let end = content.end, start >= end { return nil }
        if let fault = content.fault, start >= fault.offset { throw fault.error }
        if content.stored == nil { try await look() }
        let generation = content.generation
        let place = try await place(before: start)
        while place.output < start {
            try Task.checkCancellation()
            // Up to the next chunk's beginning, from wherever a restart point lies.
            let next = min(start, (place.output / Self.chunk + 1) * Self.chunk)
            let skipped = DecodedChunk(capacity: Int(next - place.output))
            try await fill(skipped, from: place, generation)
            guard skipped.isFull else { return nil }
        }
        let found = DecodedChunk(capacity: Int(Self.chunk))
        try await fill(found, from: place, generation)
        guard content.generation == generation else { return found }
        if found.isFull { give(back: place) }
        guard found.count > 0 else { return nil }
        chunks.keep(found, index, of: number)
        _ = chunks.chunk(index, of: number, reading: wanted ?? 0..<0)
        return found
    }

    private func begin() async {
        guard isDecoding else {
            isDecoding = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func end() {
        if waiting.isEmpty { isDecoding = false } else { waiting.removeFirst().resume() }
    }

    private func give(back place: Place) {
        places.append(place)
        if places.count > codec.openPlaces { places.removeFirst() }
    }

    /// The place that is the least way before an offset.
    private func place(before start: Int64) async throws -> Place {
        let open = places.filter { $0.output <= start }.max { $0.output < $1.output }
        while true {
            var point = content.points.last(upTo: start)
            if start - max(point.output, open?.output ?? 0) > spacing,
                let kept = content.kept
            {
                // Another process may have been there.
                for point in try kept.points() { content.points.add(point) }
                point = content.points.last(upTo: start)
            }
            if let open, open.output >= point.output {
                places.removeAll { $0 === open }
                return open
            }
            do {
                guard let state = point.state ?? content.kept?.state(at: point) else {
                    throw DecodingFault(reason: "it is gone", isOfMachine: true)
                }
                return Place(try codec.decoder(from: state), point)
            } catch let fault as DecodingFault {
                guard point.output > 0 else { throw error(fault, at: 0, input: 0) }
                // It only costs time to begin before it.
                content.points.remove(point.output)
                content.kept?.remove(point)
            }
        }
    }

    /// Decodes until a chunk is full, or the content ends or is spoilt.
    ///
    /// Where the content has changed meanwhile, which shows in its generation, nothing is learnt.
    private func fill(
        _ chunk: DecodedChunk,
        from place: Place,
        _ generation: Int
    ) async throws {
        while !chunk.isFull {
            if place.needsInput {
                try await readInput(place)
            }
            let step: DecodingStep
            do {
                step = try place.decode(into: chunk.rest)
            } catch {
                let error = self.error(error, at: place.output, input: place.input)
                guard error.code == .invalidItem else { throw error }
                if content.generation == generation { content.fault = (place.output, error) }
                return
            }
            chunk.wrote(step.given)
            decodedBytes += Int64(step.given)
            if step.taken == 0, step.given == 0 {
                if place.isLast {
                    if content.generation == generation { content.end = place.output }
                    return
                }
                place.needsInput = true
                continue
            }
            if content.generation == generation { keepPoint(at: place) }
        }
    }

    private func readInput(_ place: Place) async throws {
        let step: Int64 = 1 << 18
        let start = place.input + Int64(place.rest.count)
        let more = try await source.read(start..<start + step, goingOnTo: .max)
        place.take(more)
    }

    /// Notes a restart point, where there is one and it is time for it.
    private func keepPoint(at place: Place) {
        let gap = place.output - content.points.last(upTo: place.output).output
        let spacing = content.points.spacing(at: place.output)
        guard gap >= spacing / 2 else { return }
        var state: [UInt8]?
        if place.decoder.isAtStart {
            state = restartAtStart
        } else if gap >= spacing {
            state = place.decoder.restartState()
        }
        place.decoder.seeksRestart = gap >= spacing && state == nil
        guard let state else { return }
        let point = RestartPoints.Point(output: place.output, input: place.input, state: state)
        content.points.add(point)
        if content.kept?.keep(point) == true { content.points.drop(stateOf: point.output) }
    }

    private func error(_ fault: DecodingFault, at output: Int64, input: Int64) -> TrancheError {
        if fault.isOfMachine {
            return TrancheError(.invalidSource, "'\(name)' cannot be read: \(fault.reason)")
        }
        return TrancheError(
            .invalidItem,
            "'\(name)' is not a sound \(codec.name) file: \(fault.reason), behind offset "
                + "\(output) of "
                + "what it holds, at offset \(input) of the file"
        )
    }

    /// A decoder, and where it is.
    private final class Place {
        let decoder: any SequentialDecoder
        /// The offset of what is decoded next.
        private(set) var output: Int64
        /// The offset in the stored content of what is taken next.
        private(set) var input: Int64
        var needsInput = true
        /// Whether nothing comes behind what was read.
        private(set) var isLast = false
        private var bytes: [UInt8] = []
        private var taken = 0

        init(_ decoder: any SequentialDecoder, _ point: RestartPoints.Point) {
            self.decoder = decoder
            output = point.output
            input = point.input
        }

        var rest: ArraySlice<UInt8> { bytes[taken...] }

        /// Takes what was read behind ``rest``.
        func take(_ more: [UInt8]) {
            needsInput = false
            if more.isEmpty { isLast = true }
            bytes = taken == bytes.count ? more : bytes[taken...] + more
            taken = 0
        }

        func decode(
            into output: UnsafeMutableBufferPointer<UInt8>
        ) throws(DecodingFault) -> DecodingStep {
            let step: DecodingStep
            do {
                step = try bytes[taken...].withUnsafeBufferPointer { input in
                    try decoder.decode(input, isLast: isLast, into: output)
                }
            } catch let fault as DecodingFault {
                throw fault
            } catch {
                throw DecodingFault(reason: "\(error)", isOfMachine: true)
            }
            taken += step.taken
            input += Int64(step.taken)
            self.output += Int64(step.given)
            if taken == bytes.count, !isLast { needsInput = true }
            return step
        }
    }
}
