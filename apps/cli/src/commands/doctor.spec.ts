import { describe, expect, it } from '@jest/globals';
import { ADMIN_ROUTES, type AdminClient } from '@sluice/admin-contract';
import { pruneQueues } from './doctor.js';

describe('sluice doctor --prune', () => {
  it('deletes more queues than one request may name', async () => {
    const queues = Array.from({ length: 1_001 }, (_, n) => `flow.removed-${n}`);
    const requests: (readonly string[])[] = [];
    const admin = {
      doctor: async () => queues.map((queue) => ({ what: `queue ${queue}`, ok: false })),
      prune: async (request: { readonly queues: readonly string[] }) => {
        expect(ADMIN_ROUTES.prune.request.safeParse(request).success).toBe(true);
        requests.push(request.queues);
        return {};
      },
    } as unknown as AdminClient;
    await pruneQueues(admin);
    expect(requests.flat()).toEqual(queues);
  });
});
