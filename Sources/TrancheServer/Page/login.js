// Asks for a token, where the server wants one.

import { logIn } from './api.js';
import { h } from './dom.js';
import { refusal } from './parts.js';

let error = null;
let isBusy = false;

/**
 * The form.
 * @param {function()} draw draws the page anew.
 * @param {function(object)} begun takes the session.
 */
export function loginView(draw, begun) {
  const submit = async event => {
    event.preventDefault();
    const field = event.currentTarget.elements.token;
    isBusy = true;
    error = null;
    draw();
    try {
      const session = await logIn(field.value.trim());
      field.value = '';
      isBusy = false;
      begun(session);
      return;
    } catch (refused) {
      error = refused;
      isBusy = false;
    }
    draw();
    field.select();
  };
  return h('section', { class: 'login', key: 'login' },
    h('h1', null, 'Log in'),
    h('p', null, 'This server wants a token. Whoever runs it makes one with ',
      h('code', null, 'tranche serve --new-token NAME --role ROLE'), '.'),
    h('form', { onsubmit: submit }, h('div', { class: 'field' },
      h('label', { for: 'token' }, 'Token'),
      h('input', {
        id: 'token', name: 'token', type: 'password', required: true, autofocus: true,
        autocomplete: 'current-password', spellcheck: 'false',
      })),
    error ? refusal(error) : null,
    h('div', { class: 'tools' }, h('button', { type: 'submit', class: 'main', disabled: isBusy },
      isBusy ? 'Looking …' : 'Log in'))));
}
