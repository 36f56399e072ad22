"""Looks at a page in a browser: as it is given on the command line, in the light and in the dark, wide and narrow.

Prints one JSON object a look. Nothing is loaded from elsewhere: a request for anything but the page is a fault.
"""

import json
import sys

from playwright.sync_api import sync_playwright

MEASURE = """
() => {
    const rgb = text => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
    const luminance = text => {
        const [r, g, b] = rgb(text).map(c => {
            c /= 255;
            return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const background = element => {
        for (let e = element; e; e = e.parentElement) {
            const colour = getComputedStyle(e).backgroundColor;
            if (colour !== 'rgba(0, 0, 0, 0)') return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    let least = 21;
    let where = '';
    for (const element of document.querySelectorAll('body *')) {
        const own = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
        if (!own || element.closest('svg')) continue;
        const [a, b] = [luminance(getComputedStyle(element).color), luminance(background(element))];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (contrast < least) { least = contrast; where = element.outerHTML.slice(0, 80); }
    }
    const bars = [...document.querySelectorAll('svg.bar')].map(bar => ({
        width: bar.getBoundingClientRect().width,
        height: bar.getBoundingClientRect().height,
        parts: [...bar.querySelectorAll('rect')].map(r => ({
            state: r.getAttribute('class'), width: r.getBoundingClientRect().width,
            fill: getComputedStyle(r).fill,
        })),
    }));
    return {
        title: document.title,
        text: document.body.innerText,
        page: luminance(getComputedStyle(document.body).backgroundColor),
        contrast: least, lowest: where,
        overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        bars,
        columns: document.querySelectorAll('svg.chart rect').length,
        elements: document.querySelectorAll('script, img, iframe, link, b, i').length,
    };
}
"""


def main(path, folder):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for scheme in ["light", "dark"]:
            for width in [1200, 400]:
                page = browser.new_page(
                    color_scheme=scheme, viewport={"width": width, "height": 900}
                )
                requests, faults = [], []
                page.on("request", lambda request: requests.append(request.url))
                page.on("console", lambda message: faults.append(message.text))
                page.on("pageerror", lambda error: faults.append(str(error)))
                page.goto("file://" + path)
                look = page.evaluate(MEASURE)
                if folder:
                    page.screenshot(path=f"{folder}/{scheme}-{width}.png", full_page=True)
                look.update(
                    scheme=scheme, width=width, faults=faults,
                    requests=[url for url in requests if url != "file://" + path],
                )
                print(json.dumps(look))
                page.close()
        browser.close()


main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
