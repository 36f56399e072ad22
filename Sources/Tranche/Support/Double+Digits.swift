import Glibc

extension Double {
    /// The number with a fixed number of decimals, such as `3.14`.
    ///
    /// - Parameter decimals: How many; 0 or more.
    /// - Returns: The text.
    package func fixed(_ decimals: Int) -> String { Self.text("%.*f", decimals, self) }

    /// The number with an exponent, such as `3.14e+00`.
    ///
    /// - Parameter decimals: How many digits follow the point; 0 or more.
    /// - Returns: The text.
    package func scientific(_ decimals: Int) -> String { Self.text("%.*e", decimals, self) }

    private static func text(_ format: String, _ decimals: Int, _ value: Double) -> String {
        let count = Int32(clamping: decimals)
        // The widest double has 309 digits before its point; a sign, a point and an exponent.
        let size = 320 + Int(count)
        return String(unsafeUninitializedCapacity: size) { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                withVaList([count, value]) { Int(vsnprintf(text.baseAddress, size, format, $0)) }
            }
        }
    }
}
