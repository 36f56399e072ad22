// Dialogs: what is to be done, why, and the same as a command line.

import { Refusal } from './api.js';
import { app, say } from './app-state.js';
import { decimal, integer } from './bignum.js';
import { h, show } from './dom.js';
import { copyButton, refusal } from './parts.js';

/** The dialog that is open; null for none. */
let current = null;

/** Draws what is open anew. */
export function drawDialog() {
  show(document.getElementById('dialogs'), current ? dialog(current) : null);
}

/** Closes what is open; the focus goes back to where it was. */
export function closeDialog() {
  const before = current?.before;
  clearInterval(current?.timer);
  current = null;
  drawDialog();
  if (before?.isConnected) before.focus({ preventScroll: true });
}

/** Whether a dialog is open. */
export const isOpen = () => current !== null;

/**
 * Opens a dialog.
 * @param {object} request what it asks:
 *   `title`, `about` (what will happen), `fields` (see `field`), `verb` (of the button),
 *   `isGrave`, `command(values)` (the same as a command line, or null), `submit(values)` (does it,
 *   and resolves to what to say) and `body(request)` in place of all of that.
 */
export function openDialog(request) {
  closeDialog();
  current = {
    ...request, values: {}, error: null, isBusy: false, before: document.activeElement,
  };
  for (const field of request.fields ?? []) current.values[field.name] = field.value ?? '';
  drawDialog();
  return current;
}

function dialog(request) {
  return h('dialog', {
    key: request.title, 'aria-labelledby': 'dialog-title', class: request.class,
    oncancel: event => {
      event.preventDefault();
      closeDialog();
    },
    shown: element => { if (!element.open) element.showModal(); },
  }, h('h2', { id: 'dialog-title' }, request.title),
  request.body ? request.body(request) : form(request));
}

function form(request) {
  return h('form', { novalidate: false, onsubmit: event => submit(event, request) },
    request.about ? h('p', null, request.about) : null,
    (request.fields ?? []).map(field => input(field, request)),
    request.error ? refusal(request.error) : null,
    command(request),
    buttons(request));
}

export const buttons = request => h('div', { class: 'tools' },
  h('button', {
    type: 'submit', class: request.isGrave ? 'grave main' : 'main', disabled: request.isBusy,
  }, request.isBusy ? 'Working …' : request.verb),
  h('button', { type: 'button', onclick: closeDialog }, 'Leave it'));

/** The same as a command line, for those who come by here again. */
export function command(request) {
  const words = request.command?.(request.values);
  if (!words) return null;
  return h('div', { class: 'command' }, h('code', null, words),
    copyButton(words, 'as a command line'));
}

/** The field that each change wants: why. */
export const reasonField = { name: 'reason', label: 'Why', isRequired: true,
  hint: 'kept with the change, and shown to others' };

/** A field with its label, and a hint below. */
export function input(field, request) {
  const set = event => {
    const { type, checked, value } = event.currentTarget;
    request.values[field.name] = type === 'checkbox' ? (checked ? 'yes' : '') : value;
    drawDialog();
  };
  const hint = field.hint ? `hint-${field.name}` : null;
  const attributes = {
    id: `field-${field.name}`, name: field.name, required: field.isRequired ?? false,
    autocomplete: 'off', 'aria-describedby': hint, oninput: set, autofocus: field.isFirst ?? false,
  };
  return h('div', { class: 'field', key: field.name },
    h('label', { for: attributes.id }, field.label),
    field.choices ? h('select', attributes, field.choices.map(([value, words]) => h('option', {
      value, selected: value === (field.value ?? ''),
    }, words))) : h('input', {
      ...attributes, type: field.type ?? 'text', value: field.value ?? '',
      inputmode: field.isNumber ? 'decimal' : null, pattern: field.pattern ?? null,
      maxlength: field.most ?? 500, spellcheck: field.isNumber ? 'false' : null,
    }),
    hint ? h('p', { class: 'quiet', id: hint }, field.hint) : null);
}

/** A whole number that was typed into a field; undefined where none was. */
export const typedInteger = (words, label) => typed(words, label, integer, 'an integer');

/** Likewise, for any number. */
export const typedNumber = (words, label) => typed(words, label, decimal, 'a number');

function typed(words, label, read, what) {
  if (words.trim() === '') return undefined;
  const value = read(words);
  if (value === null) throw new Refusal(0, { error: `${label}: '${words}' is not ${what}` });
  return value;
}

async function submit(event, request) {
  event.preventDefault();
  if (request.isBusy) return;
  await attempt(request, async () => {
    const words = await request.submit(request.values);
    // It may have been left meanwhile, for another.
    if (current === request) closeDialog();
    say(words);
    app.store.refresh();
  });
}

/** Does something for a dialog; what goes wrong is shown in it. */
export async function attempt(request, work) {
  request.isBusy = true;
  request.error = null;
  drawDialog();
  try {
    await work();
  } catch (error) {
    request.error = error;
    if (current !== request) say(`${request.title}: ${error.message}`);
  }
  request.isBusy = false;
  drawDialog();
  keepFocus();
}

/** What had the focus may be gone: then it is with what one does next. */
function keepFocus() {
  const dialog = document.querySelector('dialog[open]');
  if (!dialog || dialog.contains(document.activeElement)) return;
  dialog.querySelector('[aria-invalid], button.main:enabled, button')?.focus();
}
