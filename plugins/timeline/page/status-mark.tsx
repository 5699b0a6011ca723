import { Icon, type IconName } from '@sluice/web-ui';
import type { Status } from './model.js';
import { texts } from './texts.js';

/** The sign of each status: a colour alone would have no meaning for some people. */
export const STATUS_ICONS: Readonly<Record<Status, IconName>> = {
  waiting: 'clock',
  confirmed: 'check',
  arrived: 'user',
  done: 'checks',
  noShow: 'stop',
  cancelled: 'close',
  refused: 'warning',
};

/** A status with its sign and its colour. */
export function StatusMark({ status }: { readonly status: Status }) {
  return (
    <span className="status-mark">
      <span className={`status-sign status-${status}`}>
        <Icon name={STATUS_ICONS[status]} small />
      </span>
      {texts.statusNames[status]}
    </span>
  );
}
