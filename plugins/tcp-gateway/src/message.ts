import { trigger } from '@sluice/plugin-api';
import { z } from 'zod';
import { aborted } from '@sluice/runtime';
import type { Gateway } from './gateway.js';

export const message = trigger({
  title: 'A desktop client calls this flow: SEND to /flows/<flow>',
  options: z.strictObject({}),
  output: z.unknown(),
  async subscribe(gateway: Gateway, _options, accept, signal, flow) {
    gateway.flows.set(flow, accept);
    await aborted(signal);
    // a newer subscription of this flow may have replaced this one
    if (gateway.flows.get(flow) === accept) gateway.flows.delete(flow);
  },
});
