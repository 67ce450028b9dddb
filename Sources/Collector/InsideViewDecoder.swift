import Model

/// Reads `/ops/runtime` when it answered 200.
enum InsideViewDecoder {
    /// As many as the extension lists, and some.
    private static let mostApps = 4_096

    static func decode(_ body: Body) throws(MalformedBody) -> InsideView {
        var reader = try ObjectReader(body)
        let root = reader.root
        // Another application may have a page of that name.
        guard reader.int("format", in: root) == 1, root["extension"]?.string != nil else {
            throw MalformedBody("not a page of the runtime extension")
        }
        var view = InsideView()
        if root["runs_tracked"]?.bool == true, root["complete"]?.bool == true {
            // A chat that is run twice at once is two runs: it costs what two cost.
            view.runs = (reader.int("tasks", in: root) ?? reader.int("runs", in: root)).map(bounded)
        }
        let listed = parkedChats(&reader)
        // Told of the whole process, also where apps are left out.
        view.parked = reader.int("parked", in: root).map(bounded) ?? bounded(listed.values.reduce(0, +))
        var seen: Set<AppID> = []
        for item in reader.array("apps", in: root) ?? [] {
            guard view.apps.count < mostApps, let row = item.object, let id = row["app_id"]?.string,
                id.utf8.count <= InsideView.longestID, let runs = row["runs"]?.int, seen.insert(AppID(id)).inserted
            else {
                // Also an app whose runs are null, as on builds that do not show them.
                view.isShortened = true
                continue
            }
            let coming = row["coming"]?.int ?? 0
            let parked = row["parked"]?.int ?? listed[AppID(id)] ?? 0
            let all = bounded(row["tasks"]?.int ?? runs)
            view.apps.append(.init(app: AppID(id), runs: all, coming: bounded(coming), parked: min(bounded(parked), all)))
        }
        if (reader.int("apps_omitted", in: root) ?? 0) > 0 { view.isShortened = true }
        if let loop = reader.object("loop", in: root), loop["lag_max_s"]?.isNull == false {
            view.loopLag = reader.double("lag_max_s", in: loop).flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
        }
        view.malformedFields = reader.malformedFields
        return view
    }

    /// By app, the chats of the page's list that run, wait for a person and have no websocket. Of a shortened list nothing. One
    /// each, however often they run: of two runs of a chat one may work on.
    private static func parkedChats(_ reader: inout ObjectReader) -> [AppID: Int64] {
        var parked: [AppID: Int64] = [:]
        guard reader.int("chats_omitted", in: reader.root) == 0 else { return parked }
        for item in reader.array("chats", in: reader.root) ?? [] {
            guard let row = item.object, let id = row["app_id"]?.string, (row["tasks"]?.int ?? 0) > 0,
                row["waiting"]?.bool == true, row["websocket"]?.bool == false
            else { continue }
            parked[AppID(id), default: 0] += 1
        }
        return parked
    }

    private static func bounded(_ count: Int64) -> Int64 { min(max(count, 0), Int64(Int32.max)) }
}
