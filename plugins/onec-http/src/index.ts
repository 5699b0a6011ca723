/**
 * Calls the HTTP services of 1C:Enterprise. Read `plugin.ts` first, which is the table of contents, then `client.ts`.
 */
export { plugin } from './plugin.js';
