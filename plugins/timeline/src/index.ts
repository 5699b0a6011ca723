/**
 * The booking journal: who is booked with whom and when, in tables of the workspace, with a REST API, a web page and a trigger.
 * Read `plugin.ts` first, then `book/entries.ts` (how an entry changes, and why the change and its event stand or fall together).
 */
export { plugin } from './plugin.js';
