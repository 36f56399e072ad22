private import CPosix
import Glibc
import Tranche

/// The second files that said of files that they were complete, which go with them.
extension FileKeeper {
    /// Moves the marker of a file that was moved or removed, or removes it.
    ///
    /// One of another file that has come under the name since stays. That there is none is no
    /// fault: an earlier attempt may have come so far.
    ///
    /// - Parameters:
    ///   - file: The file; it is there no more.
    ///   - ending: What stands behind its name in the marker's.
    ///   - target: Where the marker goes; `nil` to remove it.
    /// - Throws: `TrancheError` `.sinkFailed` for a target that is there already and where the
    ///   marker cannot be moved or removed.
    func takeMarker(of file: Known, _ ending: String, to target: String?) throws {
        let path = file.path + ending
        let folder = Self.folder(of: file.path)
        // It is put aside first: a new one may come under its name at any time.
        let aside = "\(folder)/.\(file.number).tranche-marker"
        if try mark(of: aside) == nil {
            guard try mark(of: path) != nil, try mark(of: file.path) == nil else { return }
            let code = Int32(tranche_rename_new(path, aside))
            guard code == 0 || code == ENOENT else { throw Self.failed("move '\(path)'", code) }
        }
        guard let taken = try mark(of: aside) else { return }
        if let other = try mark(of: file.path), taken.modified >= other.modified {
            return try putBack(aside, to: path)
        }
        guard let target else {
            guard unlink(aside) == 0 || errno == ENOENT else {
                throw Self.failed("remove '\(aside)'", errno)
            }
            return try sync(folder: folder)
        }
        let marker = Known(
            path: aside,
            mark: taken,
            attempt: file.attempt,
            number: file.number,
            isOfAnother: file.isOfAnother
        )
        try move(marker, to: target)
    }

    /// Gives a marker its name again that may be of a file which has come since.
    private func putBack(_ aside: String, to path: String) throws {
        let code = Int32(tranche_rename_new(aside, path))
        // There is a newer one.
        if code == EEXIST {
            guard unlink(aside) == 0 || errno == ENOENT else {
                throw Self.failed("remove '\(aside)'", errno)
            }
        } else if code != 0, code != ENOENT {
            throw Self.failed("move '\(aside)' to '\(path)'", code)
        }
    }
}
