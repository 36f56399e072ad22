/// Prints shell functions that complete command lines.
struct CompletionsCommand: Command {
    static let description = CommandDescription(
        name: "completions",
        summary: "Print completions for a shell",
        examples: ["source <(tranche completions bash)"],
        operands: [.init(name: "bash|zsh", help: "the shell", choices: ["bash", "zsh"])]
    )

    private let isBash: Bool

    init(_ arguments: Arguments) throws {
        isBash = try arguments.operand(0, "bash|zsh") == "bash"
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let completions = Completions(commands: Program.commands.map { $0.description })
        try context.output.write(isBash ? completions.bash : completions.zsh)
        return .done
    }
}
