import Model
import Policy
import Signals

/// A condition's view of one row of a table. It is moved from row to row instead of being made anew, so that a scan over
/// ten thousand apps allocates nothing.
public struct TableRow: ReadingSource {
    public let table: ReadingTable
    public let kind: SubjectKind
    /// Index into the table's apps, replicas or workflows; of no meaning for what is watched by itself.
    public var row: Int

    public init(_ table: ReadingTable, kind: SubjectKind, row: Int = 0) {
        self.table = table
        self.kind = kind
        self.row = row
    }

    @inline(__always)
    public func reading(_ slot: Int) -> Evidence {
        switch kind {
        case .app: table.app(row, slot)
        case .workflow: table.workflow(row, slot)
        case .runtime, .host, .service: table.runtime(slot)
        case .replica: table.replica(row, slot)
        }
    }

    public var localHour: LocalHour? { table.localHour }

    public func whenRead(_ slot: Int) -> String? { table.whenRead(slot) }

    public func label(_ test: Int) -> KnownLabel? { table.label(appRow, test) }

    /// The place of the app that it is, or of which it is a part.
    public var appRow: Int? {
        switch kind {
        case .app: row
        case .workflow: table.workflows[row].app
        case .runtime, .replica, .host, .service: nil
        }
    }

    public var appCount: Int { table.apps.count }

    public func app(at row: Int) -> TableRow { TableRow(table, kind: .app, row: row) }

    public func emptyReason(_ slot: Int) -> MissingReason? { table.emptyReason(slot) }

    public func floor(_ slot: Int) -> Double? {
        switch kind {
        case .app: table.floor(row, slot)
        case .workflow: table.workflowFloor(row, slot)
        case .runtime: table.floor(nil, slot)
        case .replica, .host, .service: nil
        }
    }
}

extension ReadingTable {
    func count(_ kind: SubjectKind) -> Int {
        switch kind {
        case .app: apps.count
        case .workflow: workflows.count
        case .runtime, .host, .service: self.kind.subject == kind ? 1 : 0
        // The one entry of what stands beside runtimes is no process of its own.
        case .replica: self.kind == .runtime ? replicas.count : 0
        }
    }

    /// The row of a subject by the bytes of its id; nil when it is not there.
    func row(of id: [UInt8], _ kind: SubjectKind) -> Int? {
        switch kind {
        case .app: index(of: AppID(bytes: id))
        case .workflow:
            workflows.isEmpty ? nil : Subject(.workflow, id: id, runtime: runtime).workflowPlace.flatMap { index(of: $0.name, app: $0.app) }
        case .runtime, .host, .service: self.kind.subject == kind ? 0 : nil
        case .replica: self.kind != .runtime ? nil : replicas.firstIndex { $0.utf8.elementsEqual(id) }
        }
    }

    func subject(_ kind: SubjectKind, row: Int) -> Subject {
        switch kind {
        case .app: .app(apps[row], runtime: runtime)
        case .workflow: .workflow(workflows[row].name, app: apps[workflows[row].app], runtime: runtime)
        case .runtime: .runtime(runtime)
        case .replica: .replica(replicas[row], runtime: runtime)
        case .host: .host(runtime)
        case .service: .service(runtime)
        }
    }

    /// The rows of a kind that the policy of the app at `row` holds for, ascending.
    func rows(_ kind: SubjectKind, ofApp row: Int) -> Range<Int> { kind == .workflow ? workflows(of: row) : row..<row + 1 }

    /// Everything of a kind that it holds, in its own order.
    public func subjects(_ kind: SubjectKind) -> [Subject] { (0..<count(kind)).map { subject(kind, row: $0) } }

    /// Of a kind that is of apps, what it holds of one app: the app itself, or its workflows.
    public func subjects(_ kind: SubjectKind, of app: AppID) -> [Subject] {
        guard kind.isOfApp, let row = index(of: app) else { return [] }
        return rows(kind, ofApp: row).map { subject(kind, row: $0) }
    }

    /// What a slot's readings are over all apps; anything where each is computed when it is asked for, or where something is known
    /// of those that are missing.
    func appSpread(_ slot: Int) -> Spread {
        guard let readings = plainReadings(slot) else { return .anything }
        var spread = Spread()
        for reading in readings where !spread.add(reading) { return .anything }
        return spread
    }

    /// A view of a subject; nil when the table does not hold it.
    public func view(of subject: Subject) -> TableRow? {
        row(of: subject.idBytes, subject.kind).map { TableRow(self, kind: subject.kind, row: $0) }
    }
}

extension Subject {
    /// Of a workflow its name and its app.
    var workflowPlace: (name: PackID, app: AppID)? {
        if case .workflow(let name, let app, _) = self { (name, app) } else { nil }
    }
}
