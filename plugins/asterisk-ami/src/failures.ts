import { failures, isSluiceError } from '@sluice/plugin-api';

/** Errors of the exchange, beside the shared codes. */
export const ami = failures({
  AMI_LOGIN_REFUSED: { fate: 'fatal', cure: 'check user and secret in manager.conf, and its permit and deny lines' },
  AMI_TURNED_AWAY: {
    fate: 'unavailable',
    cure: 'check on the exchange whether this address is banned (fail2ban) or authlimit is reached',
  },
  AMI_NOT_ASTERISK: { fate: 'fatal', cure: 'check host, port and tls: the manager interface listens on 5038, with TLS on 5039' },
  AMI_DENIED: {
    fate: 'fatal',
    cure: 'add the write class that this action needs to `write` of the user in manager.conf, then run `manager reload`',
  },
  AMI_NO_EVENTS: {
    fate: 'fatal',
    cure: 'add the class to `read` of the user in manager.conf, without spaces, then run `manager reload`',
  },
  AMI_REFUSED: { fate: 'rejected', cure: 'correct the data of the step: the exchange rejects it' },
  AMI_UNWRITABLE: { fate: 'rejected', cure: 'remove line breaks from the value, and keep each value under 1,000 bytes' },
  AMI_CUT_OFF: { fate: 'retry', cure: 'find in the log of Asterisk why the session ended' },
  AMI_NOT_REACHED: { fate: 'retry', cure: 'nothing to do: the number is dialled again after the interval' },
  AMI_NO_TIMEZONE: { fate: 'fatal', cure: 'set `timezone` in the connection, or `settings.timezone`' },
  AMI_NOT_NOW: { fate: 'retry', cure: 'nothing to do: the number is dialled when the working hours begin' },
});

/**
 * Resolves with undefined when the exchange refuses: the thing does not exist, or the user lacks the right. Rejects with every other
 * failure.
 */
export async function unlessRefused<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isSluiceError(error) && (error.code === 'AMI_REFUSED' || error.code === 'AMI_DENIED')) return undefined;
    throw error;
  }
}
