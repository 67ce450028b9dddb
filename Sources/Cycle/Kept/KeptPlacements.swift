import Actions
import JSONParsing
import Journal
import Model

extension PlacementBook {
    /// What earlier runs left at adapters. Throws where one of it cannot be read: what it says must be undone would not be.
    /// A journal that does not answer throws its own error.
    public init(from journal: Journal) throws {
        do {
            let rows = try journal.placements()
            self.init(try rows.map { try Placement(document: JSON(parsing: Array($0.document.utf8))) })
        } catch let error as JournalError where error.isUnanswered {
            throw error
        } catch {
            throw MonitorError(
                what: "cannot take up what is at the adapters from \(journal.path)", why: "\(error)",
                hint: "it was written by another version or damaged; move the file aside to start anew, and look at the adapters by hand")
        }
    }
}
