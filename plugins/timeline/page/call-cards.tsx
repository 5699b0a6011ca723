import { Button, Icon } from '@sluice/web-ui';
import type { Calendar, CalendarState } from './calendar.js';
import { texts } from './texts.js';

/** A card for each call that rings at the extension of the user. A button creates an entry from it. */
export function CallCards({ calendar, state }: { readonly calendar: Calendar; readonly state: CalendarState }) {
  return (
    <div className="calls">
      {state.calls.map(({ id, client, phone }) => (
        <section key={id} className="call" role="alert">
          <span className="call-sign">
            <Icon name="phone" />
          </span>
          <div className="call-texts">
            <small>{texts.call}</small>
            <b>{client || phone}</b>
            {client && <span>{phone}</span>}
          </div>
          <div className="call-buttons">
            <Button kind="quiet" onClick={() => calendar.dismissCall(id)}>
              {texts.dismiss}
            </Button>
            {state.info.me.canWrite && (
              <Button
                kind="primary"
                onClick={() => {
                  calendar.dismissCall(id);
                  void calendar.create(undefined, { client, phone });
                }}
              >
                {texts.book}
              </Button>
            )}
          </div>
        </section>
      ))}
    </div>
  );
}
