import Model

/// What the daemon says of itself, for health answers and the service manager.
public struct CoreProgress: Sendable {
    public var cycles = 0
    public var lastCycle: Timestamp?
    /// Why the journal cannot be written; nil while it can.
    public var journalError: String?
    /// Actions that resist being undone, and are tried again.
    public var revertsDue = 0
    /// Where the audit log ends, `SEQ:DIGEST`; nil while it is empty.
    public var auditHead: String?
}
