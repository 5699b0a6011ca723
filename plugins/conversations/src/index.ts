/**
 * Discussions and messages of people, applications and bots: the job of 1C's Interaction System, over the gateway and PostgreSQL. Read
 * `plugin.ts` first, then `contract.ts` (the shapes of the API) and `database/discussions.sql.ts` (why the log of a discussion is the record).
 */
export { plugin } from './plugin.js';
