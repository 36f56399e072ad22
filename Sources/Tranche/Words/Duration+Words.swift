extension Duration {
    /// The duration for people, in the two units that matter: `1.2 s`, `3 min 20 s`, `2 h 5 min`.
    package var words: String {
        let seconds = self.seconds
        switch seconds {
        case ..<1: return "\((seconds * 1000).nearestInteger) ms"
        case ..<59.95:
            let tenths = (seconds * 10).rounded() / 10
            return tenths == tenths.rounded() ? "\(Int(tenths)) s" : "\(tenths) s"
        default: break
        }
        let whole = seconds.nearestInteger
        let parts = [
            ("d", whole / 86_400), ("h", whole / 3600 % 24), ("min", whole / 60 % 60),
            ("s", whole % 60),
        ]
        guard let first = parts.firstIndex(where: { $0.1 > 0 }) else { return "0 s" }
        return parts[first...].prefix(2).filter { $0.1 > 0 }.map { "\($0.1) \($0.0)" }
            .joined(separator: " ")
    }
}
