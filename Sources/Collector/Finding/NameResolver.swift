import Glibc
import Model

/// Asks the system's resolver, as every program of this machine does: its hosts file, its DNS servers.
public struct NameResolver: Sendable {
    public enum Family: String, Sendable, CaseIterable {
        case ipv4 = "A", ipv6 = "AAAA"
    }

    /// What is known of a name.
    public enum Answer: Sendable, Equatable {
        /// As one would write them, in no order; none where the name has none, or is not there.
        case addresses([String])
        /// Nobody could be asked, or the answer was none.
        case failure(String)
    }

    /// Blocks.
    public var resolve: @Sendable (_ name: String, Family) -> Answer

    public init(_ resolve: @escaping @Sendable (String, Family) -> Answer) {
        self.resolve = resolve
    }

    public static let system = NameResolver { name, family in
        switch NamedAddress.all(of: name, family: family == .ipv4 ? AF_INET : AF_INET6) {
        // One that holds only on one link of this machine stands in no URL.
        case .success(let found): .addresses(found.compactMap(\.text).filter { !$0.utf8.contains(UInt8(ascii: "%")) })
        case .failure(let fault): fault.isAbsence ? .addresses([]) : .failure(fault.text)
        }
    }
}
