import Composition
import Configuration
import Cycle
import HTTP
import JSONParsing
import Journal
import Model
import Server
import Signals
import Views

extension DoctorCommand {
    /// What the page would show.
    static func examineCertificate(_ configuration: Configuration, _ now: Timestamp, _ findings: inout Findings) {
        guard let files = configuration.certificate?.value else { return }
        do throws(ServerError) {
            let ends = try ServerCertificate(certificate: files.certificate, key: files.key).examine()
            guard let ends else { return findings.add(.ok, "server: certificate \(files.certificate)") }
            let isSoon = ends - now < .hours(24 * 14)
            findings.add(
                isSoon ? .note : .ok, "server: certificate \(files.certificate), which ends at \(ends)\(isSoon ? ": renew it" : "")")
        } catch {
            findings.add(.broken, "server: no page and no API: \(error.cause) (\(error.address)); \(error.hint)")
        }
    }

    /// What the servers of the engine that runs say of themselves; nothing to say where none does.
    static func examineRunningServers(_ configuration: Configuration, _ assembly: Assembly, _ findings: inout Findings) async {
        guard let folder = try? StateFolder(existing: configuration.state.value), EngineLock.holder(of: folder) != nil else { return }
        guard let (name, listen) = configuration.gate.map({ ("gate", $0.listen) }) ?? configuration.server.map({ ("server", $0.value) }),
            listen.port != 0
        else { return }
        let url = "http://\(reachable(listen))/healthz"
        do throws(HTTPError) {
            let response = try await assembly.client.send(HTTPRequest(.get, url, timeoutMs: 5_000, label: "the running engine"))
            guard let answer = try? response.body.withBytes({ try JSON(parsing: UnsafeRawBufferPointer($0)) }),
                answer["status"]?.string != nil
            else {
                return findings.add(
                    .broken, "\(name): what answers at \(listen) is not the engine that holds the state folder (\(response.status))")
            }
            for text in answer["stuck"]?.array?.compactMap(\.string) ?? [] { findings.add(.broken, "engine: \(text)") }
            if !["ok", "troubled"].contains(answer["status"]?.string), answer["stuck"]?.array?.isEmpty ?? true {
                findings.add(.broken, "engine: it says '\(answer["status"]?.string ?? "")' of itself at \(url)")
            }
            for text in refusals(answer["refused_connections"]?.array ?? []) { findings.add(.note, text) }
        } catch {
            findings.add(
                .broken,
                "\(name): an engine runs, and \(listen) does not answer: \(error); it may be flooded with connections, or run with another configuration"
            )
        }
    }

    /// What was turned away, a line for each server.
    private static func refusals(_ rows: [JSON]) -> [String] {
        var byServer: [(server: String, parts: [String])] = []
        for row in rows {
            guard let server = row["server"]?.string, let reason = row["reason"]?.string, let count = row["count"]?.int, count > 0 else {
                continue
            }
            let why =
                switch reason {
                case "address": "one address held too many"
                case "full": "there were too many in all"
                case "late": "a request was not whole in time"
                default: reason
                }
            if byServer.last?.server != server { byServer.append((server, [])) }
            byServer[byServer.count - 1].parts.append("\(count) because \(why)")
        }
        return byServer.map { server, parts in
            "\(server): connections were turned away since the engine started, \(parts.joined(separator: ", "))"
                + (server == "gate" ? "; what the proxy asked over them was let through. Only the proxy needs to reach this port" : "")
        }
    }

    /// Where this machine reaches what listens there.
    private static func reachable(_ listen: ListenAddress) -> String {
        switch listen.host {
        case "0.0.0.0": "127.0.0.1:\(listen.port)"
        case "::": "[::1]:\(listen.port)"
        default: listen.description
        }
    }
}
