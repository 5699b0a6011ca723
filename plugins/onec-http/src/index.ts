/**
 * Calls into 1C:Enterprise over its HTTP services. Read `plugin.ts` first: the table of contents; then `client.ts`.
 */
export { plugin } from './plugin.js';
