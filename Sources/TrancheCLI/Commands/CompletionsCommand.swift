/// Prints shell functions that complete command lines.
struct CompletionsCommand: Command {
    static let description = CommandDescription(
        name: "completions",
        summary: "Print completions for a shell",
        examples: [
            "source <(tranche completions bash)",
            "tranche completions fish > ~/.config/fish/completions/tranche.fish",
        ],
        operands: [
            .init(
                name: "bash|zsh|fish",
                help: "the shell",
                choices: Completions.Shell.allCases.map(\.rawValue)
            )
        ],
        notes: """
            The packages install them. For zsh, put the output as _tranche into a folder of
            $fpath.

            """
    )

    private let shell: Completions.Shell

    init(_ arguments: Arguments) throws {
        shell = try arguments.choice(of: Self.description)
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let completions = Completions(commands: Program.commands.map { $0.description })
        try context.output.write(completions.script(for: shell))
        return .done
    }
}
