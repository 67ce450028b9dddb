import Model
import Policy
import Signals

/// The figures of a replica as short phrases, each with what it means for whoever looks.
public struct ReplicaFigures: Sendable {
    public enum Tone: String, Sendable { case plain, good, doubtful, bad }

    public let parts: [(text: String, tone: Tone)]

    /// Of one process that is named twice: its runs are known by their ids, and nothing else is.
    static let twice = "its turns, tokens, model calls and websockets count twice"

    /// Of a look that told nothing at all. What cannot be looked at from here (a ping that is not permitted, a file of ours that
    /// is not there) is no fault of the service.
    private static func why(_ reason: MissingReason, _ kind: WatchedKind) -> String {
        kind == .service && reason == .notTracked ? "cannot be looked at from here" : reason.explanation(of: kind)
    }

    /// What is missing is said with its reason and never shown as zero.
    public init(_ replica: RuntimeSummary.Replica) {
        var parts: [(String, Tone)] = []
        if let open = replica.openChats, let tracked = replica.trackedChats {
            let apps = replica.appCount.map { ", \($0) app\($0 == 1 ? "" : "s")" } ?? ""
            parts.append(("\(open) open of \(tracked) chats\(apps)", .plain))
        }
        for endpoint in [Endpoint.host, .probe] {
            guard let said = replica.said[endpoint], !said.isEmpty else { continue }
            parts.append((said, replica.isHealthy.map { $0 ? .good : .bad } ?? .plain))
        }
        switch replica.said[.probe] == nil ? replica.isHealthy : nil {
        case true?: parts.append(("healthy", .good))
        case false?: parts.append(("unhealthy", .bad))
        case nil: break
        }
        if let ping = replica.mongoPingMilliseconds { parts.append(("Mongo ping \(Figure.number(ping)) ms", .plain)) }
        if let websockets = replica.websockets {
            parts.append(("\(websockets) websocket\(websockets == 1 ? "" : "s")", .plain))
        }
        if let errors = replica.errors { parts.append(("\(errors) error\(errors == 1 ? "" : "s")", .plain)) }
        if replica.unreadableFields > 0 {
            parts.append(("\(replica.unreadableFields) unreadable fields left out", .doubtful))
        }
        if let other = replica.sameProcess {
            parts.append(("the same process as \(other): \(ReplicaFigures.twice)", .bad))
        } else if replica.sharedChats > 0 {
            parts.append(("\(replica.sharedChats) open here and on another replica, counted once", .doubtful))
        }
        for endpoint in Endpoint.essential {
            guard let reason = replica.missing[endpoint] else { continue }
            // What stands beside a runtime has no path that anybody would know.
            parts.append((endpoint.beside.map { ReplicaFigures.why(reason, $0) } ?? "\(endpoint.path) \(reason)", .bad))
        }
        self.parts = parts
    }
}
