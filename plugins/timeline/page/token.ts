import { byId, el } from './dom.js';
import { texts } from './texts.js';

/** Key in the session storage, which ends with the tab. The token is not in a cookie, so other sites cannot make the browser send it. */
const KEY = 'sluice.timeline.token';

/**
 * Returns the token from the link that 1C has signed, `/timeline#token=…` (browsers do not send the part after # to servers), or from this
 * tab. Otherwise asks the user for it.
 */
export async function findToken(): Promise<string> {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, '', location.pathname + location.search);
  }
  return sessionStorage.getItem(KEY) ?? (await askForToken(''));
}

/** Removes the token, so that the next visit asks for another. */
export function forgetToken(): void {
  sessionStorage.removeItem(KEY);
}

/** Asks the user for another token. `why` explains the reason, such as a rejected token. */
export async function askForToken(why: string): Promise<string> {
  forgetToken();
  const input = el('input', { type: 'password', required: true, autocomplete: 'off', ariaLabel: texts.token });
  const dialog = byId('login', HTMLDialogElement);
  const form = el(
    'form',
    { method: 'dialog' },
    el('h2', {}, texts.title),
    el('p', {}, texts.tokenHelp),
    el('p', { className: 'problem', role: 'alert' }, why),
    input,
    el('button', { className: 'primary' }, texts.enter),
  );
  dialog.replaceChildren(form);
  dialog.oncancel = (event) => event.preventDefault();
  // a second Escape closes the dialog in spite of `cancel`
  dialog.onclose = () => input.value.trim() || dialog.showModal();
  if (!dialog.open) dialog.showModal();
  await new Promise((resolve) => form.addEventListener('submit', resolve, { once: true }));
  const token = input.value.trim();
  sessionStorage.setItem(KEY, token);
  return token;
}
