"""A real browser on the page: Debian's chromium, driven over its debugging pipe.

usage: browser.py PLAN PICTURES

PLAN is JSON: {"pages": [{"name", "url", "holds": [texts], "mays": [texts]}], "press": [{"url", "token", "heading", "told"}: with scripts, without, and by somebody else], "keys": URL,
"plain": URL, "lab": URL}. Each page is looked at as a phone, a desktop, a desktop at 200 % and the smallest screen show it, by day and
by night, and judged by the rules of axe-core; pictures go to the folder. Prints `NAME ok`, or what is wrong, a line each.
"""
import importlib.util
import json
import pathlib
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Chromium"))
from chromium import Browser  # noqa: E402

PHONE, DESKTOP, ZOOMED, SMALL = (390, 1400), (1280, 1200), (640, 600), (320, 900)
AXE = pathlib.Path(importlib.util.find_spec("axe_core_python").origin).with_name("axe.min.js").read_text()


# What a reader of the page needs, and what automatic checkers ask: names of fields and buttons, one h1, ids once, no way sideways.
CHECKS = """(() => {
  const wrong = [];
  if (document.documentElement.scrollWidth > window.innerWidth) wrong.push('wider than the screen: ' + document.documentElement.scrollWidth + ' in ' + innerWidth + ', by ' + [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && getComputedStyle(e).position !== 'absolute').slice(0, 3).map((e) => e.outerHTML.slice(0, 120)).join(' | '));
  if (document.querySelectorAll('h1').length !== 1) wrong.push('h1: ' + document.querySelectorAll('h1').length);
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  if (new Set(ids).size !== ids.length) wrong.push('ids twice: ' + ids.filter((id, i) => ids.indexOf(id) !== i));
  for (const field of document.querySelectorAll('input:not([type=hidden]):not([aria-hidden]), select')) if (!field.labels.length) wrong.push('no label: ' + field.name);
  for (const button of document.querySelectorAll('button, a')) if (!(button.textContent.trim() || button.getAttribute('aria-label'))) wrong.push('no name: ' + button.outerHTML.slice(0, 80));
  for (const part of document.querySelectorAll('[aria-labelledby]')) if (!document.getElementById(part.getAttribute('aria-labelledby'))) wrong.push('labelled by nothing');
  if (!document.documentElement.lang || !document.title) wrong.push('no language or title');
  for (const svg of document.querySelectorAll('svg')) if (!svg.getAttribute('aria-label')) wrong.push('a picture without words');
  return wrong;
})()"""


# Violations of the rules of WCAG 2.1 A and AA that can be told by looking, each with what it is about.
JUDGED = """axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations']}).then((r) =>
  r.violations.map((v) => v.id + ': ' + v.nodes.slice(0, 2).map((n) => n.html.slice(0, 160) + ' ' + n.failureSummary.slice(0, 200)).join(' | ')))"""


def look(browser, page, pictures):
    wrong = []
    origin = "/".join(page["url"].split("/")[:3])
    browser.size(PHONE, False)
    # What the page before still asks for is not this one's.
    browser.open("about:blank")
    browser.open(page["url"])
    text = browser.run("document.body.innerText")
    wrong += [f"does not say {words!r}" for words in page["holds"] if words not in text]
    browser.run(AXE + ";0")
    for size, dark in ((PHONE, False), (DESKTOP, True), (ZOOMED, False), (SMALL, False)):
        browser.size(size, dark)
        where = f"{size[0]} {'dark' if dark else 'light'}"
        wrong += [f"{where}: {fault}" for fault in browser.run(CHECKS)]
        if size in (PHONE, DESKTOP):
            wrong += [f"{where}: axe: {fault}" for fault in browser.run(JUDGED)]
            browser.picture(pictures / f"{page['name']}-{size[0]}-{'dark' if dark else 'light'}.png")
    wrong += browser.faults(origin, page.get("mays", ()))
    if browser.run("typeof window.hacked") != "undefined":
        wrong.append("foreign text ran")
    return wrong


def keys(browser, url):
    """The keyboard finds its way, says so on demand, and can be told to be quiet."""
    wrong = []
    browser.size(DESKTOP, False)
    browser.open(url)

    def press(key, code=None):
        for kind in ("keyDown", "keyUp"):
            browser.ask("Input.dispatchKeyEvent", type=kind, key=key, text=key if kind == "keyDown" and len(key) == 1 else "", code=code or key,
                        windowsVirtualKeyCode=27 if key == "Escape" else ord(key[0].upper()))

    def holds(what, script):
        if not browser.run(script):
            wrong.append(what)

    press("?")
    holds("? shows no keys", "document.getElementById('keys').open")
    press("j")
    holds("a key acts below the list of keys", "!document.activeElement.matches('article h3 a')")
    press("Escape")
    holds("Escape does not close it", "!document.getElementById('keys').open")
    press("j")
    holds("j finds no incident", "document.activeElement.matches('article h3 a[href^=\"/incidents/\"]')")
    press("a")
    holds("a finds nothing to acknowledge with", "document.activeElement.textContent.includes(' ack ') || document.activeElement.matches('button')")
    browser.run("document.getElementById('keys-on').click()")
    press("j")
    holds("switched off, a key acts", "!document.activeElement.matches('article h3 a')")
    browser.run("document.getElementById('keys-on').click()")
    browser.goes(lambda: press("6"))
    holds("6 shows no six hours", "document.querySelector('.range [aria-current]').textContent === '6 hours'")
    browser.goes(lambda: press("l"))
    holds("l shows no lab", "location.pathname === '/lab'")
    return wrong + browser.faults("/".join(url.split("/")[:3]))


def plain(browser, url):
    """Time and clocks are chosen without scripts."""
    wrong = []
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        for target, words in (("/?range=6h", "The last 6 hours"), ("/?zone=%2B05:30", "UTC+05:30"), ("/", "UTC+05:30"),
                              ("/?range=nonsense", "is a span of 5m to 31d"), ("/?zone=UTC", "UTC")):
            browser.open(url + target)
            root = browser.ask("DOM.getDocument", depth=-1)["root"]["nodeId"]
            if words not in browser.ask("DOM.getOuterHTML", nodeId=root)["outerHTML"]:
                wrong.append(f"{target} does not say {words!r}")
    finally:
        browser.ask("Emulation.setScriptExecutionDisabled", value=False)
    return wrong


def lab(browser, url, pictures):
    """A threshold is tried, and what would have been stands there; with the page's own script."""
    wrong = []
    browser.size(PHONE, False)
    browser.open(url)
    browser.run("document.getElementById('lab-text').value = 'thresholds: {max_active_runs: 50}'")
    browser.goes(lambda: browser.run("document.querySelector('form[action=\"/lab\"] button').click()"))
    for _ in range(1200):
        if "To keep it" in browser.run("document.body.innerText"):
            break
        # The page asks anew by itself, in its own time; nothing is judged by how long it takes.
        time.sleep(0.1)
    text = browser.run("document.body.innerText")
    wrong += [f"does not say {words!r}: {text[:600]}" for words in ("more incident", "runtime-crowded", "ops_rules.lab.yaml") if words not in text]
    if browser.run("[...document.querySelectorAll('.wide')].some((e) => e.scrollWidth > e.clientWidth)"):
        wrong.append("a table is wider than a phone")
    browser.run(AXE + ";0")
    wrong += browser.run(CHECKS) + browser.run(JUDGED)
    browser.picture(pictures / "lab-result-390-light.png")
    return wrong + browser.faults("/".join(url.split("/")[:3]))


def find(browser, selector):
    """Where an element's middle is; by the debugger's own hands, which work where the page's scripts do not."""
    root = browser.ask("DOM.getDocument")["root"]["nodeId"]
    node = browser.ask("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
    assert node, f"no {selector}"
    browser.ask("DOM.scrollIntoViewIfNeeded", nodeId=node)
    quad = browser.ask("DOM.getBoxModel", nodeId=node)["model"]["content"]
    return (quad[0] + quad[4]) / 2, (quad[1] + quad[5]) / 2


def click(browser, selector):
    x, y = find(browser, selector)
    for kind in ("mousePressed", "mouseReleased"):
        browser.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


def closed(browser, plan):
    """Where a form for signing in stands in the place of a page, its part that the link named is come back to, without scripts too."""
    wrong = []
    for scripts in (False, True):
        browser.ask("Network.clearBrowserCookies")
        browser.ask("Emulation.setScriptExecutionDisabled", value=not scripts)
        browser.open("about:blank")
        browser.open(plan["url"] + "#asks")
        for token in ("mozops_mistyped", plan["token"]):
            click(browser, "#token")
            browser.ask("Input.insertText", text=token)
            browser.goes(lambda: click(browser, "form.sign button"))
        frame = browser.ask("Page.getFrameTree")["frameTree"]["frame"]
        if frame["url"] != plan["url"] or frame.get("urlFragment") != "#asks":
            wrong.append(f"scripts {scripts}: did not come back to what waits: {frame}")
    browser.ask("Emulation.setScriptExecutionDisabled", value=False)
    # That nobody may read it yet is told as an error, and no fault.
    browser.faults(plan["url"])
    return wrong


def press(browser, plan, pictures, scripts):
    """From a link to a yes: sign in, approve, read what came of it; with and without scripts."""
    name = "press" if scripts else "press-without-scripts"
    origin = "/".join(plan["url"].split("/")[:3])
    browser.ask("Network.clearBrowserCookies")
    browser.size(PHONE, False)
    browser.ask("Emulation.setScriptExecutionDisabled", value=not scripts)

    def body():
        root = browser.ask("DOM.getDocument", depth=-1)["root"]["nodeId"]
        return browser.ask("DOM.getOuterHTML", nodeId=root)["outerHTML"]

    wrong = []
    # As a message's link has it: to what waits. From elsewhere: within a page a part of it is no other page.
    browser.open("about:blank")
    browser.open(plan["url"] + "#asks")
    wrong += ["buttons before anybody signed in"] if "/do/" in body() else []
    browser.goes(lambda: click(browser, "a.who"))
    click(browser, "#token")
    browser.ask("Input.insertText", text="mozops_mistyped")
    browser.goes(lambda: click(browser, "form.sign button"))
    wrong += [] if "nobody has that token" in body() else ["a wrong token was not refused"]
    click(browser, "#token")
    browser.ask("Input.insertText", text=plan["token"])
    browser.goes(lambda: click(browser, "form.sign button"))
    page = body()
    wrong += [] if plan["heading"] in page else ["did not come back to where it was"]
    frames = browser.ask("Page.getFrameTree")["frameTree"]["frame"]
    # Without scripts the link in the page's head knows of no part.
    wrong += [] if not scripts or frames.get("urlFragment") == "#asks" else [f"did not come back to what waits: {frames}"]
    wrong += browser.faults(origin)
    browser.picture(pictures / f"{name}-signed-in.png")
    cookies = browser.ask("Network.getCookies", urls=[origin])["cookies"]
    wrong += [] if cookies and all(c["httpOnly"] and c.get("sameSite") == "Strict" for c in cookies) else [f"cookies: {cookies}"]
    # A link in somebody's chat: the cookie does not come along with the first request.
    browser.open("data:text/html," + urllib.parse.quote(f'<a href="{plan["url"]}">an incident</a>'))
    browser.goes(lambda: click(browser, "a"))
    for _ in range(1200):
        try:
            if "/do/approvals/" in body():
                break
        except RuntimeError:
            pass  # Between two pages there is none.
        # The browser follows two redirects in its own time, and tells of neither; nothing is judged by how long it takes.
        time.sleep(0.1)
    wrong += [] if "/do/approvals/" in body() else ["no buttons behind a link from elsewhere: " + body()[:300]]
    browser.goes(lambda: click(browser, "button.yes"))
    wrong += [] if plan["told"] in body() else [f"does not say {plan['told']!r}"]
    wrong += browser.faults(origin)
    browser.picture(pictures / f"{name}-asked.png")
    browser.goes(lambda: click(browser, "form.who button"))
    wrong += [] if "/do/" not in body() else ["buttons after signing out"]
    # A page of another site that sends the same form: neither cookie nor form of ours.
    other = "data:text/html," + urllib.parse.quote(
        f'<form method=post action="{origin}/do/actions/stop"><input name=form value=x><button>x</button></form>')
    browser.open(other)
    browser.goes(lambda: click(browser, "button"))
    wrong += [] if "From elsewhere" in body() else ["another page's form was not refused: " + body()[:300]]
    browser.ask("Emulation.setScriptExecutionDisabled", value=False)
    return wrong


def over(browser, plan, pictures):
    """Somebody types beside an offer that another one answers: the buttons go at once, and nothing typed is sent."""
    wrong = []
    origin = "/".join(plan["url"].split("/")[:3])
    browser.ask("Network.clearBrowserCookies")
    browser.size(PHONE, False)
    browser.open(origin + "/sign-in?then=" + urllib.parse.quote(plan["url"][len(origin):] + "#asks", safe=""))
    browser.run(f"document.getElementById('token').value = {json.dumps(plan['token'])}")
    browser.goes(lambda: browser.run("document.querySelector('form.sign button').click()"))
    wrong += [] if browser.run("location.hash") == "#asks" else ["did not come back to what waits"]
    browser.run("""(async () => {
      const form = document.querySelector('[data-ask] form'), fields = new URLSearchParams(new FormData(form));
      form.querySelector('input[name=comment]').value = 'half a sentence';
      await fetch(form.action, {method: 'POST', body: fields});
      document.dispatchEvent(new Event('visibilitychange'));
    })()""")
    for _ in range(1200):
        if not browser.run("document.querySelectorAll('[data-ask] button:not([disabled]), form[action*=approve] button:not([disabled])').length"):
            break
        # The page asks anew in its own time; nothing is judged by how long it takes.
        time.sleep(0.1)
    else:
        wrong.append("an offer that was answered keeps its buttons")
    text = browser.run("document.body.innerText")
    wrong += [] if "waits no more" in text or "Yes, said" in text else [f"does not say that it is answered: {text[:600]}"]
    browser.picture(pictures / "over.png")
    return wrong + browser.faults(origin)


def silent(browser, url):
    """Nothing is heard: of when what stands there is, is said by the page's clocks, whatever the browser's are."""
    browser.ask("Emulation.setTimezoneOverride", timezoneId="Asia/Tokyo")
    browser.open(url)
    browser.ask("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=-1, uploadThroughput=-1)
    browser.run("document.dispatchEvent(new Event('visibilitychange'))")
    for _ in range(1200):
        if not browser.run("document.getElementById('lost').hidden"):
            break
        # The browser gives a request up in its own time; nothing is judged by how long it takes.
        time.sleep(0.1)
    said = browser.run("document.getElementById('lost').textContent")
    told = browser.run("document.querySelector('header .asof').textContent")
    browser.ask("Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1)
    browser.ask("Emulation.setTimezoneOverride", timezoneId="")
    return [] if told and told in said else [f"does not say {told!r}: {said!r}"]


def main():
    plan = json.loads(pathlib.Path(sys.argv[1]).read_text())
    pictures = pathlib.Path(sys.argv[2])
    pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(profile)
        try:
            for page in plan["pages"]:
                wrong = look(browser, page, pictures)
                print(page["name"], "ok" if not wrong else wrong, flush=True)
            for scripts, offer in zip((True, False), plan["press"]):
                wrong = press(browser, offer, pictures, scripts)
                print("press" if scripts else "press without scripts", "ok" if not wrong else wrong, flush=True)
            for name, wrong in (("over", over(browser, plan["press"][2], pictures)), ("keys", keys(browser, plan["keys"])), ("plain", plain(browser, plan["plain"])), ("lab", lab(browser, plan["lab"], pictures)), ("silent", silent(browser, plan["keys"])), ("closed by link", closed(browser, plan["closed"]))):
                print(name, "ok" if not wrong else wrong, flush=True)
        finally:
            browser.close()


main()
