import Model

/// The words that it knows.
extension PlainSpeech {
    /// Words that join, point and measure.
    static let small: Set<String> = words(
        """
        a an the of in on at by for from to with within and or but nor than as that which who whose what where when while
        after before since because if whether how it its this these those they their them there one another other each per
        about near around above below under over between among more less most least only also still then so up out into
        through during beside behind against across along ago itself others both either together too very rather quite even again not never
        always is are was were be been being has have had does do did may might could can
        """
    ).subtracting(["both", "very", "never", "too", "out"])

    /// How sure a guess is.
    static let hedges: Set<String> = words(
        "probably perhaps possibly maybe likely likeliest apparently presumably seems seem appears appear suggests suggest looks may might could can guess"
    )

    /// What is spoken of.
    static let things: Set<String> = words(
        """
        app apps application applications run runs runtime runtimes replica replicas instance instances process processes
        share shares threshold thresholds limit limits condition load traffic demand customer customers tenant tenants user users
        workflow workflows chat chats script scripts loop loops job jobs batch batches schedule schedules retry retries prompt prompts
        model models provider providers database mongodb network host machine machines latency latencies rate rates
        error errors failure failures token tokens spending spend cost costs rule rules test tests figure figures series
        reading readings value values evidence start starts end ends connection connections websocket websockets health
        answer answers turn turns call calls tool tools agent agents growth rise rises fall burst bursts spike spikes peak
        queue queues backlog request requests restart restarts release releases deployment deployments
        change changes cause causes reason reasons guess pattern patterns campaign import imports window span minute
        minutes hour hours second seconds day days time times incident incidents trend part parts rest size length number numbers
        count counts median quantile level levels usage use age progress context input inputs output outputs
        event events ping pings poll polls bug graph graphs activity amount behaviour behavior
        conversation conversations session sessions service services server servers system memory cpu timeout timeouts consumption
        client clients result results
        """
    ).subtracting(["token"])

    /// How it is.
    static let qualities: Set<String> = words(
        """
        active open busy high higher highest low lower lowest large larger largest long longer longest slow slowly slower slowest fast faster
        silent silently stalled steady recent new newest usual usually unusual unusually noisy noisier heavy heavier parallel
        concurrent own same similar different whole average mean short shorter young old older oldest late later early earlier
        repeated repeatedly sudden suddenly gradual gradually constant constantly currently now first last next previous
        missing unknown unreadable unreachable ordinary scheduled planned meant likely total ended failed failing
        started running regular irregular automatic outside further true similarly mostly mainly partly often due elevated roughly nearly almost well
        """
    ).subtracting(["well", "automatic"])

    /// What figures and runs do; none of them does anything to anybody.
    static let doings: Set<String> = words(
        """
        holds held holding takes took taken taking rises rose risen rising grows grew grown growing falls fell fallen falling
        stays stayed exceeds exceeded exceeding answers answered answering starts starting ends ending fails burns burned
        burning uses used using spends spent comes came coming begins began begun lasts lasted lasting shows showed shown
        points runs fires fired loops looping repeats repeating makes made making belongs keeps kept keeping waits waiting
        means causes caused changes changed compared follows followed remains remained reaches reached returns returned
        carries carried counts counted measured seen known found explains explained says said coincides coincided began
        leads led differs differed matches matched increases increased decreases decreased shared responds consumes consumed consuming accounts dominates crosses crossed
        generates generated generating sends exceeding allows created creates wrote writes
        """
    ).subtracting(["wrote", "writes", "said", "says", "returned", "increased", "created"])

    /// The same without an ending, which could begin an order. Never where a clause begins, nor behind `to`.
    static let bare: Set<String> = words(
        """
        hold take rise grow fall stay exceed answer start end fail burn use spend come begin last show point run loop repeat
        make belong keep wait mean cause change follow remain reach carry count explain lead differ match increase share
        load test retry open call prompt rest restart limit release poll ping import schedule spike turn loop guess number
        """
    ).subtracting(["guess"])

    /// What a step may be begun with.
    static let looking: Set<String> = words(
        """
        analyse analyze ask assess check compare correlate count determine double estimate evaluate examine find
        identify inspect investigate list look measure monitor note observe plot read recheck review search see sort study
        trace track understand validate verify watch
        """)
    static let asking: Set<String> = words("look looks asked ask check checks compare find see read who whom")
    /// Words that stand only behind certain others, because alone they say more than anybody saw: `not` only of answers,
    /// `most` only of something, `no` never.
    static let following: [String: Set<String>] = [
        "not": words("answer answering answered end ended known seen counted unusual the a among in of only reach make"),
        "most": words("of"), "double": words("check"), "least": words("0 one two three ten"),
        "usual": words("of for share load rate rates value values level runs cost spending growth"),
    ]
    /// Two words that make an order or an all-clear of harmless ones.
    static let pairs: [[String]] =
        [
            ["has", "to"], ["have", "to"], ["had", "to"], ["is", "to"], ["are", "to"], ["be", "to"], ["was", "to"], ["were", "to"],
            ["so", "that"],
            ["can", "be"], ["could", "be", "ended"], ["may", "be", "ended"], ["can", "wait"], ["may", "wait"], ["could", "wait"],
            ["might", "wait"],
            ["and", "then"], ["all"], ["if", "not"], ["what", "if"], ["how", "about"], ["what", "about"], ["is", "over"], ["was", "over"],
            ["seems", "over"],
            ["it", "can"], ["one", "can"], ["one", "could"], ["one", "may"], ["one", "might"], ["they", "can"], ["only", "then"],
            ["it", "is", "time"], ["time", "to"],
            ["not", "an", "incident"], ["not", "a", "spike"], ["not", "the"], ["usual", "again"],
            // Deeds that nobody did, and what nobody can be sure of.
            ["been", "held"], ["is", "held"], ["was", "held"], ["are", "held"], ["were", "held"], ["being", "held"], ["started", "again"],
            ["is", "the", "cause"], ["are", "the", "cause"], ["was", "the", "cause"], ["is", "the", "only"], ["is", "the", "first"],
        ] + permissions
    /// What a guess never says of a load or an app, but somebody who allows it.
    private static let permissions: [[String]] = ["can", "could", "may", "might"].flatMap { modal in
        ["hold", "stay", "keep", "remain", "go", "use more", "take more", "have more", "have the", "run", "begin again"].map {
            [modal] + $0.split(separator: " ").map(String.init)
        }
    }
    /// What names nobody in a step but whom one may ask.
    static let marks: Set<Character> = Set(".,;:()'-%/$<>=\"–—’‘“”…?!+")

    /// Whom a step may ask.
    static let people: Set<String> = words("team owner owners")
    /// Claims of a statement that are questions behind `whether`.
    static let claims: [[String]] = ["ordinary", "planned", "meant", "scheduled", "usual", "known"].flatMap { word in
        ["is", "are", "was", "were", "be", "been"].map { [$0, word] }
    }
}
