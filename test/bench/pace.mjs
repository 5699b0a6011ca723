// bench pace: how well the limit follows a 1C whose capacity changes, beside fixed limits and two published algorithms. Runs on a virtual
// clock with the host's own classes. A call above the capacity is refused, and latencies vary as those of a database do.
import { median, record } from './lib/frame.mjs';
import { RivalPace, runLoad, SluicePace } from './lib/paced-load.mjs';
import { FixedLimit, GradientLimit, VectorLimit } from './rivals/limiters.mjs';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const MAX = 16;
const START = 2;
const REFUSAL_MS = 2;

/** Returns a log-normal factor around one, with a coefficient of variation of about one half. */
function scatter(random) {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.exp(0.5 * normal - 0.125);
}

/** A remote system that accepts `capacity(now)` calls at once, `ms` each. */
const refusing = (capacity, ms) => (now, inFlight, random) =>
  inFlight >= capacity(now) ? { result: 'overload', ms: REFUSAL_MS } : { result: 'ok', ms: ms * scatter(random) };

/** A remote system that refuses no call; a call takes `ms(calls at once, now)`. */
const queueing = (ms) => (now, inFlight, random) => ({ result: 'ok', ms: ms(inFlight + 1, now) * scatter(random) });

/** `ideal`: answered calls per second with the best limit. Each phase begins with a change of the capacity. */
const SCENARIOS = [
  {
    name: 'capacity 10, 3, 12 (40 s each, 200 ms)',
    latencyTargetMs: 1_000,
    phases: [10, 3, 12].map((capacity) => ({ ms: 40 * SECOND, ideal: capacity / 0.2 })),
    remote: refusing((now) => (now < 40 * SECOND ? 10 : now < 80 * SECOND ? 3 : 12), 200),
  },
  {
    name: 'capacity 10 for ten minutes',
    latencyTargetMs: 1_000,
    phases: [{ ms: 10 * MINUTE, ideal: 10 / 0.2 }],
    remote: refusing(() => 10, 200),
  },
  {
    name: 'latency 20 + 2n² ms for two minutes',
    latencyTargetMs: 200,
    phases: [{ ms: 2 * MINUTE, ideal: 3 / 0.038 }],
    remote: queueing((calls) => 20 + 2 * calls * calls),
  },
  {
    name: 'a slow quarter of an hour (8 × slower, 4 instead of 10 workers)',
    latencyTargetMs: 1_000,
    phases: [
      { ms: 5 * MINUTE, ideal: 10 / 0.05 },
      { ms: 15 * MINUTE, ideal: 4 / 0.4 },
      { ms: 5 * MINUTE, ideal: 10 / 0.05 },
    ],
    remote: queueing((calls, now) =>
      now > 5 * MINUTE && now <= 20 * MINUTE ? 400 * Math.max(1, calls / 4) : 50 * Math.max(1, calls / 10),
    ),
  },
];

const LIMITERS = {
  sluice: ({ latencyTargetMs }) => new SluicePace({ start: START, max: MAX, latencyTargetMs }),
  'fixed 10': () => new RivalPace(new FixedLimit(10)),
  'fixed 16': () => new RivalPace(new FixedLimit(MAX)),
  vector: () => new RivalPace(new VectorLimit(MAX)),
  netflix: () => new RivalPace(new GradientLimit(START, MAX)),
};

const rounds = SCENARIOS.flatMap((scenario) =>
  Object.entries(LIMITERS).map(([limiter, make]) => ({ scenario: scenario.name, limiter, ...measure(scenario, make(scenario)) })),
);
const worst = Math.min(...rounds.filter(({ limiter }) => limiter === 'sluice').map(({ ofIdeal }) => ofIdeal));
record(
  'pace',
  { conditions: 'virtual clock', rounds },
  `at least ${worst.toFixed(2)} of the ideal throughput in ${SCENARIOS.length} scenarios`,
);

/** Returns the share of the ideal throughput, in total and per phase, and the refusals and the median latency per phase. */
function measure({ phases, remote }, pace) {
  const durationMs = phases.reduce((sum, { ms }) => sum + ms, 0);
  const { done, refused } = runLoad(pace, remote, durationMs);
  let from = 0;
  const each = phases.map(({ ms, ideal }) => {
    const within = ({ at }) => at > from && at <= from + ms;
    const answered = done.filter(within);
    const phase = {
      ofIdeal: answered.length / ((ideal * ms) / SECOND),
      refused: refused.filter(within).length,
      latency: Math.round(median(answered.map((call) => call.ms))),
    };
    from += ms;
    return phase;
  });
  const ideal = phases.reduce((sum, phase) => sum + (phase.ideal * phase.ms) / SECOND, 0);
  return {
    ofIdeal: round(done.length / ideal),
    perPhase: each.map((phase) => round(phase.ofIdeal)).join(' '),
    refused: each.map((phase) => phase.refused).join(' '),
    medianMs: each.map((phase) => phase.latency).join(' '),
  };
}

function round(share) {
  return Math.round(share * 100) / 100;
}
