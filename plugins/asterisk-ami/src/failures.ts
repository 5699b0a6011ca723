import { failures, isSluiceError } from '@sluice/plugin-api';

/** What the exchange says beyond the shared codes. */
export const ami = failures({
  AMI_LOGIN_REFUSED: { fate: 'fatal', cure: 'check user and secret in manager.conf, and its permit and deny lines' },
  AMI_TURNED_AWAY: {
    fate: 'unavailable',
    cure: 'look on the exchange whether this address is banned (fail2ban) or authlimit is reached',
  },
  AMI_NOT_ASTERISK: { fate: 'fatal', cure: 'check host, port and tls: the manager interface listens on 5038, with TLS on 5039' },
  AMI_DENIED: { fate: 'fatal', cure: 'give the user in manager.conf the write class that this action needs' },
  AMI_NO_EVENTS: {
    fate: 'fatal',
    cure: 'add the class to `read` of the user in manager.conf (names with commas and without spaces), then run `asterisk -rx "manager reload"`',
  },
  AMI_REFUSED: { fate: 'rejected', cure: 'correct the data of the step: the exchange does not take it' },
  AMI_UNWRITABLE: { fate: 'rejected', cure: 'take line breaks out of the value, and keep each value under 1,000 bytes' },
  AMI_CUT_OFF: { fate: 'retry', cure: 'look in the log of Asterisk why the session ended' },
  AMI_NOT_REACHED: { fate: 'retry', cure: 'nothing to do: the number is dialled again after the interval' },
  AMI_NO_TIMEZONE: { fate: 'fatal', cure: 'give `timezone` in the connection, or `settings.timezone`' },
  AMI_NOT_NOW: { fate: 'retry', cure: 'nothing to do: the number is dialled when the working hours begin' },
});

/** Resolves with undefined where the exchange refuses: it has no such thing, or the user may not ask. Rejects with every other failure. */
export async function unlessRefused<Answer>(asked: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isSluiceError(error) && (error.code === 'AMI_REFUSED' || error.code === 'AMI_DENIED')) return undefined;
    throw error;
  }
}
