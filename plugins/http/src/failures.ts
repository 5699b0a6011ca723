import { failures } from '@sluice/plugin-api';

/** What a web service says beyond the shared codes. */
export const http = failures({
  HTTP_SIGNATURE: { fate: 'rejected', cure: 'sign the body, with the time where it is asked for, with the shared secret' },
  HTTP_ID: { fate: 'rejected', cure: 'send a shorter id' },
  HTTP_CUT_OFF: { fate: 'retry', cure: 'look in the log of the other side why it cut the connection' },
  HTTP_SERVER_ERROR: { fate: 'retry', cure: 'look in the log of the other side' },
  HTTP_MOVED: { fate: 'fatal', cure: 'write the address that it has moved to: redirects are not followed' },
});
