import CPlatform
import Glibc

/// Asks the system's resolver for service records (RFC 2782). Blocks.
public enum ServiceLookup {
    public enum Answer: Sendable, Equatable {
        /// The DNS message, as it came.
        case message([UInt8])
        /// The name is not there, or has no such record.
        case nothing
        case failure(String)
    }

    /// The largest message that TCP carries.
    private static let mostBytes = 65_535

    public static func ask(_ name: String) -> Answer {
        guard !name.utf8.contains(0) else { return .nothing }
        var why: Int32 = 0
        var length: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: mostBytes) { buffer, count in
            length = cplatform_srv(name, buffer.baseAddress, Int32(buffer.count), &why)
            count = Int(max(0, length))
        }
        if length >= 0 { return .message(bytes) }
        switch why {
        case HOST_NOT_FOUND, NO_DATA: return .nothing
        default: return .failure(String(cString: hstrerror(why)))
        }
    }
}
