import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { HopMetrics } from './hop-metrics.js';

describe('HopMetrics', () => {
  it('returns a histogram of hops and a counter of runs by flow and outcome', async () => {
    const registry = new Registry();
    const metrics = new HopMetrics(registry, [0.01, 0.1]);
    metrics.hop('orders', 0.004, 'done');
    metrics.hop('orders', 0.01, undefined);
    metrics.hop('orders', 0.05, 'done');
    metrics.hop('orders', 7, 'parked');
    metrics.hop('calls', 0, 'stopped');
    expect((await registry.metrics()).trim().split('\n')).toEqual([
      '# HELP sluice_runs_total Runs that ended, by outcome',
      '# TYPE sluice_runs_total counter',
      'sluice_runs_total{flow="orders",outcome="done"} 2',
      'sluice_runs_total{flow="orders",outcome="parked"} 1',
      'sluice_runs_total{flow="calls",outcome="stopped"} 1',
      '',
      '# HELP sluice_hop_seconds From taking a message of a flow to its acknowledgement',
      '# TYPE sluice_hop_seconds histogram',
      'sluice_hop_seconds_bucket{flow="orders",le="0.01"} 2',
      'sluice_hop_seconds_bucket{flow="orders",le="0.1"} 3',
      'sluice_hop_seconds_bucket{flow="orders",le="+Inf"} 4',
      'sluice_hop_seconds_sum{flow="orders"} 7.064',
      'sluice_hop_seconds_count{flow="orders"} 4',
      'sluice_hop_seconds_bucket{flow="calls",le="0.01"} 1',
      'sluice_hop_seconds_bucket{flow="calls",le="0.1"} 1',
      'sluice_hop_seconds_bucket{flow="calls",le="+Inf"} 1',
      'sluice_hop_seconds_sum{flow="calls"} 0',
      'sluice_hop_seconds_count{flow="calls"} 1',
    ]);
  });

  it('continues to count after a scrape', async () => {
    const registry = new Registry();
    const metrics = new HopMetrics(registry, [1]);
    metrics.hop('orders', 0, 'done');
    await registry.metrics();
    metrics.hop('orders', 0, 'done');
    expect(await registry.metrics()).toContain('sluice_runs_total{flow="orders",outcome="done"} 2');
  });
});
