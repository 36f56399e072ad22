// Loads the page anew where a part of it did not come: a browser asks for no module twice.

(() => {
  const name = 'tranche-loads';
  const waits = [1000, 2000, 4000];
  const forgottenAfter = 60_000;

  /** How often the page was loaded anew of late; a browser without storage is not asked twice. */
  function loads() {
    try {
      const { count, at } = JSON.parse(sessionStorage.getItem(name) ?? '{"count":0,"at":0}');
      return Date.now() - at < forgottenAfter ? count : 0;
    } catch {
      return waits.length;
    }
  }

  function loadAnew(count) {
    try {
      sessionStorage.setItem(name, JSON.stringify({ count: count + 1, at: Date.now() }));
    } catch {
      return;
    }
    location.reload();
  }

  addEventListener('error', event => {
    if (!(event.target instanceof HTMLScriptElement)) return;
    const count = loads();
    const isLast = count >= waits.length;
    document.getElementById('main').textContent = 'A part of this page did not come. '
      + (isLast ? 'Load it again when the server can be reached.' : 'It is loaded again …');
    if (!isLast) setTimeout(loadAnew, waits[count], count);
  }, true);
})();
