// The server's REST interface, below wherever the page itself stands.

import { parse, stringify } from './bignum.js';
import { setClock } from './format.js';

/** Where the page stands: under a sub-path too, all addresses are relative to it. */
const base = new URL('.', document.baseURI);

/** A request that was refused, or that nobody answered. */
export class Refusal extends Error {
  constructor(status, document) {
    super(document.message ?? document.error ?? `the server answered ${status}`);
    this.status = status;
    this.code = document.code ?? null;
    this.field = document.field ?? null;
    this.remedy = document.remedy ?? null;
  }
}

/** What the session is that the server lets this page act in. */
let session = null;

/** The address of a path such as `v1/overview`. */
export const address = path => new URL(path, base);

/** One segment of a path; a name may hold anything. */
export const segment = name => encodeURIComponent(name);

/** A path with a query; what is null or empty is left out. */
export function query(path, parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null
    && value !== undefined && value !== '');
  const text = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return text ? `${path}?${text}` : path;
}

/** The text of an answer, which may break off. */
async function whole(response) {
  try {
    return await response.text();
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Refusal(0, { error: 'the answer broke off' });
  }
}

async function answer(response) {
  setClock(Date.parse(response.headers.get('Date') ?? ''));
  const text = await whole(response);
  let document = null;
  try {
    document = text ? parse(text) : null;
  } catch {
    throw new Refusal(response.status, {
      error: `the answer (${response.status}) is not JSON`,
      remedy: 'look whether a proxy stands between this page and the server',
    });
  }
  if (!response.ok) throw new Refusal(response.status, document ?? {});
  return document;
}

async function send(path, options) {
  try {
    return await fetch(address(path), {
      credentials: 'same-origin', cache: 'no-cache', redirect: 'error', ...options,
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Refusal(0, { error: 'the server cannot be reached' });
  }
}

/** Reads a document. */
export async function get(path, signal) {
  return answer(await send(path, { signal, headers: { Accept: 'application/json' } }));
}

/** Has something done, and reads what came of it. */
export async function post(path, body, method = 'POST') {
  try {
    return await change(path, body, method);
  } catch (error) {
    if (error.code !== 'csrf') throw error;
    // Refused unread: who logged in anew in another tab has another token there.
    const before = session?.principal;
    await openSession();
    if (session.principal !== before) throw error;
    return change(path, body, method);
  }
}

async function change(path, body, method) {
  const headers = { Accept: 'application/json', 'Content-Type': 'application/json' };
  if (session?.csrf) headers['X-CSRF-Token'] = session.csrf;
  return answer(await send(path, { method, headers, body: stringify(body ?? {}) }));
}

/** Asks who we are, and what we may do. */
export async function openSession() {
  session = await get('v1/session');
  return session;
}

/** Begins a session with a token, which the page then forgets. */
export async function logIn(token) {
  await post('v1/session', { token });
  return openSession();
}

/** Ends the session. */
export async function logOut() {
  await post('v1/session', {}, 'DELETE');
  session = null;
}

/** Opens the stream of events behind one of them. */
export async function stream(lastID, signal) {
  const headers = { Accept: 'text/event-stream' };
  if (lastID !== null) headers['Last-Event-ID'] = lastID;
  const response = await send('v1/events', { signal, headers });
  if (!response.ok) throw new Refusal(response.status, { error: 'no events are given' });
  return response.body.getReader();
}
