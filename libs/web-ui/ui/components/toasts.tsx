import { useSyncExternalStore } from 'react';
import { classes } from '../classes.js';
import { texts } from '../client/texts.js';
import { dismissToast, onToasts, toasts } from '../client/toasts.js';
import { Button, IconButton } from './button.js';

/** Shows the messages of `toast(…)`. PageShell contains it. */
export function Toasts() {
  const shown = useSyncExternalStore(onToasts, toasts);
  return (
    <div className="ui-toasts" role="status" aria-live="polite">
      {shown.map(({ id, text, tone, action }) => (
        <div key={id} className={classes('ui-toast', tone === 'bad' && 'ui-toast-bad')}>
          <p>{text}</p>
          {action && (
            <Button
              kind="quiet"
              className="ui-toast-action"
              onClick={() => {
                dismissToast(id);
                action.run();
              }}
            >
              {action.label}
            </Button>
          )}
          <IconButton icon="close" label={texts.close} onClick={() => dismissToast(id)} />
        </div>
      ))}
    </div>
  );
}
