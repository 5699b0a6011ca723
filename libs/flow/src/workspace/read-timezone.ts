import { IANAZone } from 'luxon';
import { readText } from '../grammar/values.js';
import type { Report } from '../report.js';
import type { YamlNode } from '../yaml/nodes.js';

/** Reads the IANA name of a time zone. */
export function readTimezone(node: YamlNode | undefined, report: Report): string | undefined {
  const timezone = readText(node, 'timezone', report);
  if (timezone === undefined || node === undefined || IANAZone.isValidZone(timezone)) return timezone;
  report.error(node, 'SETTING_TIMEZONE', `"${timezone}" is not a time zone`, { write: 'timezone: Europe/Moscow' });
  return undefined;
}
