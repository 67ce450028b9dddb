/// What reads bytes of others, one case for each kind: never a trap, an endless loop or a sanitiser's word, whatever the bytes. Besides,
/// each keeps a promise that can be tried on any input.
public enum FuzzedReader: String, CaseIterable, Sendable {
    case yaml
    case policy
    case condition
    case configuration
    case metricsPage = "metrics-page"
    case tape
    case json
    case gateTarget = "gate-target"
    case request
    case order
    case mail
    case mailReply = "mail-reply"
    case journalRow = "journal-row"
    case history

    /// Reads the bytes.
    /// - Returns: the promise that was broken, if one was.
    public func read(_ bytes: [UInt8]) -> String? {
        switch self {
        case .yaml: SourceReading.yaml(bytes)
        case .policy: SourceReading.policy(bytes)
        case .condition: SourceReading.condition(bytes)
        case .configuration: SourceReading.configuration(bytes)
        case .metricsPage: WireReading.metricsPage(bytes)
        case .tape: WireReading.tape(bytes)
        case .json: WireReading.json(bytes)
        case .gateTarget: WireReading.gateTarget(bytes)
        case .request: WireReading.request(bytes)
        case .order: OrderReading.body(bytes)
        case .mail: MailReading.mail(bytes)
        case .mailReply: MailReading.reply(bytes)
        case .journalRow: JournalReading.row(bytes)
        case .history: JournalReading.history(bytes)
        }
    }
}
