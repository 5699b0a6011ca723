/**
 * What the connectors to 1C:Enterprise have in common, so that each says only how its own services are called.
 *
 * - `OnecLink`: the way to one base. Sessions (`IBSession`) kept from call to call, the user, and requests that know whether they were sent.
 * - `onecOptions`, `lanes`: the options that mean the same everywhere.
 * - `failureOfStatus`, `failureOfText`, `refusalIn`: what an HTTP status or a text of 1C stands for, as an error with a fate.
 * - `refusalText`, `mediaType`: the texts of refusals. `writeDate`, `readDate`: dates of 1C.
 * - `emitAs`, `emitAnswer`: an answer as an event.
 *
 * Read `link.ts` first, then `error-table.ts`.
 */
export { lanes, onecOptions, userWithPassword, type ErrorPattern, type OnecOptions } from './connection-options.js';
export { readDate, writeDate } from './dates.js';
export { emitAnswer, emitAs } from './emit-answer.js';
export { failureOfText, readException } from './error-table.js';
export { onec, type OnecCode } from './failures.js';
export { failureOfStatus, type Where } from './failure-of-status.js';
export { OnecLink, type Exchange } from './link.js';
export { refusalIn } from './refusal.js';
export { mediaType, refusalText } from './text.js';
