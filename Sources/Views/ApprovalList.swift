import Guard
import Model

/// Offers that wait for a person, or waited.
public struct ApprovalList {
    private let approvals: [Approval]

    public init(_ approvals: [Approval]) { self.approvals = approvals }

    /// The whole list; of the API a page of it.
    /// - Parameter next: the cursor of the page that follows; nil: there is none.
    public func document(next: String? = nil) -> OutputDocument {
        OutputDocument(.approvals, ["approvals": .array(approvals.map(\.document)), "next_cursor": .optional(next)])
    }
}
