import { createHash } from 'node:crypto';

/** Asterisk accepts ids of 149 characters; the second half of a Local channel gets two more. */
const MAX_ID_LENGTH = 140;

/**
 * Returns the id of the channel that a call makes. The same call always has the same id, so that the exchange refuses a second channel
 * while the first is up. The id has no slashes, because dialplans use it in names of files.
 */
export function channelId(call: string, attempt?: number): string {
  const id = `sluice-${call.replaceAll(/[^\w.-]/g, '-')}${attempt === undefined ? '' : `-${attempt}`}`;
  return id.length <= MAX_ID_LENGTH ? id : `sluice-${createHash('sha256').update(`${call} ${attempt}`).digest('hex')}`;
}
