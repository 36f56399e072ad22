// One key for each page; they can be switched off, for those who speak to their computer.

import { buttons, closeDialog, drawDialog, isOpen, openDialog } from './dialog.js';
import { h } from './dom.js';

/** Pages with their keys, in their order. */
export const pages = [
  ['overview', 'Overview', 'o'], ['jobs', 'Jobs', 'j'], ['items', 'Items', 'i'],
  ['budgets', 'Budgets', 'b'], ['workflows', 'Workflows', 'w'], ['graph', 'Graph', 'g'],
  ['changes', 'Changes', 'c'],
];

const stored = 'tranche-keys';

/** Whether keys do something; a browser that stores nothing has them on. */
function areOn() {
  try {
    return localStorage.getItem(stored) !== 'off';
  } catch {
    return true;
  }
}

function setOn(isOn) {
  try {
    localStorage.setItem(stored, isOn ? 'on' : 'off');
  } catch {
    // It holds until the page is left.
  }
}

const isTyping = element => element?.closest('input, textarea, select, [contenteditable]');

/**
 * Listens to the keyboard.
 * @param {function()} refresh reads all that is shown again.
 */
export function listenToKeys(refresh) {
  document.addEventListener('keydown', event => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.key === 'Escape' && document.activeElement?.id === 'query') {
      document.getElementById('main').focus();
      return;
    }
    if (isTyping(event.target) || isOpen() || !areOn()) return;
    if (act(event.key, refresh)) event.preventDefault();
  });
}

function act(key, refresh) {
  const page = pages.find(([, , own]) => own === key);
  if (page) location.hash = `#/${page[0]}`;
  else if (key === '/') document.getElementById('query').select();
  else if (key === 'r') refresh();
  else if (key === '?') openHelp();
  else if (key === '[') document.querySelector('.paging a[rel=first]')?.click();
  else if (key === ']') document.querySelector('.paging a[rel=next]')?.click();
  else return false;
  return true;
}

/** Shows the keys. */
export function openHelp() {
  const keys = [...pages.map(([, title, key]) => [key, title]), ['/', 'Search'],
    ['r', 'Read all that is shown again'], ['[', 'The first part of a list'],
    [']', 'The next part of a list'], ['?', 'This help'], ['Esc', 'Close what is open']];
  openDialog({ title: 'Keys', body: () => [
    h('dl', { class: 'keys' }, keys.map(([key, words]) => h('div', { key },
      h('dt', null, h('kbd', null, key)), h('dd', null, words)))),
    h('form', {
      onsubmit: event => {
        event.preventDefault();
        closeDialog();
      },
    }, h('label', { class: 'check' }, h('input', {
      type: 'checkbox', checked: areOn(), onchange: event => {
        setOn(event.currentTarget.checked);
        drawDialog();
      },
    }), ' Single keys do this'), buttons({ verb: 'Close', isBusy: false })),
  ] });
}
