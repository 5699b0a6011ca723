import type { Cure, Report } from '../report.js';
import { cronProblem } from '../schedule/cron-schedule.js';
import type { YamlNode } from '../yaml/nodes.js';
import { quoted } from '../yaml/spell.js';
import { readText, writing } from './values.js';

const MAX_LENGTH = 200;
/** Words of other systems for common schedules. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);

/** Reads a cron expression of five fields that fires at some time. */
export function readCron(node: YamlNode | undefined, report: Report): string | undefined {
  const text = readText(node, 'cron', report)?.trim();
  if (text === undefined || node === undefined) return undefined;
  if (text.length > MAX_LENGTH) {
    report.error(node, 'FLOW_VALUE', `cron has at most ${MAX_LENGTH} characters`, {
      do: 'write several flows, or a shorter pattern',
    });
    return undefined;
  }
  // the library replaces a question mark by the current time, so the schedule would change with each start
  const reason = text.includes('?') ? `"?" in "${text}" is written as "*"` : cronProblem(text)?.reason;
  if (reason === undefined) return text;
  report.error(node, 'FLOW_VALUE', reason, cureOf(node, text));
  return undefined;
}

function cureOf(node: YamlNode, text: string): Cure {
  const fields = text.split(/\s+/);
  const meant = WORDS.get(text.toLowerCase()) ?? (fields.length === 6 ? fields.slice(1).join(' ') : text.replaceAll('?', '*'));
  return meant !== text && cronProblem(meant) === undefined
    ? writing(node, 'cron', quoted(meant), quoted(meant))
    : { do: "write minute, hour, day of the month, month and day of the week, for instance cron: '30 3 * * 1-6'" };
}
