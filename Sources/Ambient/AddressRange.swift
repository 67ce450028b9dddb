import Glibc

/// A network, or one address: `10.0.0.0/8`, `192.0.2.7`, `fd00::/8`. An IPv4 address is the same in an IPv6 one.
public struct AddressRange: Hashable, Sendable, CustomStringConvertible {
    private let high: UInt64
    private let low: UInt64
    /// Of 128; an IPv4 network's begin behind 96.
    private let bits: Int
    /// As it was written.
    public let description: String

    /// Nil when it is none: also where bits are set that the network leaves open, since that is hardly what was meant.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = AddressRange.number(String(parts[0])) else { return nil }
        let whole = address.isFour ? 32 : 128
        var bits = whole
        if parts.count > 1 {
            guard parts[1].utf8.count <= 3, parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let given = Int(parts[1]),
                given <= whole
            else { return nil }
            bits = given
        }
        self.bits = bits + (128 - whole)
        (high, low) = (address.high, address.low)
        description = text
        let masked = AddressRange.masked(high, low, self.bits)
        guard masked == (high, low) else { return nil }
    }

    /// Whether a numeric address lies in it. What is none lies nowhere.
    public func contains(_ address: String) -> Bool {
        guard let number = AddressRange.number(address) else { return false }
        return AddressRange.masked(number.high, number.low, bits) == (high, low)
    }

    private static func masked(_ high: UInt64, _ low: UInt64, _ bits: Int) -> (UInt64, UInt64) {
        func mask(_ bits: Int) -> UInt64 { bits <= 0 ? 0 : bits >= 64 ? .max : ~(UInt64.max >> UInt64(bits)) }
        return (high & mask(bits), low & mask(bits - 64))
    }

    private static func number(_ text: String) -> (high: UInt64, low: UInt64, isFour: Bool)? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            return (0, 0xFFFF_0000_0000 | UInt64(UInt32(bigEndian: four.s_addr)), true)
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        return withUnsafeBytes(of: &six) { bytes in
            (
                UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)), false
            )
        }
    }
}
