/// Shell functions that complete command lines, made from the commands' descriptions.
struct Completions {
    let commands: [CommandDescription]

    /// The options of a command with those that every command has.
    func options(of command: CommandDescription) -> [CommandDescription.Option] {
        command.options + command.global.options
    }

    /// The script for a shell.
    func script(for shell: Shell) -> String {
        switch shell {
        case .bash: bash
        case .zsh: zsh
        case .fish: fish
        }
    }

    /// A shell that there is a script for.
    enum Shell: String, CaseIterable, Sendable {
        case bash, zsh, fish
    }
}
