import { trigger } from '@sluice/plugin-api';
import { z } from 'zod';
import type { Gateway } from './gateway.js';

export const message = trigger({
  title: 'A desktop client calls this flow: SEND to /flows/<flow>',
  options: z.strictObject({}),
  output: z.unknown(),
  async subscribe(gateway: Gateway, _options, accept, signal, flow) {
    gateway.flows.set(flow, accept);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    // the next subscription may have taken its place
    if (gateway.flows.get(flow) === accept) gateway.flows.delete(flow);
  },
});
