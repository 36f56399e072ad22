"""Drives the page of a real server in a browser: every page and every action, by pointer and by keyboard alone.

usage: drive_page.py PROGRAM FOLDER [POSTGRESQL-URL]

FOLDER is empty or not there; a shop is made in it, or in a database of its own on a server. Prints one JSON object a claim, with
what is wrong, or null. DRIVE_PARTS names some of the parts; all by default. DRIVE_FILES names a folder whose files
stand for those in the program, so that what is being written is tried without a build.
"""
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import urllib.request
import uuid

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
from sample_shop import BIG, Shop  # noqa: E402

BASE = "/tools/tranche"
PAGES = {
    "overview": "#/", "jobs": "#/jobs", "failed jobs": "#/jobs?status=failed", "run": "#/run/mail/?meta=message",
    "gaps": "#/run/parse/?meta=orders&tab=gaps", "plan": "#/run/thumbs/?meta=photo&tab=plan",
    "changes of a run": "#/run/thumbs/?meta=photo&tab=changes", "backfill": "#/run/parse/fix-2026-11?meta=orders",
    "item": "#/items/417", "items": "#/items", "budgets": "#/budgets", "workflows": "#/workflows", "graph": "#/graph",
    "changes": "#/changes", "nowhere": "#/nowhere", "unknown run": "#/run/none/?meta=none",
}


class Drive:
    """A browser in front of a server."""

    def __init__(self, shop, browser):
        self.shop, self.browser, self.noise, self.lost, self.pages = shop, browser, [], [], []
        self.pictures = os.environ.get("TRANCHE_TEST_PICTURES")
        self.server, self.url = shop.serve("--operate", "--base", BASE, "--name", "shop", "--colour", "#0f7b6c")
        self.listen = self.url.split("/")[2]
        self.files = os.environ.get("DRIVE_FILES")
        self.faults = 0

    def page(self, scheme="light", width=1280, **options):
        """Opens a page of its own; what its console says is kept."""
        context = self.browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 900}, reduced_motion="reduce", **options
        )
        if self.files:
            context.route(lambda url: "/v1/" not in url, self.give)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: self.noise.append(message.text))
        page.on("pageerror", lambda error: self.noise.append(str(error)))
        page.on("requestfailed", lambda request: self.lost.append(f"{request.url}: {request.failure}"))
        page.on("request", lambda request: self.noise.append(f"asked {request.url}")
                if not request.url.startswith((self.url, "http://" + self.listen)) else None)
        self.pages.append(page)
        return page

    def give(self, route):
        """Gives a file of the folder, under the policy of the server."""
        name = route.request.url.split("?")[0].split("/")[-1] or "index.html"
        path = pathlib.Path(self.files) / name
        if not path.is_file():
            return route.continue_()
        types = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
        return route.fulfill(status=200, body=path.read_bytes(), headers={
            "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            "content-type": types[name.split(".")[-1]] + "; charset=utf-8",
        })

    @contextlib.contextmanager
    def claim(self, words):
        """Says whether what happens within holds."""
        fault = None
        try:
            yield
        except Exception as error:  # Whatever it is, the other claims are looked at.
            fault = f"{type(error).__name__}: {error}"[:1500]
            if self.pages:
                fault += f"; the page shows {shown(self.pages[-1])!r}; the consoles say {self.noise[-20:]}; "
                fault += f"not answered: {self.lost[-20:]}"
            if self.pictures and self.pages:
                self.pages[-1].screenshot(path=f"{self.pictures}/{words[:40].replace(' ', '-')}.png")
        print(json.dumps({"claim": words, "fault": fault}), flush=True)
        self.faults += fault is not None
        if self.faults > 9:
            raise SystemExit("there is too much wrong to go on")

    def go(self, page, hash_, selector="main h1"):
        page.goto(self.url + hash_)
        page.wait_for_selector(selector)
        page.wait_for_selector(".feed.live")
        page.wait_for_selector("main .pending", state="detached")

    def api(self, path):
        """A document of the server, as it is."""
        with urllib.request.urlopen(self.url + path) as answer:
            return json.load(answer)

    def quiet(self):
        """What the consoles said since the last time is nothing."""
        noise, self.noise = self.noise, []
        # A run that there is not is answered with 404, which a browser writes down. It ends requests
        # where a network of the machine comes or goes, as a container's does, and the page asks again.
        noise = [line for line in noise if "404" not in line and "ERR_NETWORK_CHANGED" not in line]
        assert not noise, noise

    def stop(self):
        self.server.terminate()
        self.server.wait(20)

    def start(self):
        self.server, self.url = self.shop.serve("--operate", "--base", BASE, "--name", "shop", listen=self.listen)


def shown(page):
    """What a page shows; it may be closed, or not answer."""
    try:
        return page.evaluate("document.body.innerText")[:300]
    except Exception as error:  # The fault that is told is another one.
        return str(error)[:100]


# MARK: Looks

def violations(page):
    """What axe finds, with where."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {node['html'][:120]} {node['failureSummary'][:200]}" for each in found
            for node in each["nodes"][:3]]


def look(drive):
    """Every page in the light and in the dark, wide and narrow."""
    failed = drive.api("v1/runs/mail/-/batches?status=failed")["batches"][0]["batch"]
    pages = PAGES | {"batch": f"#/batch/{failed}", "attempt": f"#/batch/{failed}?attempt=1"}
    for scheme, width in [("light", 1280), ("dark", 1280), ("light", 400), ("dark", 400)]:
        page = drive.page(scheme, width)
        for name, hash_ in pages.items():
            with drive.claim(f"the page '{name}' in the {scheme} at {width} px is sound"):
                drive.go(page, hash_)
                wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                assert wide <= 0, f"it is {wide} px too wide"
                assert not (found := violations(page)), found
                drive.quiet()
        page.context.close()


def first_screen(drive):
    page = drive.page()
    with drive.claim("the first screen says who it is, what is wrong, how much waits, and why jobs are not faster"):
        drive.go(page, "#/")
        assert page.title().endswith("Overview · shop"), page.title()
        text = page.inner_text("main").replace("\u00a0", " ")
        for part in ["need you", "mail", "Waiting", "Oldest waits", "Done a minute", "Failed in 24 h", "fix-2026-11",
                     "disk", "etl-1", "paused: the bank's server is down until Monday", "the night is over", "etl-2"]:
            assert part in text, f"{part!r} is missing in {text}"
        first = page.locator("table.jobs tbody tr").first.inner_text()
        assert "failed" in first, first
        own = page.evaluate("getComputedStyle(document.querySelector('.mark rect')).fill")
        assert own == "rgb(15, 123, 108)", own
        assert "colour=" in page.get_attribute("#icon", "href")
    with drive.claim("each clause of the verdict leads to the run it is about"):
        page.locator(".verdict li a", has_text="mail").click()
        expect(page.locator("h1")).to_have_text("mail")
        expect(page.locator("td.says .line").first).to_contain_text("421 mail.example")
    with drive.claim("a number leads to the list that it counts"):
        drive.go(page, "#/run/mail/?meta=message")
        page.locator("dd", has_text="2 batches").locator("a").first.click()
        expect(page.locator("tbody th[scope=row]")).to_have_count(2)
    page.context.close()


def modules(drive):
    page = drive.page()
    with drive.claim("integers, events and lists of any kind are read and shown as they are"):
        drive.go(page, "#/")
        script = pathlib.Path(__file__).with_name("check_page_modules.js").read_text()
        faults = page.evaluate(script.split("\n", 1)[1], 4711)
        assert not faults, faults
        drive.quiet()
    page.context.close()


def big_numbers(drive):
    page = drive.page()
    with drive.claim("ids beyond 2^53 are shown, searched and sent as they are"):
        drive.go(page, "#/run/ledger/?meta=ledger")
        expect(page.locator(".facts").first).to_contain_text(str(BIG + 44))
        expect(page.locator("tbody")).to_contain_text(f"{BIG + 15} … {BIG + 29}")
        page.keyboard.press("/")
        page.keyboard.type(str(BIG + 16))
        page.keyboard.press("Enter")
        expect(page.locator("main h1")).to_contain_text(str(BIG + 16))
        expect(page.locator("main article")).to_have_count(1)
        expect(page.locator("main article")).to_contain_text("does not balance")
        drive.go(page, "#/run/ledger/?meta=ledger")
        page.click("text=Retry failed …")
        page.fill("#field-from", str(BIG + 29))
        page.fill("#field-to", str(BIG + 29))
        page.click("text=Look which")
        expect(page.locator("dialog")).to_contain_text(f"{BIG + 15} … {BIG + 29}")
        page.fill("#field-from", str(BIG + 30))
        page.fill("#field-to", "")
        page.click("text=Look again")
        expect(page.locator("dialog")).to_contain_text("No batch is like that")
        page.keyboard.press("Escape")
        drive.quiet()
    with drive.claim("a budget's weight beyond 2^53 is shown"):
        drive.shop.tranche("budget", "set", "vast", "--weight", "1e16")
        drive.go(page, "#/budgets")
        expect(page.locator("main")).to_contain_text("vast")
        drive.go(page, "#/")
        drive.quiet()
        drive.shop.tranche("budget", "remove", "vast")
    page.context.close()


# MARK: Actions

def confirm(page, reason, verb, **fields):
    """Fills a dialog and sends it."""
    for name, value in fields.items():
        page.fill(f"#field-{name}", value)
    page.fill("#field-reason", reason)
    page.locator("dialog button[type=submit].main", has_text=verb).click()
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator("#said")).to_contain_text(":" if verb != "Begin it" else "has begun")


def act_on_runs(drive):
    page = drive.page()
    run = "v1/runs/thumbs/-"
    with drive.claim("a run is paused with a reason, and resumed"):
        drive.go(page, "#/run/thumbs/?meta=photo")
        page.click("text=Pause …")
        page.locator("dialog button.main").click()
        expect(page.locator("dialog")).to_have_count(1)  # It wants a reason.
        confirm(page, "the disk is full", "Pause")
        expect(page.locator(".reasons")).to_contain_text("the disk is full")
        assert drive.api(run)["run"]["paused"] == "the disk is full"
        page.click("text=Resume …")
        confirm(page, "it is not", "Resume")
        expect(page.locator(".heading .state")).to_contain_text("running")
        assert drive.api(run)["run"]["paused"] is None
    with drive.claim("limits of a run are set, and taken away"):
        page.click("text=Set …")
        confirm(page, "tonight", "Set", parallelism="7", priority="2")
        expect(page.locator(".facts").first).to_contain_text("2, 1")
        limits = drive.api(run)["limits"]
        assert (limits["parallelism"], limits["priority"]) == (7, 2), limits
        page.click("text=Set …")
        confirm(page, "any", "Set", parallelism="")
        assert drive.api(run)["limits"]["parallelism"] is None
    with drive.claim("a run is cancelled, and goes on again"):
        drive.go(page, "#/run/export/?meta=export")
        page.click("text=Cancel …")
        confirm(page, "wrong bank", "Cancel")
        expect(page.locator(".heading .state")).to_contain_text("cancelled")
        page.click("text=Resume …")
        confirm(page, "right bank", "Resume")
        expect(page.locator(".heading .state")).not_to_contain_text("cancelled")
    with drive.claim("a backfill of a job of the pipeline is begun"):
        meta = urllib.request.quote(drive.api("v1/runs?job=prices")["runs"][0]["meta"], safe="")
        drive.go(page, f"#/run/prices/?meta={meta}")
        page.click("text=Backfill …")
        confirm(page, "prices were wrong", "Begin it", run="again", **{"from": "1", "to": "50"})
        assert any(each["run"] == "again" for each in drive.api("v1/runs?job=prices")["runs"])
    with drive.claim("what the server refuses is said in the dialog, with what to do, and nothing is lost"):
        page.click("text=Backfill …")
        page.fill("#field-run", "-")
        page.fill("#field-from", "1")
        page.fill("#field-reason", "why")
        page.locator("dialog button.main").click()
        expect(page.locator("dialog [role=alert]")).to_be_visible()
        assert page.input_value("#field-reason") == "why"
        page.keyboard.press("Escape")
        drive.noise = [line for line in drive.noise if "400" not in line]
    with drive.claim("a run is compared with its source, and the dialog says in words what differs"):
        drive.go(page, "#/run/thumbs/?meta=photo")
        page.click("text=Audit …")
        page.locator("dialog button.main").click()
        expect(page.locator("dialog [role=status]")).to_contain_text("Looked at")
        assert not (found := violations(page)), found
        page.fill("#field-from", "7")
        page.fill("#field-to", "3")
        page.locator("dialog button.main").click()
        expect(page.locator("dialog [role=alert]")).to_contain_text("give 'from' the lower")
        page.keyboard.press("Escape")
        expect(page.locator("dialog")).to_have_count(0)
        drive.noise = [line for line in drive.noise if "400" not in line]
    with drive.claim("the run's changes are kept with their reasons"):
        drive.go(page, "#/run/thumbs/?meta=photo&tab=changes")
        expect(page.locator("section.tab")).to_contain_text("tonight")
        drive.go(page, "#/changes")
        expect(page.locator("table")).to_contain_text("tonight")
        drive.quiet()
    page.context.close()


def bulk(page, button, verb, reason):
    """Looks which, and acts on just these; gives what was said of them."""
    page.click(f"text={button} …")
    page.click("text=Look which")
    expect(page.locator(".countdown")).to_contain_text("kept for")
    page.fill("#field-reason", reason)
    page.locator("dialog button.grave", has_text=verb).click()
    expect(page.locator("dialog strong")).to_contain_text(f"{verb}: ")
    words = page.inner_text("dialog strong").replace("\u00a0", " ")
    page.keyboard.press("Enter")
    expect(page.locator("dialog")).to_have_count(0)
    return words


def act_on_batches(drive):
    page = drive.page()
    with drive.claim("one failed batch is split, and the rest are retried after a preview"):
        drive.go(page, "#/run/mail/?meta=message&status=failed")
        page.locator("tbody th a").first.click()
        page.wait_for_selector("text=Standard error")
        expect(page.locator("pre", has_text="sending 20 messages")).to_have_count(1)
        page.click("text=Split …")
        confirm(page, "find the bad one", "Split")
        expect(page.locator(".heading .state")).to_contain_text("split")
        drive.go(page, "#/run/mail/?meta=message")
        assert bulk(page, "Retry failed", "Retry", "mail is up").startswith("Retry: 1 batch"), "not one batch"
        expect(page.locator(".heading .state")).to_contain_text("retrying")
    with drive.claim("a preview that has run out cannot be used"):
        drive.go(page, "#/run/thumbs/?meta=photo")
        page.clock.install()
        page.click("text=Release …")
        page.click("text=Look which")
        expect(page.locator("dialog")).to_contain_text("3 batches")
        page.clock.run_for(61_000)
        expect(page.locator("dialog button.grave")).to_be_disabled()
        expect(page.locator(".countdown")).to_contain_text("look again")
        page.keyboard.press("Escape")
    page.context.close()
    page = drive.page()
    with drive.claim("batches in hand are released, and quarantined items are redriven"):
        drive.go(page, "#/run/thumbs/?meta=photo")
        assert "3 batches" in bulk(page, "Release", "Release", "the workers are gone")
        drive.go(page, "#/run/parse/?meta=orders")
        assert "1 batch" in bulk(page, "Redrive", "Redrive", "order 417 is mended")
        drive.go(page, "#/items/417")
        expect(page.locator("main")).to_contain_text("n/a")
    with drive.claim("one batch is retried, and one in hand is cancelled"):
        drive.go(page, "#/run/ledger/?meta=ledger&status=failed")
        page.locator("tbody th a").first.click()
        page.click("text=Retry …")
        confirm(page, "balanced", "Retry")
        drive.go(page, "#/run/parse/fix-2026-11?meta=orders&status=running")
        page.locator("tbody th a").first.click()
        page.click("text=Cancel …")
        confirm(page, "not these", "Cancel")
        expect(page.locator(".heading .state")).to_contain_text("failed")
        drive.quiet()
    page.context.close()


def act_on_budgets(drive):
    page = drive.page()
    with drive.claim("a budget is set, paused, resumed, parked and unparked"):
        drive.go(page, "#/budgets")
        page.click("text=Set …")
        confirm(page, "a new disk", "Set", batches="5", weight="", rate_per_s="1000")
        budget = drive.api("v1/budgets/disk")
        assert (budget["batches"], budget["weight"], budget["rate_per_s"]) == (5, None, 1000), budget
        for verb, key in [("Pause", "paused"), ("Resume", "paused"), ("Park", "parked_until"), ("Unpark", "parked_until")]:
            page.locator("button", has_text=f"{verb} …").click()
            confirm(page, f"{verb} it", verb)
            value = drive.api("v1/budgets/disk")[key]
            assert (value is not None) == (verb in ("Pause", "Park")) or verb == "Unpark", (verb, value)
        expect(page.locator("button", has_text="Park …")).to_have_count(1)
        drive.quiet()
    page.context.close()


# MARK: Keyboard

def keyboard(drive):
    page = drive.page()
    with drive.claim("each page has a letter, and the search and the help have theirs"):
        drive.go(page, "#/")
        headings = {"j": "Jobs", "i": "Items", "b": "Budgets", "w": "Workflows", "g": "Graph", "c": "Changes"}
        for key, heading in headings.items():
            page.keyboard.press(key)
            expect(page.locator("main h1")).to_have_text(heading)
        page.keyboard.press("o")
        expect(page.locator("table.jobs")).to_be_visible()
        page.keyboard.press("?")
        expect(page.locator("dialog h2")).to_have_text("Keys")
        assert not (found := violations(page)), found
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        page.keyboard.type("thumbs")
        page.keyboard.press("Enter")
        expect(page.locator("main tbody tr")).to_have_count(1)
    with drive.claim("a run is paused and resumed by keyboard alone, and the focus comes back"):
        drive.go(page, "#/run/thumbs/?meta=photo")
        page.reload()
        page.wait_for_selector(".tools")
        page.keyboard.press("Tab")
        expect(page.locator("#skip")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#main")).to_be_focused()
        for verb in ["Pause", "Resume"]:
            tab_to(page, f"{verb} …")
            page.keyboard.press("Enter")
            expect(page.locator("dialog")).to_be_visible()
            if verb == "Resume":
                page.keyboard.press("Tab")
            page.keyboard.type("by hand")
            assert not (found := violations(page)), found
            page.keyboard.press("Enter")
            expect(page.locator("dialog")).to_have_count(0)
            expect(page.locator("#said")).to_contain_text(f"{verb}: thumbs")
            expect(page.locator("button", has_text="Resume …" if verb == "Pause" else "Pause …")).to_be_focused()
            page.locator("#main").focus()
    with drive.claim("keys can be switched off"):
        page.click("#help")
        page.click("text=Single keys do this")
        page.keyboard.press("Escape")
        page.locator("#main").focus()
        page.keyboard.press("b")
        expect(page.locator("main h1")).to_have_text("thumbs")
        drive.quiet()
    page.context.close()


def tab_to(page, words):
    """Goes on by Tab until a control with these words has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == words:
            return
    raise AssertionError(f"'{words}' is not reached by Tab")


# MARK: Live

def late_commit(drive):
    """A transaction that holds back ids, on a server."""
    if not drive.shop.url:
        return
    page = drive.page()
    writer = subprocess.Popen(["psql", "-qXv", "ON_ERROR_STOP=1", drive.shop.url], text=True, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    with drive.claim("who holds back ids is named, and the late row is done once it is committed"):
        writer.stdin.write("BEGIN; INSERT INTO orders VALUES (1001, '2', 100); SELECT 'begun';\n")
        writer.stdin.flush()
        assert "begun" in "".join(writer.stdout.readline() for _ in range(3))
        drive.shop.sql("INSERT INTO orders VALUES (1002, '3', 100)")
        parse = ["work", "--job", "parse", "--meta", "orders", "--uid", "id", "--item", "qty", "--weight-column", "grams",
                 "--weight", "20000", "--", "python3", "parse.py"]
        drive.shop.tranche(*parse, status=(0, 1, 3, 75))
        drive.go(page, "#/run/parse/?meta=orders&tab=gaps")
        expect(page.locator("section.tab")).to_contain_text("1001")
        writer.stdin.write("COMMIT;\n\\q\n")
        writer.stdin.flush()
        writer.wait(20)
        for _ in range(30):
            drive.shop.tranche(*parse, status=(0, 1, 3, 75))
            if drive.api("v1/items/1001")["sources"]:
                break
            page.wait_for_timeout(500)
        drive.go(page, "#/items/1001?meta=orders")
        expect(page.locator("main article")).to_have_count(1)
        expect(page.locator("main article")).to_contain_text("succeeded")
        drive.quiet()
    writer.kill()
    page.context.close()


def live(drive):
    page = drive.page()
    with drive.claim("what others change is shown by itself, and the focus stays where it is"):
        drive.go(page, "#/")
        link = page.locator("table.jobs a", has_text="thumbs")
        link.focus()
        page.evaluate("window.mark = document.activeElement; window.moved = 0;"
                      "mark.addEventListener('blur', () => moved++)")
        drive.shop.tranche("pause", "--job", "thumbs", "--reason", "seen from afar", worker="bob")
        expect(page.locator("table.jobs")).to_contain_text("seen from afar", timeout=10_000)
        assert page.evaluate("document.activeElement === mark && mark.isConnected && moved === 0"), "the focus moved"
        drive.shop.tranche("resume", "--job", "thumbs")
        expect(page.locator("table.jobs")).not_to_contain_text("seen from afar", timeout=10_000)
    with drive.claim("a tab that nobody sees asks for nothing, and is up to date again when it is seen"):
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        hide = "Object.defineProperty(document, 'hidden', {value: %s, configurable: true});" \
            "document.dispatchEvent(new Event('visibilitychange'))"
        page.evaluate(hide % "true")
        page.wait_for_selector(".feed.resting")
        asked.clear()
        drive.shop.tranche("pause", "--job", "thumbs", "--reason", "while away", worker="bob")
        page.wait_for_timeout(3000)
        assert not asked, asked
        page.evaluate(hide % "false")
        expect(page.locator("table.jobs")).to_contain_text("while away", timeout=10_000)
        drive.shop.tranche("resume", "--job", "thumbs")
    with drive.claim("a server that is gone is said, what was read stays, and all is well when it is back"):
        drive.stop()
        page.wait_for_selector(".feed.reconnecting")
        page.wait_for_selector(".feed.lost", timeout=30_000)
        expect(page.locator("#lost")).to_contain_text("has not been heard since")
        expect(page.locator("table.jobs")).to_contain_text("thumbs")
        assert page.evaluate("getComputedStyle(document.querySelector('main')).filter") == "grayscale(1)"
        assert not (found := violations(page)), found
        drive.shop.tranche("pause", "--job", "thumbs", "--reason", "meanwhile", worker="bob")
        drive.start()
        page.wait_for_selector(".feed.live", timeout=40_000)
        expect(page.locator("table.jobs")).to_contain_text("meanwhile")
        expect(page.locator("#lost")).to_be_hidden()
        drive.shop.tranche("resume", "--job", "thumbs")
        drive.noise = []  # A browser writes down each line that it could not open.
    page.context.close()


def elsewhere(drive):
    """What differs where a browser trusts a page less, or wants it otherwise."""
    page = drive.page()
    with drive.claim("texts are copied over plain HTTP, where scripts have no clipboard"):
        page.add_init_script("Object.defineProperty(window, 'isSecureContext', {value: false});"
                             "document.addEventListener('copy', () => {"
                             " window.copied = document.activeElement.value; })")
        drive.go(page, "#/run/mail/?meta=message")
        page.click("text=Pause …")
        page.fill("#field-reason", "it's late")
        page.locator("dialog .copy").click()
        expect(page.locator("dialog .copy")).to_have_text("Copied")
        copied = page.evaluate("window.copied")
        assert copied == "tranche pause --job mail --meta message --reason 'it'\\''s late'", copied
        page.keyboard.press("Escape")
    page.context.close()
    with drive.claim("nothing is white before the style has come, in the dark"):
        page = drive.page("dark")
        page.route("**/app.css", lambda route: route.abort())
        page.goto(drive.url)
        page.wait_for_selector("main h1")
        assert dark(page.screenshot(clip={"x": 1270, "y": 890, "width": 1, "height": 1})), "it is white"
        page.context.close()
    with drive.claim("a page of which a part did not come is loaded anew"):
        page = drive.page()
        page.route("**/assets/route.js", lambda route: route.abort(), times=1)
        page.goto(drive.url)
        page.wait_for_selector("table.jobs")
        page.context.close()
    with drive.claim("a page whose parts do not come says so, and rests"):
        page = drive.page()
        page.route("**/assets/route.js", lambda route: route.abort())
        page.goto(drive.url)
        expect(page.locator("main")).to_contain_text("Load it again when", timeout=30_000)
        page.context.close()
    with drive.claim("a page without a slash at its end leads to the one with it"):
        page = drive.page()
        page.goto(drive.url.rstrip("/"))
        page.wait_for_selector("table.jobs")
        assert page.url.split("#")[0] == drive.url, page.url
        page.context.close()
    drive.noise = []


def dark(picture):
    """Whether a picture of one point is dark; PNG, 8 bits a channel."""
    import struct
    import zlib
    data, place = b"", 8
    while place < len(picture):
        size, kind = struct.unpack(">I4s", picture[place:place + 8])
        if kind == b"IDAT":
            data += picture[place + 8:place + 8 + size]
        place += 12 + size
    return max(zlib.decompress(data)[1:4]) < 80


def tokens(drive):
    """With tokens: who has none sees nothing, who may look changes nothing."""
    shop = drive.shop
    listen, kept = drive.listen, []
    for name, role in [("eve", "look"), ("anna", "operate")]:
        made = json.loads(shop.tranche("serve", "--new-token", name, "--role", role, "--json"))
        kept.append(made)
    shop.write("tokens", "".join(each["line"].strip() + "\n" for each in kept))
    (shop.folder / "tokens").chmod(0o600)
    drive.stop()
    drive.server, drive.url = shop.serve("--tokens", "tokens", "--name", "shop", listen=listen)
    page = drive.page()
    with drive.claim("who has no token is asked for one, and is told nothing before"):
        page.goto(drive.url)
        page.wait_for_selector("#token")
        assert not (found := violations(page)), found
        assert "thumbs" not in page.content()
        page.fill("#token", "wrong")
        page.keyboard.press("Enter")
        expect(page.locator("[role=alert]")).to_contain_text("not a token")
    with drive.claim("who may look sees everything, and is offered no change but to compare"):
        page.fill("#token", kept[0]["token"])
        page.keyboard.press("Enter")
        page.wait_for_selector("table.jobs")
        expect(page.locator("#role")).to_have_text("read only")
        page.goto(drive.url + "#/run/thumbs/?meta=photo")
        page.wait_for_selector(".how-far")
        expect(page.locator("button", has_text="Pause …")).to_have_count(0)
        expect(page.locator("button", has_text="Audit …")).to_have_count(1)
        page.click("#leave")
        page.wait_for_selector("#token")
    with drive.claim("who may operate does so, and the change has their name; no token is left in the page"):
        page.fill("#token", kept[1]["token"])
        page.keyboard.press("Enter")
        page.wait_for_selector(".how-far")
        page.click("text=Set …")
        confirm(page, "by token", "Set", parallelism="9")
        page.goto(drive.url + "#/changes")
        expect(page.locator("tbody tr").first).to_contain_text("anna")
        store = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
        assert kept[1]["token"] not in store + page.content()
    with drive.claim("who logs in anew in another tab acts in the first one as before"):
        answer = page.context.request.post(drive.url + "v1/session", data={"token": kept[1]["token"]})
        assert answer.ok, answer.text()
        page.goto(drive.url + "#/run/thumbs/?meta=photo")
        page.click("text=Set …")
        confirm(page, "from two tabs", "Set", parallelism="8")
    page.context.close()


PARTS = [first_screen, look, modules, big_numbers, keyboard, act_on_runs, act_on_batches, act_on_budgets, late_commit, live,
         elsewhere, tokens]


@contextlib.contextmanager
def database(server):
    """Lends a database of its own on a server; none without one."""
    if server is None:
        yield None
        return
    name = f"shop_{uuid.uuid4().hex[:12]}"
    psql = ["psql", "-qX", server, "-c"]
    subprocess.run([*psql, f"CREATE DATABASE {name}"], check=True)
    try:
        yield f"{server.rsplit('/', 1)[0]}/{name}"
    finally:
        subprocess.run([*psql, f"DROP DATABASE {name} WITH (FORCE)"], check=True)


def main(program, folder, server=None):
    wanted = os.environ.get("DRIVE_PARTS", "").split()
    with database(server) as url, sync_playwright() as playwright:
        shop = Shop(program, folder, url)
        shop.fill()
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        drive = Drive(shop, browser)
        try:
            for part in PARTS:
                if not wanted or part.__name__ in wanted:
                    part(drive)
        finally:
            browser.close()
            drive.server.kill()
            drive.server.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
