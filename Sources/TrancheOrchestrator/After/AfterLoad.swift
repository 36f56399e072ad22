import Tranche

/// The action on the file or object of an event, once a link's process has succeeded on the event.
public enum AfterLoad: Sendable, Hashable {
    /// It is moved into a folder, with its path within the input's folder, or below a prefix of
    /// objects, `s3://BUCKET/PREFIX`, with its name.
    case move(to: String)
    /// It is removed.
    case delete
    /// A file `NAME.MARK` is put beside it; an object is given the tag `tranche` with the mark as
    /// its value.
    case tag(String = "done")

    /// Its kind, in one word.
    var name: String {
        switch self {
        case .move: "move"
        case .delete: "delete"
        case .tag: "tag"
        }
    }

    /// The fault that keeps it from following a link; `nil` if there is none.
    ///
    /// - Parameters:
    ///   - input: The link's input.
    ///   - links: All links of that input.
    /// - Returns: The fault in words.
    func fault(after input: any Input, _ links: [Link]) -> String? {
        var input = input
        if let filtered = input as? FilteredInput { input = filtered.base }
        guard input is DirectoryInput || input is ListingInput else {
            return
                "'then' goes with links from inputs of files, of the type directory or listing; "
                + "the "
                + "events of '\(input.name)' name none"
        }
        if links.count > 1, !isTag {
            let others = links.map(\.process).joined(separator: ", ")
            return
                "'then: \(name)' would take the files of '\(input.name)' away while another link "
                + "still "
                + "needs them: it has links to \(others). Leave one, or give 'then: tag'"
        }
        if let fault = markFault { return fault }
        guard let folder = input as? DirectoryInput else { return nil }
        return fault(in: folder)
    }

    private var isTag: Bool {
        if case .tag = self { return true }
        return false
    }

    private var markFault: String? {
        guard case .tag(let mark) = self else { return nil }
        let isMark =
            (1...64).contains(mark.utf8.count)
            && mark.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF) || byte == 0x2D
                    || byte == 0x5F
            }
        return isMark ? nil : "'\(mark)' is not a mark; give 1 to 64 letters, digits, '-' and '_'"
    }

    /// What it leaves must be no event of the folder again.
    private func fault(in input: DirectoryInput) -> String? {
        switch self {
        case .delete: return nil
        case .tag(let mark):
            let ending = ".\(mark)"
            if input.marker == ending {
                return
                    "the mark '\(ending)' is what says that a file of '\(input.name)' is complete; "
                    + "give "
                    + "another, such as 'then: {tag: loaded}'"
            }
            let isLeftOut =
                !input.suffixes.isEmpty
                && !input.suffixes.contains { ending.hasSuffix($0) || $0.hasSuffix(ending) }
            return isLeftOut
                ? nil
                : "the files 'NAME\(ending)' that 'then: tag' leaves would be events of '\(input.name)'; "
                    + "give that suffixes which leave them out"
        case .move(let target):
            if target.contains("://") {
                return "a file is moved into a folder, not to '\(target)'"
            }
            let folder = ResolvedPath(input.folder).text
            let place = ResolvedPath(target).text
            guard place != folder, !(input.isRecursive && place.hasPrefix(folder + "/")) else {
                return
                    "what is moved to '\(target)' would be an event of '\(input.name)' again, "
                    + "which "
                    + "watches '\(input.folder)'; give a folder outside of it"
            }
            return nil
        }
    }
}
