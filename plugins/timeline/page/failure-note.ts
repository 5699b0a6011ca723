import { RefusedError } from './api.js';
import { button, byId, el } from './dom.js';
import { texts } from './texts.js';
import { forgetToken } from './token.js';

/** Shows why the booking calendar could not be opened, and what the user can do. */
export function showFailure(error: unknown): void {
  const again = () => location.reload();
  const withAnother = () => {
    forgetToken();
    again();
  };
  const note = byId('note', HTMLElement);
  note.replaceChildren(
    el('b', {}, texts.notOpened),
    el('p', {}, reason(error)),
    el(
      'div',
      { className: 'buttons' },
      button(texts.again, again, { className: 'primary' }),
      button(texts.otherToken, withAnother),
    ),
  );
  note.hidden = false;
  // details for an administrator
  reportError(error);
}

function reason(error: unknown): string {
  if (!(error instanceof RefusedError)) return texts.unreachable;
  return error.code === 'FORBIDDEN' ? texts.mayNotRead : error.message;
}
