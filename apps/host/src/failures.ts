import { PACER_CODES } from '@sluice/pacer/failures';
import { failures } from '@sluice/plugin-api';

export { PACER_CODES };

/** Error codes of HTTP answers; flows never get them. */
export const HOST_CODES = {
  TOKEN_MISSING: { fate: 'rejected', cure: 'send the header Authorization: Bearer TOKEN; `npx sluice token --sub me` makes one' },
  TOKEN_INVALID: {
    fate: 'rejected',
    cure: 'send another token: `npx sluice token --sub me` makes one; one of your own issuer needs its name in `kid`, HS256 and an `exp`',
  },
  FORBIDDEN: { fate: 'rejected', cure: 'ask for a token with the scope, from an issuer that may grant it' },
  NO_ROUTE: { fate: 'fatal', cure: 'look at the paths of the http.endpoint triggers in flows/' },
  METHOD_NOT_ALLOWED: { fate: 'fatal', cure: 'use the method of the http.endpoint trigger' },
  TOO_MANY_BODIES: {
    fate: 'overload',
    cure: 'send the request again after `retry-after`, and fewer large ones at the same time',
  },
  HEADERS_TOO_LARGE: { fate: 'rejected', cure: 'send at most 16 KiB of headers, with the path and the query' },
  REQUEST_LATE: { fate: 'unavailable', cure: 'send the whole request within the time that the guide to operations lists' },
  REQUEST_UNREADABLE: { fate: 'rejected', cure: 'send HTTP/1.1, and TLS only to a port that expects it' },
  NO_RUN: {
    fate: 'rejected',
    cure: 'list runs with `npx sluice runs`, and check the id; settings.retention.journal limits how long runs are known',
  },
  NOT_RECORDED: {
    fate: 'rejected',
    cure: 'write `journal: full` into the flow, reload it, and use a run that begins after that; settings.retention.steps limits how long records are kept',
  },
  NO_ISSUER: { fate: 'rejected', cure: 'name an issuer of sluice.yaml, or operator' },
  REPLY_INVALID: { fate: 'rejected', cure: 'encode the value of the header in the `reply` step: ASCII letters, no line breaks' },
  WORKSPACE_INVALID: {
    fate: 'rejected',
    cure: 'correct the files (`npx sluice lint` shows the places) and reload again; until then the host runs the files that it has',
  },
  RESTART_NEEDED: { fate: 'rejected', cure: 'restart the host: a reload changes only flows, constants and connections' },
  STOPPING: { fate: 'unavailable', cure: 'send it again: another host, or this one after its start, takes it' },
} as const;

export const hostFail = failures(HOST_CODES);
