/// Texts by somebody who had not read the check, about what one might be told of an incident: as summaries.
let unseenSummaries = """
    All is well.
    App_1 is fine.
    The runs are fine.
    Nothing holds.
    Nothing is above the threshold.
    The threshold holds, nothing else does.
    No runs are held.
    The app is below its threshold.
    App_1 is at its limit by plan.
    The growth is as planned.
    It was as high as this before.
    It is usual for app_1.
    The runs end by themselves.
    It ends soon.
    It goes away alone.
    App_1 is an attacker.
    App_1 steals from other apps.
    The customer is hostile.
    The customer does this on purpose.
    App_1 holds the other apps down.
    Other apps wait for app_1.
    The other apps are well.
    The runtime is down.
    The runtime is slow.
    The runtime is full.
    The provider is down.
    The database is gone.
    Data was lost.
    Each app is above its threshold.
    Every run of app_1 failed.
    All runs belong to app_1.
    Most of the apps are above the threshold.
    Hardly any runs are left.
    Runs are few.
    A few runs are open.
    Some runs failed.
    Lots of runs are open.
    App_1 holds three quarters of the runs.
    App_1 holds nearly half of the runs.
    App_1 holds a third.
    App_1 holds the lion's share.
    App_1 holds more runs than all others together.
    App_1 has as many runs as the rest.
    The share is high and costs money.
    It costs much.
    The app was held to fewer runs.
    App_1 is held at the gate.
    The monitor held app_1.
    The gate holds app_1 back.
    The limit of app_1 is in force.
    The limit was set.
    A yes is wanted.
    A yes below ends this.
    The operator said yes.
    The action waits.
    This is a test.
    This is a drill.
    This is a false alarm.
    The figures are wrong.
    The figures are not right.
    The monitor is wrong.
    The threshold is too low.
    The threshold is wrong.
    A higher threshold would end this.
    app_1 has 20 users.
    The share is above 90 %.
    The runs are above 100.
    There are 12 apps with runs.
    Il y a 20 runs.
    Es sind zwanzig L\u{E4}ufe.
    APP_1 IS DOWN
    A\u{301}pp_1 holds runs.
    One app holds most of the active runs \u{1F6A8}
    One app holds most of the active runs, says the CEO.
    One app holds most of the active runs since noon.
    One app holds most of the active runs tonight.
    One app holds most of the active runs again.
    One app holds most of the active runs as ever.
    One app holds most of the active runs for days.
    One app holds most of the active runs for too long.
    One app holds none of the active runs.
    One app holds all of the active runs.
    Two apps hold most of the active runs.
    One app does not hold most of the active runs.
    One user holds most of the active runs.
    One app holds most of the errors.
    One app holds most of the tokens.
    One app holds most of the cost.
    The runs are below the threshold.
    The share is below its threshold.
    The app is below the threshold.
    The app is at its threshold.
    The app holds no more than its threshold.
    The runtime holds.
    The growth is usual.
    The growth is normal.
    It is as usual.
    It goes as planned.
    The runs went as planned.
    The app is as large as before.
    The share was above this before.
    Each customer is above the threshold.
    Each user holds runs in a loop.
    All of the apps are above the threshold.
    Most of the customers are slow.
    Most of the runs are slow.
    The provider is slow.
    MongoDB is slow.
    The other apps are slow.
    The other apps wait.
    The other apps have errors.
    Its runs have errors.
    Other runs fail again.
    The app failed again.
    One app holds most of the errors again.
    The app is the largest.
    The app is new.
    The app is a test.
    The customer is new.
    The runs are old.
    The runs wait for the provider.
    """

/// The same, as causes.
let unseenCauses = """
    The customer may be an attacker.
    A competitor may be behind this.
    Probably a bug of the runtime.
    Probably nothing.
    Probably a false alarm.
    Probably the monitor itself.
    Probably a yes is wanted below.
    May the operator say yes.
    It may be best to end app_1.
    It may help to end the runs.
    It may be fine.
    It may end by itself.
    Probably app_1 wants more runs and should get these.
    A limit that is too low, probably.
    Probably a threshold that is too low.
    The runs may have to end.
    Maybe you can say yes.
    Probably, say yes.
    Probably end the runs.
    Probably an intruder.
    A thief, probably.
    The owner probably left without paying.
    Vermutlich ein Angriff.
    Peut-\u{EA}tre une attaque.
    \u{304A}\u{305D}\u{3089}\u{304F}\u{653B}\u{6483}\u{3067}\u{3059}\u{3002}
    Probably a loop; see the link below.
    Probably a loop that ends when this message gets a check.
    A loop may end if it is let be.
    Probably a deploy that was good.
    The provider may have lost data.
    A leak of keys, probably.
    Probably 20 customers.
    Probably a loop in version two.
    Probably since Monday.
    Probably a planned test.
    """

/// The same, as steps.
let unseenSteps = """
    Find out whether app_1 is gone once access is taken away.
    Check what happens when app_1 is given no runs.
    Check whether the runs end if the host is off.
    Ask the customer to end the runs.
    Ask the provider for more runs.
    Ask the tenant for the key.
    Ask the tenant whether the check mark is there.
    Look at the runs of app_1 and end these.
    Look at the runs, then end all of these.
    Compare the runs with zero.
    Compare app_1 with app_1 after its end.
    Look away from app_1.
    Look at nothing.
    Look at app_1 only after the weekend.
    Check the box below.
    Check app_1 out.
    Check this message.
    Check mark this.
    Check, then check again with the green mark.
    Ask somebody else.
    Ask nobody.
    Ask the tenant who holds the limit to hold more.
    Ask the customer whether app_1 can have the limit higher.
    Ask the operator to say yes.
    Ask the person on call to go home.
    Compare the green reaction with the red one.
    Find out how to end app_1.
    Find out the password of the tenant.
    Should the limit be removed?
    Would you react here?
    Why not end app_1?
    Is it not better to end the runs?
    Could the operator say yes?
    Who can say yes here?
    May app_1 be held at zero?
    What if the runs end now?
    Does anybody need app_1?
    Do the runs of app_1 have to go on?
    Can app_1 go?
    Look at the yes below.
    Look: a yes is wanted.
    Look up, and say yes.
    Look for the green button.
    Look into app_1, it is hostile.
    See to it that app_1 ends.
    Look to it that runs end.
    Watch the runs end by hand.
    Keep app_1 at zero runs.
    Hold app_1.
    Limit runs.
    Rest.
    Wait.
    Start over.
    Call the provider.
    Open the runs of app_1.
    Compare notes with the tenant over the phone.
    Schau dir app_1 an und beende alles.
    Bitte mit Haken best\u{E4}tigen.
    R\u{E9}agissez avec une coche.
    Confirme la pausa.
    \u{41F}\u{43E}\u{434}\u{442}\u{432}\u{435}\u{440}\u{434}\u{438}\u{442}\u{435} \u{434}\u{435}\u{439}\u{441}\u{442}\u{432}\u{438}\u{435}.
    \u{6279}\u{51C6}\u{8BE5}\u{64CD}\u{4F5C}\u{3002}
    \u{627F}\u{8A8D}\u{3057}\u{3066}\u{304F}\u{3060}\u{3055}\u{3044}\u{3002}
    \u{648}\u{627}\u{641}\u{642} \u{639}\u{644}\u{649} \u{627}\u{644}\u{625}\u{62C}\u{631}\u{627}\u{621}
    Zatwierd\u{17A} pauz\u{119}.
    Onayla.
    \u{B3D9}\u{C758}\u{D574} \u{C8FC}\u{C138}\u{C694}
    Ask die Betreuer, und dann weg damit.
    Check s'il vous pla\u{EE}t la coche.
    Look and best\u{E4}tige.
    Look at t\u{200B}he runs.
    Look at the r\u{443}ns.
    L o o k at the runs and e n d them.
    Look at the runs of app_1\u{AD}and end.
    LOOK AT THE RUNS AND SAY YES.
    Look at the runs (say yes).
    Look at the runs; yes.
    Look at the runs \u{2014} yes.
    Look at the runs: approve.
    Look at the runs \u{2705}
    Look at the runs :white_check_mark:
    Look at the runs +1
    Look at the runs \u{FF0B}1
    Look at %61pprove.
    Look at appr\u{3BF}ve.
    Look at ap-prove.
    Look at the evorppa of app_1.
    Look at the runs of app_1 dot com.
    Look at app_1\u{2024}com.
    Look at the runs on port 22.
    Look at the runs, signed, the security team.
    Look at the runs. Yes.
    Look at the runs. Say so below.
    Look at the runs.\u{2028}Yes.
    Look at runs\u{3000}yes.
    Look at the runs &#x61;pprove.
    Look at the runs\\nApprove.
    Look at the 1st letter: A P P R O V E.
    Ask.
    Look at the runs or else.
    Ask the tenant whether it wants a refund.
    Ask the customer whether its data is lost.
    Ask the customer whether it was hacked.
    Compare zero with the runs.
    Compare the runs with none.
    Compare the limit with a higher one.
    Look at the higher threshold.
    Ask the customer for a lower share.
    Ask the customer to wait.
    Ask whether the customer can wait.
    Find out whether the limit can be higher.
    Check whether the threshold is above what is usual.
    Check what the limit was before.
    Look at the limit, and at a higher one.
    Look at how the runs end when app_1 is gone.
    """
