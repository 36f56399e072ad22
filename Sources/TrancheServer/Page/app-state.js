// What all parts of the page know: who we are, and what may be done.

export const app = {
  /** What `v1/session` says; null before it did. */
  session: null,
  /** The documents. */
  store: null,
  /** Draws the page anew. */
  draw: () => {},

  /** Whether this session may change what runs. */
  get mayOperate() {
    const session = this.session;
    return session !== null && !session.read_only && session.roles.includes('operate');
  },
  /** Whether a token is wanted before anything is told. */
  get needsToken() {
    return this.session?.needs_token ?? false;
  },
};

/** Says something to those who hear the page, and shows it for a while to those who see it. */
export function say(words) {
  const place = document.getElementById('said');
  const line = document.createElement('p');
  line.textContent = words;
  place.replaceChildren(line);
  setTimeout(() => line.remove(), 8000);
}
