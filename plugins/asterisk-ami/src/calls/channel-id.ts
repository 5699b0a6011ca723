import { createHash } from 'node:crypto';

/** Asterisk takes ids of 149 characters; the second half of a Local channel gets two more. */
const MAX_ID_LENGTH = 140;

/**
 * The id of the channel that a call makes: the same for the same call, so that the exchange refuses a second one while the first is up.
 * Dialplans put it into names of files: no slashes.
 */
export function channelId(call: string, attempt?: number): string {
  const id = `sluice-${call.replaceAll(/[^\w.-]/g, '-')}${attempt === undefined ? '' : `-${attempt}`}`;
  return id.length <= MAX_ID_LENGTH ? id : `sluice-${createHash('sha256').update(`${call} ${attempt}`).digest('hex')}`;
}
