import { describe, expect, it } from '@jest/globals';
import { onFreePorts } from './on-free-ports.js';

/** A server that does not start the given number of times. */
function failing(times: number, message: string) {
  const tried: number[] = [];
  const start = ([port = 0]: readonly number[]) => {
    tried.push(port);
    return tried.length > times ? Promise.resolve(port) : Promise.reject(new Error(message));
  };
  return { tried, start };
}

describe('onFreePorts', () => {
  it.each(['Failed listening on port 20000: Address already in use', 'dist_port_already_used,31884'])(
    'tries other ports after "%s"',
    async (message) => {
      const { tried, start } = failing(2, message);
      expect(await onFreePorts(1, start)).toBe(tried[2]);
      expect(tried).toHaveLength(3);
    },
  );

  it('rejects after three starts, and at once after another error', async () => {
    const busy = failing(3, 'in use');
    await expect(onFreePorts(1, busy.start)).rejects.toThrow('in use');
    expect(busy.tried).toHaveLength(3);
    const broken = failing(1, 'no such program');
    await expect(onFreePorts(1, broken.start)).rejects.toThrow('no such program');
    expect(broken.tried).toHaveLength(1);
  });
});
