// The page of a Tranche server: hand-written, of modules that the browser loads itself.

import { logOut, openSession, Refusal } from './api.js';
import { app, say } from './app-state.js';
import * as batch from './batch.js';
import { integer } from './bignum.js';
import * as budgets from './budgets.js';
import * as changes from './changes.js';
import { closeDialog } from './dialog.js';
import { h, show } from './dom.js';
import { Feed } from './feed.js';
import * as format from './format.js';
import * as graph from './graph.js';
import * as items from './items.js';
import * as jobs from './jobs.js';
import { listenToKeys, openHelp, pages } from './keys.js';
import { loginView } from './login.js';
import { setLook } from './look.js';
import * as overview from './overview.js';
import { refusal } from './parts.js';
import { overviewPath } from './paths.js';
import { batchLink, link, route } from './route.js';
import * as run from './run.js';
import { Store } from './store.js';
import * as workflows from './workflows.js';

const views = { overview, jobs, run, batch, items, budgets, workflows, graph, changes };

/** The page that stands in the navigation for another. */
const parents = { run: 'jobs', batch: 'jobs' };

const find = id => document.getElementById(id);

let failure = null;
let inventory = null;

// MARK: Drawing

/** Draws once for all that changed since the last frame. */
let isAsked = false;
function draw() {
  if (isAsked) return;
  isAsked = true;
  requestAnimationFrame(() => {
    isAsked = false;
    drawNow();
  });
}

function drawNow() {
  const at = route();
  const view = views[at.page];
  inventory = app.store.value(overviewPath)?.inventory ?? app.session?.inventory ?? inventory;
  const verdict = app.store.value(overviewPath)?.verdict;
  const problems = (verdict?.problems?.length ?? 0) + (verdict?.more_problems ?? 0);
  setLook(inventory, app.needsToken ? 'Log in' : view?.title(at) ?? 'Not found',
    problems > 0 ? `(${problems})` : '');
  drawPages(at);
  drawRole();
  drawFeed();
  if (failure) show(find('main'), refusal(failure));
  else if (!app.session) show(find('main'), null);
  else if (app.needsToken) show(find('main'), loginView(draw, begin));
  else if (!view) show(find('main'), notFound(at));
  else {
    app.store.need(view.paths(at, app.store));
    show(find('main'), h('div', { class: 'page', key: location.hash.split('?')[0] },
      view.view(at, app.store)));
  }
}

const notFound = at => [h('h1', null, 'Not found'), h('p', null, 'There is no page ',
  h('code', null, at.page), '. ', h('a', { href: link(['overview']) }, 'To the overview'))];

function drawPages(at) {
  const current = parents[at.page] ?? at.page;
  show(find('pages'), pages.map(([name, title, key]) => h('li', { key: name }, h('a', {
    href: link([name]), 'aria-current': name === current ? 'page' : null, 'aria-keyshortcuts': key,
  }, title))));
}

function drawRole() {
  const roles = app.session?.roles ?? [];
  const words = roles.length === 0 ? '' : app.mayOperate ? 'operate' : 'read only';
  find('role').hidden = words === '';
  find('role').textContent = words;
  find('role').title = app.session?.inventory.read_only_reason ?? '';
  find('leave').hidden = !app.session?.csrf;
}

const feedWords = {
  connecting: () => 'connecting',
  live: () => (app.store.asOf === null ? 'live' : `live, as of ${asOf()}`),
  reconnecting: since => `reconnecting since ${since}`,
  lost: since => `lost since ${since}`,
  resting: () => 'resting',
  refused: () => 'not logged in',
};

const asOf = () => {
  const seconds = Math.round((Date.now() - app.store.asOf) / 1000);
  return seconds < 1 ? 'now' : `${format.span(seconds)} ago`;
};

function drawFeed() {
  const { state, since } = app.feed;
  const time = since === null ? '' : format.clock(new Date(since + format.now() - Date.now()));
  find('feed').className = `feed ${state}`;
  find('feed-text').textContent = feedWords[state](time);
  const isLost = state === 'lost';
  document.documentElement.classList.toggle('is-old', isLost);
  find('lost').hidden = !isLost;
  if (isLost) {
    find('lost').textContent = `The server has not been heard since ${time}. What you see is of `
      + `that time; it is read again when the server is back.`;
  }
}

// MARK: Events

/**
 * What the server says by itself is a hint to read anew what is shown: at once, and a little later,
 * since what it shares among all who ask may be a second old.
 */
function heard(event) {
  if (event.type !== 'change' && event.type !== 'overview-stale') return;
  app.store.refreshSoon();
  clearTimeout(lateLook);
  lateLook = setTimeout(() => app.store.refreshSoon(), 2500);
}
let lateLook = 0;

function feedChanged(mayHaveMissed) {
  const { state } = app.feed;
  if (mayHaveMissed) {
    app.store.refresh();
    lookAtSession();
  }
  if (state === 'refused') askSession();
  if (state === 'lost') say('The connection to the server is lost.');
  if (state === 'live' && wasLost) say('The connection to the server is back.');
  wasLost = state === 'lost' || (wasLost && state !== 'live');
  draw();
}
let wasLost = false;

function turn() {
  closeDialog();
  failure = null;
  app.store.turn();
  drawNow();
}

/** Another page begins at its top, and a screen reader is told so. */
function turned(event) {
  const path = url => new URL(url).hash.split('?')[0];
  turn();
  if (path(event.oldURL) === path(event.newURL)) return;
  scrollTo(0, 0);
  find('main').focus({ preventScroll: true });
}

const isUUID = words => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(words);

function search(event) {
  event.preventDefault();
  const words = find('query').value.trim();
  if (words === '') return;
  if (integer(words) !== null) location.hash = link(['items', words.replaceAll(/[\s,_]/g, '')]);
  else if (isUUID(words)) location.hash = link(['items', words]);
  else if (/^#\d+$/.test(words)) location.hash = batchLink(words.slice(1));
  else location.hash = link(['jobs'], { q: words });
  find('query').value = '';
}

// MARK: Beginning

async function askSession() {
  try {
    app.session = await openSession();
    failure = null;
  } catch (error) {
    failure = app.session ? null : error;
    // Whatever it was: a page without a session shows nothing.
    if (failure) setTimeout(askSession, 5000);
    if (!(error instanceof Refusal)) console.error(error);
  }
  if (app.session) begin(app.session);
  draw();
}

/** Asks anew who we are: another tab may have logged in, and a standby may lead by now. */
async function lookAtSession() {
  if (!app.session) return;
  try {
    const before = app.session;
    const session = await openSession();
    if (before !== app.session) return;
    if (who(session) !== shownTo || session.needs_token !== before.needs_token) begin(session);
    else app.session = session;
    draw();
  } catch (error) {
    // That the server is away is told by the feed.
    if (!(error instanceof Refusal)) console.error(error);
  }
}

/** What tells one who may see other things from the one before. */
const who = session => JSON.stringify([session.principal, session.jobs]);
let shownTo = null;

function begin(session) {
  if (who(session) !== shownTo) app.store.clear();
  shownTo = who(session);
  app.session = session;
  failure = null;
  if (!app.needsToken && app.feed.state !== 'live') app.feed.start();
  turn();
}

async function leave() {
  try {
    await logOut();
  } catch (error) {
    say(error.message);
    return;
  }
  app.feed.stop();
  await askSession();
}

function start() {
  app.store = new Store(error => {
    // A session ends by itself when nobody uses it.
    if (error?.status === 401) askSession();
    else draw();
  });
  app.feed = new Feed(heard, feedChanged);
  app.draw = draw;
  addEventListener('hashchange', turned);
  find('search').addEventListener('submit', search);
  find('help').addEventListener('click', openHelp);
  find('leave').addEventListener('click', leave);
  find('skip').addEventListener('click', event => {
    event.preventDefault();
    find('main').focus();
  });
  listenToKeys(() => {
    app.feed.retryNow();
    app.store.refresh();
  });
  // Ages go on; what is shown is drawn anew rarely, the line's own age each second.
  setInterval(() => { if (!document.hidden) drawFeed(); }, 1000);
  setInterval(() => { if (!document.hidden) draw(); }, 10_000);
  // Rates of the last hour change without an event; a line that says nothing is no proof either.
  setInterval(() => { if (!document.hidden && app.session) app.store.refreshSoon(); }, 15_000);
  drawNow();
  askSession();
}

start();
