import CPosix
import CZlib
import FoundationEssentials
import Glibc
import Tranche

/// Keeps restart points on disk, so that another process, or this one when it is started again,
/// need not decode what lies before its batches.
///
/// It is a cache: what is missing, spoilt or cannot be written only costs time. Each point is a
/// file of its own, written aside and renamed into place, with a checksum: any number of processes
/// may write at once. The folder is this user's alone, since what is read from it is trusted.
struct RestartStore: Sendable {
    /// The most bytes that are kept, of all files together.
    static let capacity: Int64 = 1 << 30
    /// The least that lies before a point: less is decoded again as fast.
    static let threshold: Int64 = 16 << 20

    private let path: String
    private let key: String
    private let threshold: Int64

    /// Keeps the points of some content.
    ///
    /// - Parameters:
    ///   - folder: Where points are kept.
    ///   - key: What the content is called, unlike any other: an absolute path or URL.
    ///   - threshold: The least that lies before a point that is kept.
    init(_ folder: String, key: String, threshold: Int64 = RestartStore.threshold) {
        path = folder
        self.key = key
        self.threshold = threshold
    }

    /// Where points are kept for this user: below `$XDG_CACHE_HOME`, or else `~/.cache`; `nil`
    /// where the environment names neither.
    ///
    /// Source: XDG Base Directory Specification 0.8.
    static func standard(key: String) -> RestartStore? {
        let environment = ProcessInfo.processInfo.environment
        if let folder = environment["XDG_CACHE_HOME"], folder.hasPrefix("/") {
            return RestartStore("\(folder)/tranche/restart-points", key: key)
        }
        guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
        return RestartStore("\(home)/.cache/tranche/restart-points", key: key)
    }

    /// The points of some content as it is now.
    func folder(of state: ByteState, codec: String) -> Folder {
        let text =
            "\(key)\n\(state.storedSize)\n\(state.version)\n\(state.identity ?? "")\n\(codec)"
        return Folder(root: path, key: text, threshold: threshold)
    }

    /// The points of one file.
    struct Folder: Sendable {
        private static let mark = Array("tranche restart point 1\n".utf8)

        private let root: String
        private let path: String
        private let key: [UInt8]
        private let threshold: Int64

        init(root: String, key: String, threshold: Int64) {
            self.root = root
            self.threshold = threshold
            self.key = Array(key.utf8)
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in self.key { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            path = "\(root)/\(String(hash, radix: 16))"
        }

        /// The points that are there, without what a decoder needs.
        func points() throws -> [RestartPoints.Point] {
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
                // There is none yet.
                return []
            }
            return names.compactMap { name in
                let parts = name.split(separator: "-")
                guard parts.count == 2, let output = Int64(parts[0]), let input = Int64(parts[1])
                else { return nil }
                return RestartPoints.Point(output: output, input: input, state: nil)
            }
        }

        /// What a decoder needs at a point; `nil` when it is gone or spoilt.
        func state(at point: RestartPoints.Point) -> [UInt8]? {
            let file = name(of: point)
            guard isOwn(path), isOwn(file), let data = FileManager.default.contents(atPath: file)
            else { return nil }
            let bytes = Array(data)
            let head = Self.mark + key + [0]
            guard bytes.count >= head.count + 4, bytes.starts(with: head) else { return nil }
            let body = bytes.dropLast(4)
            guard Array(bytes.suffix(4)) == Self.checksum(body) else { return nil }
            return Array(body[head.count...])
        }

        /// Keeps a point.
        ///
        /// - Returns: Whether it is kept.
        func keep(_ point: RestartPoints.Point) -> Bool {
            guard point.output >= threshold, let state = point.state, prepare()
            else { return false }
            var bytes = Self.mark + key + [0] + state
            bytes += Self.checksum(bytes[...])
            let aside = "\(path)/.\(getpid())-\(point.output)"
            let file = tranche_open(aside, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            guard file >= 0 else { return false }
            let written = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            let isClosed = close(file) == 0
            guard isClosed, written == bytes.count, rename(aside, name(of: point)) == 0 else {
                unlink(aside)
                return false
            }
            return true
        }

        /// Removes a point that cannot be used.
        func remove(_ point: RestartPoints.Point) {
            unlink(name(of: point))
        }

        private func name(of point: RestartPoints.Point) -> String {
            "\(path)/\(point.output)-\(point.input)"
        }

        private static func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
            let sum = bytes.withUnsafeBufferPointer { crc32_z(0, $0.baseAddress, $0.count) }
            return (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * UInt($0))) }
        }

        /// Makes the folder, once.
        private func prepare() -> Bool {
            if isOwn(path) { return true }
            do {
                try FileManager.default.createDirectory(
                    atPath: root,
                    withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700]
                )
            } catch {
                return false
            }
            guard isOwn(root) else { return false }
            makeRoom()
            mkdir(path, 0o700)
            return isOwn(path)
        }

        /// Whether something is this user's, and nobody else may write to it.
        private func isOwn(_ path: String) -> Bool {
            var status = stat()
            return lstat(path, &status) == 0 && status.st_uid == geteuid()
                && status.st_mode & 0o022 == 0 && status.st_mode & S_IFMT != S_IFLNK
        }

        /// Removes the points of the files that were read the longest ago, where there are too
        /// many.
        private func makeRoom() {
            let manager = FileManager.default
            // What cannot be looked at cannot be removed.
            let names = (try? manager.contentsOfDirectory(atPath: root)) ?? []
            var folders: [(path: String, time: Int, size: Int64)] = []
            for name in names {
                let folder = "\(root)/\(name)"
                var status = stat()
                guard lstat(folder, &status) == 0, isOwn(folder) else { continue }
                var size: Int64 = 0
                for file in (try? manager.contentsOfDirectory(atPath: folder)) ?? [] {
                    var status = stat()
                    if lstat("\(folder)/\(file)", &status) == 0 { size += Int64(status.st_size) }
                }
                folders.append((folder, status.st_mtim.tv_sec, size))
            }
            folders.sort { $0.time < $1.time }
            var total = folders.reduce(0) { $0 + $1.size }
            while total > RestartStore.capacity, let oldest = folders.first {
                try? manager.removeItem(atPath: oldest.path)
                total -= oldest.size
                folders.removeFirst()
            }
        }
    }
}
