/// Where a runtime's replicas are, as whoever was asked for them said: a name's addresses, a file, a server's list.
public struct TargetList: Hashable, Sendable {
    /// More are no fleet that one runtime's figures would be added up of; what is behind them is left out.
    public static let most = 1_000
    /// Labels of so many bytes at most, name and value each.
    public static let longestLabel = 256

    /// What was asked, in an operator's words: `dns runtime.internal`.
    public var source: String
    /// Base URLs without a trailing slash, each once, by their bytes.
    public private(set) var replicas: [String]
    /// What all of them are called.
    public private(set) var labels: [String: String]
    /// What is not right about the answer though it is one, in words for people.
    public var remark: String?

    public init(source: String, replicas: some Sequence<String>, labels: [String: String] = [:], remark: String? = nil) {
        self.source = source
        let all = Set(replicas.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }).inByteOrder()
        self.replicas = Array(all.prefix(TargetList.most))
        self.remark = all.count > TargetList.most ? "of \(all.count) replicas only the first \(TargetList.most) are watched" : remark
        self.labels = labels.filter {
            !$0.key.isEmpty && $0.key.utf8.count <= TargetList.longestLabel && $0.value.utf8.count <= TargetList.longestLabel
        }
    }

    /// As on tapes: `{"source":"dns runtime.internal","replicas":["http://10.0.0.5:8000"],"labels":{"tier":"gold"}}`.
    public var document: JSON {
        var document: JSONObject = [
            "source": .string(source), "replicas": .array(replicas.map(JSON.string)),
            "labels": .object(JSONObject(labels.inByteOrder(of: \.key).map { (key: $0.key, value: .string($0.value)) })),
        ]
        if let remark { document.append("remark", .string(remark)) }
        return .object(document)
    }

    /// The list as an observation of a runtime.
    /// - Parameter elapsedMilliseconds: how long the answer took.
    public func observation(of runtime: String, at: Timestamp, elapsedMilliseconds: Double = 0) -> Observation {
        Observation(
            at: at, runtime: runtime, replica: Observation.targets, endpoint: .targets, elapsedMilliseconds: elapsedMilliseconds,
            outcome: .answer(
                .init(status: 200, date: nil, contentType: "application/json", body: Body(document.serializedBytes()))))
    }
}
