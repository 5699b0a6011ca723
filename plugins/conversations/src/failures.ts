import { CAPABILITIES, fail, failures } from '@sluice/plugin-api';

/** Reasons for refusing a request. Nothing has changed then. */
export const conversationsFail = failures({
  CONVERSATIONS_GATEWAY: {
    fate: 'fatal',
    cure: `${CAPABILITIES.desktops.cure}, or correct the option gateway of the conversations`,
  },
  CONVERSATIONS_MISSING: {
    fate: 'rejected',
    cure: 'check the id: the object does not exist, or you are not a member of its discussion',
  },
  CONVERSATIONS_LOCKED: { fate: 'rejected', cure: 'ask the operator to unlock the person, the application or the subscriber' },
  CONVERSATIONS_FORBIDDEN: { fate: 'rejected', cure: 'ask an owner of the discussion' },
  CONVERSATIONS_VERSION: { fate: 'rejected', cure: 'read the message again and repeat the change with its version' },
  CONVERSATIONS_ARCHIVED: { fate: 'rejected', cure: 'ask an owner to open the discussion again, or use another one' },
  CONVERSATIONS_DELETED: { fate: 'rejected', cure: 'post another message' },
  CONVERSATIONS_LIMIT: { fate: 'rejected', cure: 'send less, or ask the operator for a higher limit' },
  CONVERSATIONS_RATE: {
    fate: 'overload',
    cure: 'repeat the request with the same clientId after Retry-After, or ask the operator to raise limits of the connection',
  },
  CONVERSATIONS_REGISTRATION: { fate: 'rejected', cure: 'request a new code, or ask the operator to register the application' },
  CONVERSATIONS_MAIL: {
    fate: 'unavailable',
    cure: 'check registration.smtp of the connection and the mail server, then repeat the request',
  },
  CONVERSATIONS_LETTERS: {
    fate: 'fatal',
    cure: "create the database with a UTF-8 locale, such as `create database sluice template template0 encoding 'UTF8' locale 'C.UTF-8'` (or ru_RU.UTF-8), and restore the data into it",
  },
  CONVERSATIONS_TRIGRAMS: {
    fate: 'fatal',
    cure: 'as a superuser run `create extension pg_trgm schema public` in the database (package postgresql-contrib), then `POST /api/conversations/<connection>/reindex` with a token of the scope admin',
  },
  CONVERSATIONS_INVALID: { fate: 'rejected', cure: 'correct the data' },
});

/**
 * The error of an action that was aborted. The database continues and may succeed, which is harmless because every action can be repeated.
 */
export const databaseLate = () => fail.TIMED_OUT('the action was aborted before the database answered');
