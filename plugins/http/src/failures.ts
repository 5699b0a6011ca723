import { failures } from '@sluice/plugin-api';

/** Errors of HTTP beyond the shared codes. */
export const http = failures({
  HTTP_SIGNATURE: {
    fate: 'rejected',
    cure: 'sign the body with the shared secret, and with the time where `timestamp` is configured; with `sharedSecret` send it in its header',
  },
  HTTP_ID: { fate: 'rejected', cure: 'send a shorter id' },
  HTTP_CUT_OFF: { fate: 'retry', cure: 'look in the log of the web service why it cut the connection' },
  HTTP_SERVER_ERROR: { fate: 'retry', cure: 'look in the log of the web service' },
  HTTP_MOVED: { fate: 'fatal', cure: 'configure the new address of the service: redirects are not followed' },
});
