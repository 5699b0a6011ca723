import { byId, el } from './dom.js';
import { texts } from './texts.js';

/** Of this tab alone, and gone with it. No cookie: other sites cannot make the browser send it. */
const KEY = 'sluice.timeline.token';

/** From the link that 1C has signed, `/timeline#token=…` (what is behind # is not sent to servers), or from this tab; else it is asked for. */
export async function findToken(): Promise<string> {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, '', location.pathname + location.search);
  }
  return sessionStorage.getItem(KEY) ?? (await askForToken(''));
}

/** The next visit asks for another. */
export function forgetToken(): void {
  sessionStorage.removeItem(KEY);
}

/** After a token was refused: another one. */
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
  // browsers let a second Escape pass
  dialog.onclose = () => input.value.trim() || dialog.showModal();
  if (!dialog.open) dialog.showModal();
  await new Promise((resolve) => form.addEventListener('submit', resolve, { once: true }));
  const token = input.value.trim();
  sessionStorage.setItem(KEY, token);
  return token;
}
