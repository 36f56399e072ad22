extension SourceDefinition {
    /// Whether the entries are a part of the inventory itself, and so are wherever it is: the
    /// batches of a job, the events of an input, pages.
    package var isOfInventory: Bool {
        InventorySource(self) != nil || InputLogSource(self) != nil || PagedSource(self) != nil
    }

    /// The commands that give a run another definition of its source, in words.
    ///
    /// - Parameters:
    ///   - asked: The other definition.
    ///   - key: The run.
    /// - Returns: Such as `'tranche redefine --job j --meta t --where 'kind = 1''`; `nil` where
    ///   there is none.
    package func commands(toBecome asked: SourceDefinition, of key: RunKey) -> String? {
        let isOfInventory = isOfInventory
        let command = "tranche redefine \(isOfInventory ? key.plainOptions : key.commandOptions)"
        // The batches that there are have been cut by it.
        guard self.key == asked.key else { return nil }
        // The records of files: what they are read with is given, and not found out.
        if isOfFile, asked.isOfFile {
            if database == asked.database, let relaxation = relaxation(to: asked) {
                return "'\(command) \(relaxation)', which lets 'tranche redrive "
                    + "\(key.commandOptions)' and then this command take what could not be read "
                    + "before"
            }
            guard database != asked.database, item == asked.item else { return nil }
            return "'\(command) --same' if the records up to the cursor are what they were, "
                + "'\(command) --restart' if not"
        }
        var options: [String] = []
        func add(_ option: String, _ part: KeyPath<SourceDefinition, String?>) {
            guard self[keyPath: part] != asked[keyPath: part] else { return }
            options.append("\(option) \(RunKey.quoted(asked[keyPath: part] ?? ""))")
        }
        if database != asked.database { options.append("--database") }
        if uid != asked.uid { options.append("--uid \(RunKey.quoted(asked.uid))") }
        add("--item", \.item)
        add("--weight-column", \.weight)
        add("--where", \.filter)
        add("--settle-column", \.settleColumn)
        // What is a part of the inventory has no columns.
        guard !options.isEmpty, !isOfInventory || options == ["--database"] else { return nil }
        return "'\(([command] + options).joined(separator: " "))'"
    }

    /// What a reading of files says that lets more records be read, as they are, and its option.
    private static let relaxations = [
        (option: "--fit-ragged", words: ", ragged records fit"),
        (option: "--replace-invalid", words: ", invalid text replaced"),
    ]

    /// The options by which another reading of the same file differs; `nil` where it differs by
    /// more.
    private func relaxation(to asked: SourceDefinition) -> String? {
        guard let item, var rest = asked.item else { return nil }
        var options: [String] = []
        for (option, words) in Self.relaxations where !item.contains(words) {
            guard let range = rest.firstRange(of: words) else { continue }
            rest.removeSubrange(range)
            options.append(option)
        }
        return options.isEmpty || rest != item ? nil : options.joined(separator: " ")
    }
}

extension RunKey {
    /// The options that name the run on the command line, where its source's name says what it is.
    fileprivate var plainOptions: String {
        let options = "--job \(Self.quoted(job)) --meta \(Self.quoted(metaTable))"
        return run.isEmpty ? options : options + " --run \(Self.quoted(run))"
    }
}
