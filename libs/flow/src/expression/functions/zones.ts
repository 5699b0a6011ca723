import { DateTime, FixedOffsetZone, IANAZone, type Zone } from 'luxon';
import { badArgument } from '../faults.js';

const OFFSET = /^([+-])(\d\d)(?::?(\d\d))?$/;
/** Offsets are between -12:00 and +14:00. */
const MAX_OFFSET_MINUTES = 14 * 60;
const WALL_CLOCK = "yyyy-MM-dd'T'HH:mm:ss.SSS";

/** Returns the time zone of an IANA name, of `Z` or of an offset (`+05:00`, `+0500`, `+05`); undefined for any other value. */
export function zoneOf(wanted: unknown): Zone | undefined {
  if (typeof wanted !== 'string' || wanted.length > 64) return undefined;
  if (wanted === 'Z') return FixedOffsetZone.utcInstance;
  const offset = OFFSET.exec(wanted);
  if (offset) {
    const [, sign, hours, minutes = '0'] = offset;
    const total = Number(hours) * 60 + Number(minutes);
    if (Number(minutes) > 59 || total > MAX_OFFSET_MINUTES) return undefined;
    return FixedOffsetZone.instance(sign === '-' ? -total : total);
  }
  if (!/^[A-Za-z]/.test(wanted)) return undefined;
  const zone = IANAZone.create(wanted);
  return zone.isValid ? zone : undefined;
}

/**
 * Returns the moment at which the clocks of a zone show this time.
 *
 * @param local the time, as if it were UTC
 * @returns the earlier one, when the clocks show the time twice (they are set back)
 * @throws `EXPR_FAILED` when the clocks never show the time (they are set forward)
 */
export function momentOf(name: string, local: DateTime, zone: Zone): DateTime {
  const moment = local.setZone(zone, { keepLocalTime: true });
  if (moment.toFormat(WALL_CLOCK) !== local.toFormat(WALL_CLOCK)) {
    throw badArgument(
      `${name} was given a time that the clocks of ${zone.name} skip: ${local.toFormat("yyyy-MM-dd'T'HH:mm:ss")}`,
      'send the time with its offset, for instance 2026-03-29T03:30:00+02:00',
    );
  }
  return moment.getPossibleOffsets().reduce((first, other) => (other < first ? other : first));
}

/**
 * Returns an offset for the library's pictures. The library reads `±hhmm` as a number and rounds the hours down, so a negative offset
 * needs a different number.
 */
export function pictureOffset(name: string, millis: number, zone: Zone): string {
  const total = DateTime.fromMillis(millis, { zone }).offset;
  const hours = Math.trunc(Math.abs(total) / 60);
  const minutes = Math.abs(total) % 60;
  if (total >= 0) return `+${hours * 100 + minutes}`;
  if (minutes === 0) return `-${hours * 100}`;
  if (hours === 0) throw badArgument(`${name} cannot write the offset of ${zone.name} at this time`, 'use another zone');
  return `-${(hours - 1) * 100 + minutes}`;
}
