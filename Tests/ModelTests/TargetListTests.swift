import Model
import Testing

/// Who a runtime's replicas are, as a value.
@Suite struct TargetListTests {
    @Test("replicas stand once each, by their bytes, without a slash at the end")
    func order() {
        let list = TargetList(source: "s", replicas: ["http://b:1/", "http://a:1", "http://b:1"])
        #expect(list.replicas == ["http://a:1", "http://b:1"] && list.remark == nil)
        #expect(list == TargetList(source: "s", replicas: ["http://a:1", "http://b:1"]))
    }

    @Test("a list without end has one, and says so; labels without end are none")
    func bounds() {
        let many = (0..<TargetList.most + 1).map { "http://h\($0):1" }
        let list = TargetList(
            source: "s", replicas: many,
            labels: ["tier": "gold", "": "x", "long": String(repeating: "x", count: TargetList.longestLabel + 1)])
        #expect(list.replicas.count == TargetList.most && list.labels == ["tier": "gold"])
        #expect(list.remark == "of \(many.count) replicas only the first \(TargetList.most) are watched")
    }

    @Test("a document is the same for the same list")
    func document() {
        let one = TargetList(source: "s", replicas: ["http://a:1"], labels: ["b": "2", "a": "1"], remark: "r")
        #expect(
            one.document.serialized()
                == #"{"source":"s","replicas":["http://a:1"],"labels":{"a":"1","b":"2"},"remark":"r"}"#)
        #expect(TargetList(source: "s", replicas: []).observation(of: "shared", at: Timestamp(milliseconds: 0)).endpoint == .targets)
    }
}
