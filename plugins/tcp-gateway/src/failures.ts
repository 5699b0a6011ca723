import { failures } from '@sluice/plugin-api';

export { stompFail } from './server/failures.js';

/** Codes of the gateway beside those of the STOMP server. */
const GATEWAY_CODES = {
  GATEWAY_PORT: {
    fate: 'fatal',
    cure: 'stop what listens there, or give the connection another `port` (or set SLUICE_STOMP_PORT)',
  },
  GATEWAY_LOGIN: { fate: 'rejected', cure: 'send the user of the token as login, or leave the login out' },
  GATEWAY_NAME: {
    fate: 'rejected',
    cure: 'give users, workplaces, extensions and groups names of 1 to 200 characters, without control characters',
  },
  GATEWAY_WORKPLACE: {
    fate: 'rejected',
    cure: 'send a client-id that the claim workplaces of the token lists, or sign a token that lists it, within workplaces of its issuer in sluice.yaml',
  },
  GATEWAY_USER: { fate: 'rejected', cure: 'name the user in full, <issuer>/<sub>: several issuers may give the scope desktop' },
  GATEWAY_WAIT: {
    fate: 'rejected',
    cure: 'with waitFor: shown or reply give the step a timeout, keep the event, and send it to one user',
  },
  GATEWAY_FLOW: { fate: 'rejected', cure: 'call a flow with the trigger tcp-gateway.message, by its name' },
  GATEWAY_REQUEST: {
    fate: 'rejected',
    cure: 'correct the request: GET /mailbox/<user>?wait=25s, POST /mailbox/<user>/ack, GET /desktops?limit=100&after=<user>',
  },
  GATEWAY_TOKEN_REVOKED: { fate: 'rejected', cure: 'connect again with a token that was issued after the revocation' },
  GATEWAY_POLLS: {
    fate: 'overload',
    cure: 'ask again later: end a request, or wait for its answer, before the next one is sent',
  },
  GATEWAY_MAILBOX: { fate: 'rejected', cure: 'ask for the mailbox of the user of your token' },
} as const;

export const gatewayFail = failures(GATEWAY_CODES);
