/**
 * The booking calendar: appointments of clients with people or rooms, in tables of the workspace, with a REST API, a web page and a
 * trigger. Read `plugin.ts` first, then `book/entries.ts` (how an entry changes, and why the change and its event are one transaction).
 */
export { plugin } from './plugin.js';
