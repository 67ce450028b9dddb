import Glibc

/// SplitMix64 (Steele, Lea, Flood 2014): small, seeded, the same numbers everywhere. Not for secrets.
public struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) {
        state = seed
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    mutating func uniform(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + unit() * (range.upperBound - range.lowerBound)
    }

    /// Uniform in the range; a bias of 2^-50 for the small ranges used here.
    mutating func integer(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(unit() * Double(range.upperBound - range.lowerBound + 1))
    }

    /// Exponentially distributed with that mean: the gaps of a Poisson process.
    mutating func exponential(mean: Double) -> Double { -mean * log(1 - unit()) }

    /// True with that probability.
    mutating func chance(_ probability: Double) -> Bool { unit() < probability }

    /// A random (version 4) UUID as Python's `str(uuid.uuid4())` writes it.
    mutating func uuid() -> [UInt8] {
        let high = (next() & ~0xF000) | 0x4000
        let low = (next() & ~(0xC0 << 56)) | (0x80 << 56)
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for (word, dashes) in [(high, [7, 11, 15]), (low, [3])] {
            for nibble in 0..<16 {
                let value = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * nibble)) & 15
                text.append(value < 10 ? 48 + value : 87 + value)
                if dashes.contains(nibble) { text.append(45) }
            }
        }
        return text
    }
}
