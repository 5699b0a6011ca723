/**
 * The common part of the connectors to 1C:Enterprise. A connector adds only the protocol of its own services.
 *
 * - `OnecLink`: access to one base. Sessions (`IBSession`) that are reused, the user, and requests whose errors state whether they were
 *   sent.
 * - `onecOptions`, `lanes`: options with the same meaning for every connector.
 * - `failureOfStatus`, `failureOfText`, `refusalIn`: convert an HTTP status or a text of 1C to an error with a fate.
 * - `refusalText`, `mediaType`: the texts of refusals. `writeDate`, `readDate`: dates of 1C.
 * - `emitAs`, `emitAnswer`: publish an answer as an event.
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
